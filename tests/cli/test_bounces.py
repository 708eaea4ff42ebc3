"""`ses-events bounces`, the real program."""

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Program
from tests.logs import log, record

EXAMPLES = Path(__file__).parents[2] / "examples"
DEAD = record(email="dead@a.example", timestamp=100)
BLAMED = record(email="blamed@b.example", timestamp=200, reason="550 5.7.1 SPF check failed")
BACK = record(email="back@a.example", timestamp=300)
DELIVERED = record(event="delivered", email="back@a.example", timestamp=400, reason="", bounceType="")
SOFT = record(email="soft@c.example", timestamp=500, bounceType="soft", reason="452 4.2.2 mailbox full")
SPAM = record(event="spamreport", email="cross@d.example", timestamp=600, reason="", bounceType="")
BYE = record(event="unsubscribe", email="bye@d.example", timestamp=700, reason="", bounceType="")
BLANK = record(email="", timestamp=800)
LOG = log(DEAD, BLAMED, BACK, DELIVERED, SOFT, SPAM, BYE, BLANK)


@pytest.fixture
def logged(run: Program) -> Program:
    """The program beside `log.jsonl`."""
    (run.home / "log.jsonl").write_bytes(LOG)
    return run


def test_hard_bounces_as_json(logged: Program) -> None:
    """The JSON document has the account, classes and actions that add up, and a row an address, newest first."""
    done = logged("bounces", "--hard", "--json", "log.jsonl")
    document = json.loads(done.out)
    assert done.status == 0
    assert document["schema"] == "ses-events/bounces@1"
    assert document["records"]["counted"] == 8
    assert [row["email"] for row in document["bounces"]] == ["", "back@a.example", "blamed@b.example", "dead@a.example"]
    assert [row["delivered_since"] for row in document["bounces"]] == [False, True, False, False]
    for groups in (document["classes"], document["actions"]):
        assert sum(group["addresses"] for group in groups.values()) == 4
        assert sum(group["bounces"] for group in groups.values()) == 4
    assert document["actions"]["fix-sender"] == {"addresses": 1, "bounces": 1}


def test_groups_by_provider(run: Program) -> None:
    """Domains of one mail provider are one group in both reports, those of none in the table are `other`."""
    emails = ("a@qq.com", "b@foxmail.com", "c@hotmail.co.uk", "d@x.example")
    (run.home / "log.jsonl").write_bytes(log(*[record(email=email) for email in emails]))
    expected = {"QQ": 2, "Microsoft": 1, "other": 1}
    bounces = json.loads(run("bounces", "--by", "provider", "--json", "log.jsonl").out)["providers"]
    assert {row["provider"]: row["addresses"] for row in bounces} == expected
    groups = json.loads(run("summarize", "--by", "provider", "--json", "log.jsonl").out)["groups"]
    assert {row["provider"]: row["bounce"] for row in groups} == expected
    assert "by recipient provider" in run("bounces", "--by", "provider", "log.jsonl").stdout


def test_both_spellings_count(logged: Program) -> None:
    """`soft` of 2021 is a soft bounce."""
    assert logged("bounces", "--soft", "-f", "plain", "log.jsonl").stdout == "soft@c.example\n"


def test_export_suppresses_only_what_is_dead(logged: Program) -> None:
    """An export has the addresses to suppress; what was delivered to since, or is blank, is left out and told of."""
    done = logged("bounces", "--export", "plain", "log.jsonl")
    assert done.stdout == "dead@a.example\n"
    assert "1 address exported" in done.stderr
    assert "1 left out: delivered to after the last hard bounce" in done.stderr
    assert "1 left out: has no address" in done.stderr
    assert "1 left out: to fix-sender rather than suppress" in done.stderr


def test_export_of_other_actions(logged: Program) -> None:
    """`--action` says otherwise."""
    assert logged("bounces", "--export", "plain", "--action", "fix-sender", "log.jsonl").stdout == "blamed@b.example\n"


def test_export_of_all_kinds(logged: Program) -> None:
    """Complaints, unsubscribes and addresses delivered to since are exported when asked for."""
    done = logged("bounces", "--export", "plain", "--complaints", "--unsubscribes", "--delivered-since", "log.jsonl")
    assert set(done.stdout.split()) == {"back@a.example", "dead@a.example", "cross@d.example", "bye@d.example"}


@pytest.mark.parametrize("target", ["listmonk", "plain", "aws-ses"])
def test_who_complained_and_unsubscribed_is_exported_once(run: Program, target: str) -> None:
    """A complaint is exported whether an unsubscribe of the same address came before it or after, and once."""
    bye, spam = (record(event=e, email="both@d.example", bounceType="") for e in ("unsubscribe", "spamreport"))
    (run.home / "1.jsonl").write_bytes(log(bye, spam))
    (run.home / "2.jsonl").write_bytes(log(spam, bye))
    options = ("--export", target, "--complaints", "--unsubscribes")
    first, second = (run("bounces", *options, f"{n}.jsonl") for n in (1, 2))
    assert first.stdout == second.stdout
    assert first.stdout.count("both@d.example") == 1
    assert "left out" not in first.stderr


@pytest.mark.parametrize(
    "selection",
    [["--event", "bounce"], ["--until", "350"], ["--bulk-id", "mine"], ["--template", "7"], ["--domain", "A.example"]],
    ids=lambda options: str(options[0]),
)
def test_no_filter_hides_a_delivery(run: Program, selection: list[str]) -> None:
    """An address that was delivered to after its hard bounce is not exported, whatever the selection leaves out."""
    mine = {"bulkId": "mine", "templateId": 7}
    bounces = [record(email=f"{name}@a.example", timestamp=100_000_300, **mine) for name in ("dead", "back")]
    delivered = record(event="delivered", email="back@a.example", timestamp=100_000_400, bounceType="", bulkId="other")
    (run.home / "log.jsonl").write_bytes(log(*bounces, delivered))
    selection = ["100000350" if option == "350" else option for option in selection]
    done = run("bounces", "--export", "plain", *selection, "log.jsonl")
    assert done.stdout == "dead@a.example\n"
    rows = json.loads(run("bounces", "--json", *selection, "log.jsonl").out)["bounces"]
    assert {row["email"]: row["delivered_since"] for row in rows} == {"dead@a.example": False, "back@a.example": True}


def test_times_are_those_of_the_zone(logged: Program) -> None:
    """`--tz` holds for every time that is shown and every time in data, each with its offset; data is in UTC else."""
    times = [line[:25] for line in logged("bounces", "--events", "--tz", "UTC+8", "log.jsonl").stdout.splitlines()]
    assert times[0] == "1970-01-01 08:01:40+08:00"
    options = ("bounces", "--events", "-f", "ndjson", "log.jsonl")
    assert json.loads(logged(*options).stdout.splitlines()[0])["time"] == "1970-01-01T00:01:40Z"
    assert json.loads(logged(*options, "--tz", "+08:00").stdout.splitlines()[0])["time"] == "1970-01-01T08:01:40+08:00"
    rows = json.loads(logged("bounces", "--json", "--tz", "+08:00", "log.jsonl").out)["bounces"]
    assert rows[-1]["first"] == rows[-1]["last"] == "1970-01-01T08:01:40+08:00"
    assert "1970-01-01 08:01:40+08:00" in logged("bounces", "--tz", "+8", "log.jsonl").stdout
    assert json.loads(logged("summarize", "--json", "--tz", "+08:00", "--by", "day", "log.jsonl").out)["tz"] == "+08:00"


def test_export_into_a_file(logged: Program) -> None:
    """`-o` writes the list, chunked and with an end, in the form of Tencent's API."""
    options = ("--export", "tencent", "--chunk", "1", "--expire", "2026-12-31", "--delivered-since", "-o", "list")
    assert logged("bounces", *options, "log.jsonl").status == 0
    bodies = [json.loads(line) for line in (logged.home / "list").read_text().splitlines()]
    assert bodies == [
        {"Emails": ["back@a.example"], "ExpireDate": "2026-12-31"},
        {"Emails": ["dead@a.example"], "ExpireDate": "2026-12-31"},
    ]


def test_no_more_in_a_file_than_the_target_takes(run: Program) -> None:
    """Beyond 100,000 addresses Amazon's list comes in several files, and standard output is refused."""
    many = b"".join(log(record(email=f"u{n}@a.example")) for n in range(100_001))
    (run.home / "many.jsonl").write_bytes(many)
    refused = run("bounces", "--export", "aws-ses", "many.jsonl")
    assert (refused.status, refused.out) == (2, b"")
    assert run("bounces", "--export", "aws-ses", "-o", "list.ndjson", "many.jsonl").status == 0
    assert len((run.home / "list-1.ndjson").read_text().splitlines()) == 100_000
    assert len((run.home / "list-2.ndjson").read_text().splitlines()) == 1


def test_every_bounce_as_it_comes(logged: Program) -> None:
    """`--events` has a row a bounce, in the order of the log."""
    rows = [json.loads(line) for line in logged("bounces", "--events", "-f", "ndjson", "log.jsonl").stdout.splitlines()]
    assert [row["email"] for row in rows] == [
        "dead@a.example",
        "blamed@b.example",
        "back@a.example",
        "soft@c.example",
        "",
    ]
    assert len(logged("bounces", "--events", "log.jsonl").stdout.splitlines()) == 5
    assert logged("bounces", "--events", "--json", "log.jsonl").status == 2


def test_explanation(run: Program) -> None:
    """`--explain` reads no log and names the verdict, the codes and the rules that matched."""
    done = run("bounces", "--explain", "551 5.1.1 recipient is not exist")
    assert done.status == 0
    for part in ("unknown-user", "suppress", "551, 5.1.1"):
        assert part in done.stdout
    found = json.loads(run("bounces", "--json", "--explain", "\x1b[31m550 5.7.1 SPF check failed").out)
    assert (found["class"], found["action"]) == ("authentication", "fix-sender")


def test_own_rules_come_first(logged: Program) -> None:
    """A rule of the user's own file decides before the built-in ones; a bad file is told before a log is read."""
    rule = '[[rule]]\nid = "mine"\npattern = "is not exist"\nclass = "policy"\nexample = "recipient is not exist"\n'
    (logged.home / "rules.toml").write_text(rule)
    found = json.loads(logged("bounces", "--json", "--rules", "rules.toml", "log.jsonl").out)
    assert {row["rule"] for row in found["bounces"] if row["email"] == "dead@a.example"} == {"mine"}
    (logged.home / "rules.toml").write_text(rule.replace("policy", "nonsense"))
    os.mkfifo(logged.home / "endless")  # a log that is never read to its end
    for command in ("bounces", "check", "report -o page.html"):
        bad = logged(*command.split(), "--rules", "rules.toml", "endless")
        assert bad.status == 2
        assert "rules.toml" in bad.stderr
        assert "nonsense" in bad.stderr


def test_jobs_change_nothing(run: Program) -> None:
    """The report is the same, byte for byte, whatever the jobs."""
    lines = (EXAMPLES / "callbacks.jsonl").read_bytes() * 120  # more than a span
    (run.home / "log.jsonl").write_bytes(lines)
    for form in ("json", "csv", "table"):
        outs = {run("bounces", "-f", form, "-j", jobs, "log.jsonl").out for jobs in ("1", "2", "3")}
        assert len(outs) == 1


def test_totals_agree_with_summarize(run: Program) -> None:
    """Hard and soft rows add up to what `summarize` counts."""
    log_path = EXAMPLES / "callbacks.jsonl"
    counted = json.loads(run("summarize", "--json", log_path).out)["events"]["bounce"]
    rows = json.loads(run("bounces", "--json", log_path).out)["bounces"]
    assert sum(row["count"] for row in rows) == counted


def test_every_format(logged: Program) -> None:
    """Each format prints, and says the same addresses."""
    for form in ("table", "json", "ndjson", "csv", "tsv", "markdown", "plain"):
        done = logged("bounces", "-f", form, "log.jsonl")
        assert done.status == 0
        assert "dead@a.example" in done.stdout
    for by in ("domain", "reason"):
        assert (
            f"by {'recipient domain' if by == 'domain' else 'reason'}"
            in logged("bounces", "--by", by, "log.jsonl").stdout
        )


def test_groups_in_data_formats(logged: Program) -> None:
    """`--by` groups the rows of data formats too, and JSON has the groups beside the addresses."""
    rows = [
        json.loads(line) for line in logged("bounces", "--by", "domain", "-f", "ndjson", "log.jsonl").out.splitlines()
    ]
    assert [(row["domain"], row["addresses"], row["suppress"]) for row in rows[:2]] == [("a.example", 2, 2), ("", 1, 1)]
    document = json.loads(logged("bounces", "--by", "domain", "--by", "reason", "--json", "log.jsonl").out)
    assert document["domains"] == rows
    for groups in (document["domains"], document["reasons"]):
        assert sum(group["addresses"] for group in groups) == len(document["bounces"])
        assert sum(group["bounces"] for group in groups) == sum(row["count"] for row in document["bounces"])


def test_alone_it_reads_the_log_that_is_kept(logged: Program) -> None:
    """`bounces --hard` alone works wherever a log is kept."""
    done = logged("bounces", "--hard", "-f", "plain", env={"SES_EVENTS_LOG": str(logged.home / "log.jsonl")})
    assert "dead@a.example" in done.stdout


def test_classes_and_actions_are_those_of_the_rules() -> None:
    """What the command line offers is what the rules know."""
    from ses_cli import suppression
    from ses_cli.cli.bounces import options as bounce_options
    from ses_cli.reasons import ACTIONS, CLASSES

    assert tuple(CLASSES) == bounce_options.CLASSES
    assert tuple(ACTIONS) == bounce_options.ACTIONS
    assert tuple(suppression.FORMATS) == bounce_options.EXPORTS
