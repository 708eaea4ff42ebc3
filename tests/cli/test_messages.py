"""`messages` as it is used: what it refuses, and the same answers from any engine, with any number of workers."""

import gzip
from pathlib import Path

import pytest

from ses_cli.engine import is_built
from tests.conftest import Program

LOG = Path(__file__).parents[2] / "examples" / "callbacks.jsonl"
ENGINES = ["python", *(["native"] if is_built() else [])]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--older-than", "2h"], "--older-than does nothing without --pending"),
        (["--rules", "mine.toml"], "--rules does nothing without --email"),
        (["--by", "domain", "--by", "domain"], "--by domain is given twice"),
        (["--by", "hour"], '--by: expected one of domain, provider, from-domain and template, got "hour"'),
        (["--pending", "--impossible"], "--pending and --impossible are mutually exclusive"),
        (["--pending", "--by", "domain"], "--pending and --by are mutually exclusive"),
        (["--email", "a@b.c", "--by", "domain"], "--by does nothing with --email"),
        (["--message-id", "m", "--pending"], "--pending does nothing with --email"),
        (["--json", "--top", "3"], "--top does nothing with --format json"),
        (["--dedupe"], "no such option: --dedupe"),
        (["--event", "open"], "no such option: --event"),
        (["--older-than", "soon", "--pending"], "--older-than: expected a duration"),
    ],
)
def test_options_that_would_do_nothing_are_refused(run: Program, arguments: list[str], said: str) -> None:
    """Status 2, one line that says why, and nothing on standard output."""
    done = run("messages", *arguments, LOG)
    assert (done.status, done.out) == (2, b"")
    assert done.stderr.startswith(f"error: {said}"), done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--by", "provider", "--by", "template"],
        ["-f", "ndjson"],
        ["--impossible"],
        ["--email", "david.lantern00106@qq.com", "--json"],
    ],
)
def test_answers_do_not_depend_on_the_engine(run: Program, arguments: list[str]) -> None:
    """Engines, numbers of workers, a pipe and a compressed log: the same bytes."""
    (run.home / "log.jsonl.gz").write_bytes(gzip.compress(LOG.read_bytes()))
    (run.home / "log.jsonl").write_bytes(LOG.read_bytes())
    found = set()
    for engine in ENGINES:
        for more in (["-j", "1"], ["-j", "2"]):
            done = run("messages", *arguments, *more, "log.jsonl", env={"SES_EVENTS_ENGINE": engine})
            assert (done.status, done.stderr) == (0, "")
            found.add(done.out)
        found.add(run("messages", *arguments, "log.jsonl.gz").out.replace(b"log.jsonl.gz", b"log.jsonl"))
        found.add(run("messages", *arguments, "-", stdin=LOG.read_bytes()).out.replace(b'"-"', b'"log.jsonl"'))
    assert len(found) == 1


@pytest.mark.parametrize("width", [80, 160])
def test_tables_fit_the_terminal(run: Program, width: int) -> None:
    """No line is wider than the terminal, whatever is shown."""
    for arguments in (
        [],
        ["--impossible"],
        ["--pending"],
        ["--email", "david.lantern00106@qq.com"],
        ["--by", "template"],
    ):
        done = run("messages", *arguments, LOG, env={"COLUMNS": str(width)})
        assert max(map(len, done.stdout.splitlines())) <= width, (arguments, done.stdout)
