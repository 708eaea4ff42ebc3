"""Objects are read as files are, and whatever a store does, nothing is read that was not there."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses_cli.errors import SourceError
from ses_cli.reports.summary import Summary
from ses_cli.scan import Outcome, Task, scan
from ses_cli.sources import Source, find, read
from ses_cli.sources.objects import ranges, small
from tests.logs import log, record
from tests.objects.conftest import Store
from tests.objects.server import Answer, Fault, Request, Response
from tests.sources.test_reading import COMPRESS, DATA, SHARED, lines, whole

FEW = settings(SHARED, max_examples=25)


@pytest.fixture(autouse=True)
def _no_small_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects are read when they are read, not when they are found."""
    monkeypatch.setattr(small, "_MOST", 0)


def source(key: str) -> Source:
    (found,), errors = find([f"s3://logs/{key}"])
    assert not errors
    return found


def summary(of: Source, span_size: int = 16 << 10, jobs: int | None = None) -> Outcome[Summary]:
    task = Task(partial(Summary, (), None, 20, frozenset()))
    return scan([of], task, jobs, span_size)


LOG = b"".join(log(record(email=f"user{n}@example.com")) for n in range(500))


@FEW
@given(
    data=DATA, size=st.integers(1, 250), max_line=st.integers(1, 80), step=st.integers(1, 90), margin=st.integers(1, 40)
)
def test_cut_anywhere_the_lines_are_the_same(
    store: Store, data: bytes, size: int, max_line: int, step: int, margin: int
) -> None:
    """Spans of any size, asked for in ranges of any size, hold each line once, with number, offset and bytes."""
    store.put("log", b"\n" + data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "RANGE", step)
        patch.setattr(ranges, "_MARGIN", margin)
        assert lines(source("log"), size, max_line) == whole(b"\n" + data, max_line)


@pytest.mark.parametrize("codec", sorted(COMPRESS))
def test_a_compressed_object_is_streamed(store: Store, codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressed object is recognised by its content, and read in ranges."""
    monkeypatch.setattr(ranges, "RANGE", 4096)
    monkeypatch.setattr(ranges, "_MARGIN", 16)
    data = b"".join(log(record(email=f"{n * 7919}@example.com", bulkId=f"{n**7}")) for n in range(1000))
    store.put("log", COMPRESS[codec](data))
    found = source("log")
    assert found.codec == codec
    assert lines(found, 1, 1 << 20) == whole(data, 1 << 20)
    assert sum(request.range != (0, 4096) for request in store.server.seen) > 1


def test_no_more_is_asked_for_than_is_held(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges are asked for ahead of their turn, a few at a time."""
    monkeypatch.setattr(ranges, "RANGE", 1024)
    store.put("log", LOG)
    pieces = read_pieces(source("log"))
    next(pieces)
    store.server.seen.clear()
    next(pieces)
    assert len(store.server.seen) <= ranges.AHEAD


def read_pieces(of: Source):  # type: ignore[no-untyped-def]
    from ses_cli.sources import Span

    return read(Span(of), 1 << 20, 512)


# -- what a store may do -------------------------------------------------------------------------------


def first(n: int, make: Callable[[Request, Answer], Response]) -> Fault:
    """A fault of the first `n` answers that give bytes beyond the first ones."""
    left = [n]

    def fault(request: Request, answer: Answer) -> Response | None:
        if request.range in (None, (0, 4096), (0, small.SMALL)) or not left[0]:
            return None
        left[0] -= 1
        return make(request, answer)

    return fault


def busy(_request: Request, _answer: Answer) -> Response:
    return Response.error(503, "SlowDown")


def cut_off(request: Request, answer: Answer) -> Response:
    """Half of the body, and the connection is closed."""
    response = answer(request)
    response.cut = len(response.body) // 2
    return response


def shortened(request: Request, answer: Answer) -> Response:
    """Half of the body, of which the head says that it is all."""
    response = answer(request)
    response.body = response.body[: len(response.body) // 2]
    return response


def mistagged(request: Request, answer: Answer) -> Response:
    """Another version, though this one was asked for."""
    response = answer(request)
    response.headers["ETag"] = '"0123456789abcdef0123456789abcdef"'
    return response


@pytest.mark.parametrize("fault", [busy, cut_off, shortened])
def test_what_passes_costs_nothing(store: Store, fault: Callable[[Request, Answer], Response]) -> None:
    """A store that is busy, or gives less than it has, is asked again, and the report is that of the file."""
    store.put("a.jsonl", LOG)
    expected = summary(source("a.jsonl"))
    store.server.faults.append(first(2, fault))
    found = summary(source("a.jsonl"))
    assert not found.errors
    assert found.ledger == expected.ledger
    assert [*found.fold.data().rows] == [*expected.fold.data().rows]
    assert found.ledger.counted == 500


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (shortened, r"s3://logs/a.jsonl: [\d,]+ of [\d,]+ bytes came, again and again"),
        (mistagged, "s3://logs/a.jsonl: was replaced while it was read"),
        (lambda *_: Response.error(412, "PreconditionFailed"), "s3://logs/a.jsonl: was replaced while it was read"),
        (lambda *_: Response.error(404, "NoSuchKey"), "s3://logs/a.jsonl: was deleted while it was read"),
        (lambda *_: Response.error(400, "ExpiredToken"), "s3://logs/a.jsonl: the credentials have expired"),
    ],
)
def test_what_does_not_pass_is_an_error(
    store: Store, fault: Callable[[Request, Answer], Response], message: str
) -> None:
    """A range that stays short, another version, an object that is gone: an error, and no half of a line is counted."""
    store.put("a.jsonl", LOG)
    found = source("a.jsonl")
    store.server.faults.append(first(1000, fault))
    outcome = summary(found, len(LOG))
    (error,) = outcome.errors
    assert re.fullmatch(message, error.message)
    assert not outcome.ledger.problems
    assert outcome.ledger.counted < 500


def test_another_version_is_never_mixed_in(store: Store) -> None:
    """An object that is replaced while it is read is an error: what was counted is of the version that was found."""
    store.put("a.jsonl", LOG)
    found = source("a.jsonl")
    asked = []

    def replace(request: Request, _answer: Answer) -> None:
        asked.append(request)
        if len(asked) == 5:
            store.put("a.jsonl", LOG.replace(b'"bounce"', b'"spamed"'))

    store.server.faults.append(replace)
    outcome = summary(found, 4 << 10, jobs=1)
    assert [error.message for error in outcome.errors] == ["s3://logs/a.jsonl: was replaced while it was read"]
    assert 0 < outcome.ledger.counted == outcome.fold.events()["bounce"]


# what the store answers, what it means, and a word of the hint
TROUBLE = [
    (403, "AccessDenied", "access denied", "allowed"),
    (403, "InvalidAccessKeyId", "the store does not know this access key", "deleted"),
    (403, "SignatureDoesNotMatch", "the secret key does not fit the access key", "copy"),
    (403, "RequestTimeTooSkewed", "the clock of this machine and that of the store differ too much", "timedatectl"),
    (400, "ExpiredToken", "the credentials have expired", "new"),
    (403, "Unheard", "access denied", "allowed"),
    (400, "AuthorizationHeaderMalformed", "the bucket is in another region", "AWS_REGION=eu-west-1"),
    (301, "PermanentRedirect", "the bucket is in another region", "AWS_REGION"),
    (404, "NoSuchBucket", "no such bucket", "region"),
    (403, "InvalidObjectState", "archived: it must be restored before it can be read", "restore"),
    (409, "Unheard", "the store answered 409 Unheard", ""),
]


@pytest.mark.parametrize(("status", "code", "message", "hint"), TROUBLE)
def test_an_error_says_what_where_and_what_to_do(store: Store, status: int, code: str, message: str, hint: str) -> None:
    """What a store refuses is told in words, with the address and a hint, and nothing else of what it said."""
    more = "<Region>eu-west-1</Region>" if status == 400 else ""
    store.server.faults.append(lambda *_: Response.error(status, code, more))
    for address in ("s3://logs/a.jsonl", "s3://logs/"):
        _, (error,) = find([address])
        assert error.message == f"{address}: {message}"
        assert hint in (error.hint or "")
        assert "hush" not in f"{error.message}{error.hint}"


def test_a_store_that_cannot_be_reached_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, no such host, no TLS there: the error names the endpoint."""
    monkeypatch.setattr("ses_cli.sources.objects.stores._RETRIES", 0)
    endpoints = {
        "http://127.0.0.1:1": "connection refused",
        "http://nowhere.invalid": "no such host",
        store.server.url.replace("http", "https"): "no TLS is spoken there",
    }
    for endpoint, message in endpoints.items():
        _, (error,) = find(["s3://logs/a.jsonl"], endpoint=endpoint)
        assert (error.message, bool(error.hint)) == (f"s3://logs/a.jsonl: {endpoint}: {message}", True)


def test_a_server_that_gives_no_parts_is_told_of(store: Store) -> None:
    """A web server without ranges is an error with the way round it."""
    store.put("a.jsonl", LOG)
    store.server.faults.append(lambda request, answer: answer(Request(request.method, request.target)))
    _, (error,) = find([f"{store.server.url}/logs/a.jsonl"])
    assert "the server does not give parts of a file" in error.message
    assert "curl" in (error.hint or "")


def test_errors_are_raised_where_the_lines_are_read(store: Store) -> None:
    """Reading raises what went wrong after the lines that could be read."""
    store.put("a.jsonl", LOG)
    found = source("a.jsonl")
    del store.memory.objects["logs/a.jsonl"]
    with ThreadPoolExecutor(1) as pool, pytest.raises(SourceError, match="was deleted while it was read"):
        pool.submit(lambda: list(read_pieces(found))).result()
