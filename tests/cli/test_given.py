"""Options that would do nothing are refused, by name, before anything is read."""

import pytest

from tests.conftest import Program

REFUSED = [
    ("bounces --complaints", "--complaints does nothing without --export"),
    ("bounces --unsubscribes", "--unsubscribes does nothing without --export"),
    ("bounces --delivered-since", "--delivered-since does nothing without --export"),
    ("bounces --chunk 100", "--chunk does nothing without --export"),
    ("bounces --export plain --by domain", "--by does nothing with --export"),
    ("bounces --export plain -f csv", "--format does nothing with --export"),
    ("bounces --export plain --json", "--format does nothing with --export"),
    ("bounces --export plain --top 5", "--top does nothing with --export"),
    ("bounces --export plain --chunk 5", "--chunk does nothing with --export plain"),
    ("bounces --export aws-ses --expire 2999-01-01", "--expire does nothing with --export aws-ses"),
    ("bounces --export tencent --expire 2026-01-01", "--expire 2026-01-01 is in the past"),
    ("bounces --hard --soft", "--hard and --soft are mutually exclusive"),
    ("bounces --events --min-count 2", "--min-count does nothing with --events"),
    ("bounces --events --by reason", "--by does nothing with --events"),
    ("bounces --events --sort email", "--sort does nothing with --events"),
    ("bounces --events --top 5", "--top does nothing with --events"),
    ("bounces --events --export plain", "--export does nothing with --events"),
    ("bounces --explain 550 log.jsonl", "FILE does nothing with --explain"),
    ("bounces --explain 550 --since 7d", "--since does nothing with --explain"),
    ("bounces -f plain --by domain", "--by does nothing with --format plain"),
    ("bounces -f csv --top 5", "--top does nothing with --format csv"),
    ("bounces -f csv --by domain --by reason", "csv holds one table"),
    ("bounces --by domain --by domain", "--by domain is given twice"),
    ("summarize --by day --by day", "--by day is given twice"),
    ("summarize --json --top 5", "--top does nothing with --format json"),
    ("summarize --follow --json --jobs 2", "--jobs does nothing with --follow"),
    ("bounces --follow --json --fail-empty", "--fail-empty does nothing with --follow"),
    ("summarize --json --color", "--color does nothing with --format json"),
    ("summarize --excel", "--excel does nothing with --format table"),
    ("listen --port 0 --yes", "--yes does nothing without --forward-to"),
    ("validate --quiet -f csv", "--quiet does nothing with --format csv"),
    ("validate --tz UTC", "--tz does nothing without --since or --until"),
]


@pytest.mark.parametrize(("command", "message"), REFUSED, ids=[command for command, _ in REFUSED])
def test_what_would_do_nothing_is_refused(run: Program, command: str, message: str) -> None:
    """Status 2 and the reason, though there is no log at all."""
    done = run(*command.split())
    assert (done.status, done.stdout) == (2, "")
    assert message in done.stderr
