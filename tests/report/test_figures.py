"""The page is the same whatever the workers and the engine."""

import pytest

from tests.conftest import Program
from tests.logs import log, record


def test_the_page_is_the_same_with_any_engine_and_any_number_of_workers(run: Program) -> None:
    """Byte for byte: counts merge in order."""
    records = (
        record(
            event=("delivered", "bounce", "open", "deferred")[n % 4],
            bulkId=f"q-{n}",
            email=f"p{n}@{n % 7}.example",
            timestamp=1_700_000_000 + 977 * n,
            reason=f"550 5.1.{n % 3} <p{n}@{n % 7}.example> no such user",
            bounceType="hard_bounce" if n % 4 == 1 else None,
        )
        for n in range(12_000)
    )
    (run.home / "log").write_bytes(log(*records))
    pages = set()
    for engine, jobs in (("python", "3"), ("native", "1"), ("native", "3")):
        done = run("report", "-o", "page.html", "-j", jobs, "log", env={"SES_EVENTS_ENGINE": engine})
        assert done.status == 0, done.stderr
        pages.add((run.home / "page.html").read_bytes())
    assert len(pages) == 1


def test_problems_as_frequent_as_each_other_stand_in_one_order(run: Program) -> None:
    """Though engines meet them in different ones."""
    (run.home / "log").write_bytes(log(record(), record(event="bounced"), record(timestamp="1")) + b"{\n")
    pages = set()
    for engine in ("python", "native"):
        done = run("report", "-o", "page.html", "log", env={"SES_EVENTS_ENGINE": engine})
        assert done.status == 0, done.stderr
        pages.add((run.home / "page.html").read_bytes())
    assert len(pages) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [("log", "--output: missing"), ("-o log log", "-o log"), ("-o p.html --lang de log", "--lang: expected one of en")],
)
def test_what_makes_no_page_is_refused(run: Program, words: str, said: str) -> None:
    """A page needs a file that is no log, and a language that there is."""
    (run.home / "log").write_bytes(log(record()))
    done = run("report", *words.split())
    assert done.status == 2
    assert done.stderr.startswith(f"error: {said}")


def test_callbacks_of_distant_times_make_no_large_page(run: Program) -> None:
    """Of one of 2001 and one of the year 9999 only the days with something are on the page, and checked."""
    times = (1_000_000_000, 1_654_000_000, 253_402_300_799)
    (run.home / "log").write_bytes(log(*(record(bulkId=f"q-{time}", timestamp=time) for time in times)))
    done = run("report", "-o", "page.html", "log")
    assert done.status == 0, done.stderr
    assert (run.home / "page.html").stat().st_size < 2_000_000
    assert run("check", "log").status == 0
