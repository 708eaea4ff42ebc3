"""The journal file: repaired when torn, refused when of another replay, locked, and honest on a full disk."""

import resource
import signal
from pathlib import Path

import orjson
import pytest

from ses_cli.errors import SesEventsError, SourceError, TargetError, UsageError
from ses_cli.replay.engine import Policy
from ses_cli.replay.http.target import resolve_target
from ses_cli.replay.job import Attempt, Job
from ses_cli.replay.past import Source, load
from ses_cli.replay.resume import default_path, fingerprint, open_journal
from ses_cli.replay.states import State, States

from .logs import NAME, journal, lines, plan, replay, source
from .servers import OK, Request, serve

LANES = 7  # of the lines of these tests: each seventh line is of one message
URL = "http://user:pa55word@127.0.0.1:1/hook/AbCdEf0123456789AbCdEf?token=hush-hush"


def written(path: Path, raws: list[bytes]) -> None:
    """A journal with delivered, failed, retried and unknown lines, in turn."""
    opened = journal(path, URL, raws)
    for number, delivery in enumerate(plan(raws)):
        job = Job(delivery, number, opened.locate(delivery)[0], again=False)
        job.attempt = 1
        opened.intent(job)
        if number % 4 < 3:
            outcome = ("delivered", "failed", "retry")[number % 4]
            opened.outcome(job, outcome, Attempt(job, 200, "", 0.1))
    opened.close()


def states(path: Path) -> list[State]:
    """What the journal says of each line."""
    with path.open("rb") as file:
        past, _ = load(file.fileno(), str(path))
    return [past.states[0][line] for line in range(1, 9)]


WHOLE = [State.DELIVERED, State.FAILED, State.FAILED, State.UNKNOWN] * 2


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """Delivered, failed and unknown lines are told apart on loading."""
    written(tmp_path / "j", lines(8))
    assert states(tmp_path / "j") == WHOLE


def test_no_secret_and_no_address_is_in_it(tmp_path: Path) -> None:
    """Nothing of the URL's secrets, of bodies or addresses is in the file, and only its owner may read it."""
    written(tmp_path / "j", lines(8))
    text = (tmp_path / "j").read_text()
    for secret in ("pa55word", "hush", "AbCdEf0123456789", "@example.com", "bulkId"):
        assert secret not in text
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600
    assert all(isinstance(orjson.loads(line), dict) for line in text.splitlines())


def test_torn_at_every_byte(tmp_path: Path) -> None:
    """Cut after any byte, the journal opens, forgets at most the torn line, and takes lines again."""
    raws, path = lines(1), tmp_path / "j"
    written(path, raws)
    data = path.read_bytes()
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        journal(path, URL, raws).close()
        again = path.read_bytes()
        assert again.endswith(b"\n")
        whole = data[: data.rfind(b"\n", 0, cut) + 1]
        assert again.startswith(whole)
        for line in again.splitlines():
            orjson.loads(line)


@pytest.mark.parametrize("content", [b'{"event":"open"}\n', b"no journal", b"{}\n", b"\0" * 50, b"[1]\n"])
def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, content: bytes) -> None:
    """A file that is something else is refused, and not a byte of it changed."""
    path = tmp_path / "j"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="no journal"):
        journal(path, URL, lines(1))
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_told(tmp_path: Path) -> None:
    """A line that makes no sense, with lines after it, is no torn write: it is named."""
    path = tmp_path / "j"
    written(path, lines(8))
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*rows[:4], b"\0\0\0\n", *rows[5:]]))
    with pytest.raises(SourceError, match=":5: the journal is damaged"):
        journal(path, URL, lines(8))


def test_another_target_is_refused(tmp_path: Path) -> None:
    """A journal serves one target: another path, or another token only, is refused, without the token."""
    raws, path = lines(8), tmp_path / "j"
    written(path, raws)
    for url in (URL.replace("hush-hush", "other"), URL.replace("127.0.0.1:1", "127.0.0.1:2")):
        with pytest.raises(SourceError, match="another target") as caught:
            journal(path, url, raws)
        assert "hush" not in str(caught.value)
        assert "other" not in str(caught.value).replace("another", "").replace("other secrets", "")


def test_another_log_is_refused(tmp_path: Path) -> None:
    """A journal serves one log: told by its first line, by its name, or by a line that changed."""
    raws, path = lines(8), tmp_path / "j"
    written(path, raws)
    with pytest.raises(SourceError, match=r"first line of log\.jsonl"):
        journal(path, URL, lines(8, begin=5))
    with pytest.raises(SourceError, match="other logs"):
        open_journal(path, URL, "x", [Source("b.jsonl", "x")])
    with serve() as server:
        replay(raws, server.url, path=tmp_path / "k").run()
        with pytest.raises(SourceError, match=r"line 8 of log\.jsonl"):
            replay([*raws[:7], raws[0]], server.url, path=tmp_path / "k").run()


def test_the_directory_in_a_name_does_not_matter(tmp_path: Path) -> None:
    """The same log, named with another path to it, is the same log."""
    raws, path = lines(8), tmp_path / "j"
    written(path, raws)
    opened = open_journal(path, URL, "x", [Source("../logs/" + NAME, source(raws).first)])
    delivery = next(plan(raws))._replace(source="../logs/" + NAME)
    assert opened.locate(delivery)[1] is State.DELIVERED
    opened.close()


def test_two_logs_with_the_same_beginning_are_two(tmp_path: Path) -> None:
    """A copy in another directory has lines of its own, in whichever order the two are named."""
    raws, path = lines(8), tmp_path / "j"
    logs = [Source(f"{folder}/{NAME}", source(raws).first) for folder in "ab"]
    opened = open_journal(path, URL, "x", logs)
    delivery = next(plan(raws))._replace(source=logs[0].name)
    job = Job(delivery, 0, opened.locate(delivery)[0], again=False)
    opened.intent(job)
    opened.outcome(job, "delivered")
    opened.close()
    opened = open_journal(path, URL, "x", logs[::-1])
    states = [opened.locate(delivery._replace(source=log.name))[1] for log in logs]
    assert states == [State.DELIVERED, State.NEVER]
    opened.close()


def test_a_rotated_log_begins_anew(tmp_path: Path) -> None:
    """After a rotation the same name means another log, and the former one is still known."""
    old, new, path = lines(8), lines(8, begin=99), tmp_path / "j"
    written(path, old)
    opened = journal(path, URL, old)
    opened.begin(source(new))
    assert opened.locate(next(plan(new)))[1] is State.NEVER
    opened.resume(NAME, 0)
    assert opened.locate(next(plan(old)))[1] is State.DELIVERED
    opened.close()
    journal(path, URL, new).close()


def test_a_source_named_twice_is_refused(tmp_path: Path) -> None:
    """Two logs of one name could not be told apart."""
    with pytest.raises(UsageError, match="twice"):
        open_journal(tmp_path / "j", URL, "x", [source(lines(1))] * 2)


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    """The second run on a journal in use is refused by its name; after the first it is free."""
    raws, path = lines(8), tmp_path / "j"
    first = journal(path, URL, raws)
    with pytest.raises(SourceError, match="another run") as caught:
        journal(path, URL, raws)
    assert str(path) in str(caught.value)
    first.close()
    journal(path, URL, raws).close()


def test_a_full_disk_claims_nothing(tmp_path: Path) -> None:
    """When the journal cannot grow the run stops with an error; what is on disk holds."""
    raws, path = lines(400), tmp_path / "j"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with serve() as server:
        run = replay(raws, server.url, Policy(concurrency=4), path=path)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        try:
            with pytest.raises(TargetError, match="journal cannot be written"):
                run.run()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, before)
        claimed, sent = run.snapshot().delivered, len(server.requests)
        assert 0 < claimed <= sent < 400
        report = replay(raws, server.url, path=path).run()
        assert set(server.bodies()) == set(raws)
    assert report.skipped == claimed
    assert report.delivered == 400 - claimed
    assert sent - claimed <= report.resent <= 8


def test_an_intent_is_written_before_its_request_leaves(tmp_path: Path) -> None:
    """Whenever a request arrives, the journal has its intent already, and the outcome before it in its lane."""
    raws, path = lines(300), tmp_path / "j"
    early: list[str] = []

    def script(_number: int, request: Request) -> bytes:
        rows = [orjson.loads(row) for row in path.read_bytes().split(b"\n")[1:-1]]
        intents = [row["line"] for row in rows if "intent" in row and row["id"] == request.headers["webhook-id"]]
        delivered = {row["line"] for row in rows if row.get("outcome") == "delivered"}
        if not intents or (intents[0] > LANES and intents[0] - LANES not in delivered):
            early.append(request.headers["webhook-id"])
        return OK

    with serve(script) as server:
        report = replay(raws, server.url, Policy(concurrency=8), path=path).run()
    assert (report.delivered, early) == (300, [])


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """A journal that cannot be opened is an error that names it."""
    with pytest.raises(SesEventsError, match="nowhere"):
        journal(tmp_path / "nowhere" / "j", URL, lines(1))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://localhost/x?token=1", "a.jsonl.replay-localhost.jsonl"),
        ("https://u:p@h.example:8443/x", "a.jsonl.replay-h.example-8443.jsonl"),
        ("http://[::1]:8080/", "a.jsonl.replay-__1-8080.jsonl"),
    ],
)
def test_default_names(url: str, name: str) -> None:
    """The journal lies beside the log and is named after it and the host."""
    assert default_path("dir/a.jsonl", url) == Path("dir", name)


def test_states_are_compact() -> None:
    """States of a million lines take a quarter of a megabyte, and each is told apart."""
    kept = States()
    kept[1_000_000] = State.UNKNOWN
    kept[3], kept[4], kept[5] = State.DELIVERED, State.FAILED, State.UNKNOWN
    kept[4] = State.DELIVERED
    assert [kept[line] for line in (2, 3, 4, 5, 6)] == [0, 2, 2, 1, 0]
    assert list(kept.lines(State.UNKNOWN)) == [5, 1_000_000]
    assert len(kept._bits) < 260_000
    assert kept[1 << 40] is State.NEVER


def test_fingerprints_are_of_the_first_line() -> None:
    """The mark of a log is a hash of its first line, so it stays while the log grows."""
    assert fingerprint(b"a") != fingerprint(b"b")
    assert resolve_target("http://127.0.0.1", {}).masked == "http://127.0.0.1"
