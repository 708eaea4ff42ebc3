"""What is said where nothing is left to report, and values that name nothing."""

import json

import pytest

from tests.conftest import Program
from tests.logs import log, record

LOG = log(record(), record(event="open", email="b@QQ.com"), record(templateId=7, email="c@163.com"))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--domain", "nope.com"], "--domain nope.com"),
        (["--domain", "nope.com,no.example", "--event", "dropped"], "--event dropped --domain nope.com,no.example"),
        (["--since", "2023-01-01", "--until", "2022-01-01"], "--since 2023-01-01 --until 2022-01-01"),
        (["--template", "99"], "--template 99"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.parametrize("command", ["summarize", "validate", "bounces", "replay"])
def test_nothing_selected_is_told(run: Program, command: str, arguments: list[str], why: str) -> None:
    """A note says that nothing was selected and by which options; the status is 0, with --fail-empty 1."""
    (run.home / "log.jsonl").write_bytes(LOG)
    more = ["--to", "http://127.0.0.1:9/", "--no-journal"] if command == "replay" else []
    for option, status in ((), 0), (("--fail-empty",), 1):
        done = run(command, *more, *arguments, *option, "log.jsonl")
        assert f"note: nothing selected: none of 3 valid callbacks matches {why}\n" in done.stderr
        assert done.status == status


@pytest.mark.parametrize("command", ["summarize", "validate", "bounces", "replay"])
def test_garbage_is_bad_news(run: Program, command: str) -> None:
    """A log without one valid line ends with status 1; an empty one with 0 and a note, with --fail-empty 1."""
    (run.home / "garbage").write_bytes(b"\x7fELF\n\x00\n")
    (run.home / "empty").write_bytes(b"")
    more = ["--to", "http://127.0.0.1:9/", "--no-journal"] if command == "replay" else []
    assert run(command, *more, "garbage").status == 1
    done = run(command, *more, "empty")
    assert (done.status, "note: the log is empty\n" in done.stderr) == (0, True)
    assert run(command, *more, "--fail-empty", "empty").status == 1


def test_a_log_that_cannot_be_read_is_not_called_empty(run: Program) -> None:
    """Compressed data that is cut off before its first line is an error, and no empty log."""
    (run.home / "cut.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03")
    done = run("summarize", "cut.gz")
    assert (done.status, "cut off" in done.stderr, "empty" in done.stderr) == (3, True, False)


@pytest.mark.parametrize(
    ("arguments", "counted"),
    [
        (["--domain", "qq.com,163.com"], 2),
        (["--domain", "qq.com, 163.com"], 2),
        (["--event", "open,bounce"], 3),
        (["--template", "7,123456"], 3),
        (["--template", "007"], 1),
        (["--email", "b@qq.com,c@163.com"], 2),
        (["--email", '"b,c"@qq.com'], 0),
    ],
)
def test_values_may_have_commas_between_them(run: Program, arguments: list[str], counted: int) -> None:
    """Several values of one option select what any of them names."""
    (run.home / "log.jsonl").write_bytes(LOG)
    found = json.loads(run("summarize", "--json", *arguments, "log.jsonl").out)
    assert found["records"]["counted"] == counted


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--template", "None"], '--template: expected a template number, got "None"'),
        (["--template", "7,x"], '--template: expected a template number, got "x"'),
        (["--domain", "qq.com,"], '--domain: expected a value, got "qq.com,"'),
        (["--domain", ""], '--domain: expected a value, got ""'),
        (["--event", "open,opened"], "--event: expected one of delivered, "),
    ],
)
def test_values_that_name_nothing_are_refused(run: Program, arguments: list[str], said: str) -> None:
    """A value that no callback can have is an error, not an empty report."""
    done = run("summarize", *arguments, "log.jsonl")
    assert done.status == 2
    assert done.stderr.startswith(f"error: {said}")
