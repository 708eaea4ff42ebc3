"""Defaults of options from the settings file and the environment."""

import json

import pytest

from tests.conftest import Program
from tests.logs import log, record


@pytest.fixture
def settings(run: Program) -> Program:
    """The program with a settings file of the user's own, and a log with five domains."""
    folder = run.home / "config" / "ses-events"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[summarize]\ntop = 1\nevent = ["delivered", "open"]\ntz = "+08:00"\n')
    records = [
        record(email=f"a@{n}.example", event=event) for n in range(5) for event in ("delivered", "open", "click")
    ]
    (run.home / "log.jsonl").write_bytes(log(*records))
    return run


def test_the_settings_file_sets_defaults_of_a_command(settings: Program) -> None:
    """Options in a command's table hold where the command line does not name them, lists and zones too."""
    done = settings("summarize", "log.jsonl")
    assert "10 counted, 5 filtered" in done.stdout
    assert "4 more" in done.stdout
    assert "+08:00" in done.stdout
    assert "10 counted" not in settings("summarize", "--event", "click", "log.jsonl").stdout


def test_the_command_line_outranks_the_environment_which_outranks_the_file(settings: Program) -> None:
    """Of three places that set an option, the nearest counts."""
    assert "3 more" in settings("summarize", "log.jsonl", env={"SES_EVENTS_SUMMARIZE_TOP": "2"}).stdout
    assert "2 more" in settings("summarize", "--top", "3", "log.jsonl", env={"SES_EVENTS_SUMMARIZE_TOP": "2"}).stdout


def test_a_default_that_does_not_fit_a_call_is_no_error(settings: Program) -> None:
    """`--top` with `--json` is refused where it is given, and passed over where it is a default."""
    assert settings("summarize", "--json", "log.jsonl").status == 0
    assert settings("summarize", "--json", "--top", "2", "log.jsonl").status == 2


def test_config_shows_what_is_set_and_where(settings: Program) -> None:
    """`config` lists each option that is set with its value and its place; secrets in URLs are masked."""
    url = "http://user:pass@localhost/?token=t0ken"
    done = settings("config", "--json", env={"SES_EVENTS_TO": url, "SES_EVENTS_REPLAY_RATE": "5"})
    document = json.loads(done.stdout)
    assert document["schema"] == "ses-events/config@1"
    found = {(row["command"], row["option"]): (row["value"], row["source"]) for row in document["options"]}
    file = str(settings.home / "config" / "ses-events" / "config.toml")
    assert found == {
        ("summarize", "--top"): ("1", f"{file}: summarize.top"),
        ("summarize", "--event"): ("delivered, open", f"{file}: summarize.event"),
        ("summarize", "--tz"): ("+08:00", f"{file}: summarize.tz"),
        ("replay", "--to"): ("http://***@localhost/?token=***", "SES_EVENTS_TO"),
        ("trigger", "--to"): ("http://***@localhost/?token=***", "SES_EVENTS_TO"),
        ("replay", "--rate"): ("5", "SES_EVENTS_REPLAY_RATE"),
    }
    whole = settings("config", "replay", "--json")
    assert {row["source"] for row in json.loads(whole.stdout)["options"]} == {"default"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[summarize]\ntop = 0", 'c.toml: summarize.top: expected a whole number of 1 or more, or "all", got "0"'),
        ("[summarize]\ntopp = 1", "c.toml: summarize.topp: no such option"),
        ("[summarize]\nstrict = 1", "c.toml: summarize.strict: expected true or false"),
        ("[summarize]\ntop = [1, 2]", "c.toml: summarize.top: expected one value, not a list"),
        ("[summarise]", "c.toml: summarise: expected a command's table"),
        ("top = 1", "c.toml: top: expected a command's table"),
        ("[summarize", "c.toml: not TOML: "),
        ('[summarize]\nby = "dommain"', "c.toml: summarize.by: expected one of event, "),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(settings: Program, text: str, said: str) -> None:
    """The message names the file and the option; nothing is read."""
    (settings.home / "c.toml").write_text(text)
    done = settings("--config", "c.toml", "summarize", "log.jsonl")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {said}")


def test_secrets_are_not_taken_from_the_file(settings: Program) -> None:
    """A URL with a token, or a header, belongs elsewhere, and is not repeated in the message."""
    for text in ('to = "http://h/?token=t0ken"', 'header = ["Authorization: Bearer t0ken"]'):
        (settings.home / "c.toml").write_text(f"[replay]\n{text}\n")
        done = settings("--config", "c.toml", "replay", "--dry-run", "log.jsonl")
        assert done.status == 2
        assert "t0ken" not in done.stderr


def test_a_named_file_must_exist(settings: Program) -> None:
    """A settings file that is named and missing is an error; the user's own may be missing."""
    assert settings("--config", "none.toml", "summarize", "log.jsonl").status == 2
    (settings.home / "config" / "ses-events" / "config.toml").unlink()
    assert settings("summarize", "log.jsonl").status == 0
