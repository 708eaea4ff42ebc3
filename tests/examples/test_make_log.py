"""`examples/make_log.py` writes a realistic log, and the same one again."""

import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import orjson
import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "make_log.py"
EVENTS = {"delivered", "dropped", "bounce", "open", "click", "spamreport", "unsubscribe", "deferred"}
BULK = re.compile(r"qcloudses-30-251200670-date-(\d{14})-[A-Za-z0-9]{13}")
ORDER = [
    *(
        "event",
        "email",
        "link",
        "bulkId",
        "timestamp",
        "reason",
        "bounceType",
        "username",
        "from",
        "fromDomain",
    ),
    *("templateId", "useragent", "subject", "messageId", "eventid", "taskId", "sentTimestamp"),
    "X-Tencentcloudses-Cb-Campaign",
]


def make(*options: str) -> bytes:
    """What the script writes to standard output."""
    command = [sys.executable, str(SCRIPT), *options]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


@pytest.fixture(scope="module")
def log() -> bytes:
    """A log with the default shares."""
    return make("--records", "20000", "--seed", "3")


def test_same_seed_same_bytes(log: bytes) -> None:
    """The same options give the same bytes, another seed gives others."""
    assert make("--records", "20000", "--seed", "3") == log
    assert make("--records", "20000", "--seed", "4") != log


@pytest.mark.parametrize("records", [0, 1, 2, 57, 1000])
@pytest.mark.parametrize("options", [(), ("--broken", "0.2", "--duplicates", "0.3")])
def test_number_of_lines_is_exact(records: int, options: tuple[str, ...]) -> None:
    """As many lines are written as asked for, broken and repeated ones included."""
    lines = make("--records", str(records), *options).splitlines(keepends=True)
    assert len(lines) == records


def test_every_line_is_compact_json_with_documented_fields_in_order(log: bytes) -> None:
    """Every line is a compact JSON object whose keys stand in the order of the official samples."""
    for line in log.splitlines():
        record = orjson.loads(line)
        assert orjson.dumps(record) == line
        assert list(record) == [key for key in ORDER if key in record]
        assert {"event", "email", "bulkId", "timestamp"} <= record.keys()
        assert all(type(record[key]) is int for key in record.keys() & {"timestamp", "eventid", "taskId"})


def test_times_are_ordered(log: bytes) -> None:
    """A mail is sent at the time in its bulkId, on the clock of UTC+8, and its events come later."""
    for line in log.splitlines():
        record = orjson.loads(line)
        found = BULK.fullmatch(record["bulkId"])
        assert found
        sent = int(datetime.strptime(f"{found[1]}+0800", "%Y%m%d%H%M%S%z").timestamp())
        assert record.get("sentTimestamp", sent) == sent <= record["timestamp"]


def test_sending_fills_the_days_asked_for() -> None:
    """Mails are sent on every day from --start on, for --days, and on no other."""
    lines = make("--records", "5000", "--start", "2026-02-27", "--days", "3").splitlines()
    days = {orjson.loads(line)["bulkId"].split("-")[4][:8] for line in lines}
    assert days == {"20260227", "20260228", "20260301"}


def test_lines_come_in_about_the_order_of_their_times(log: bytes) -> None:
    """A record comes at most a few minutes after records of later events, and some do."""
    times = [orjson.loads(line)["timestamp"] for line in log.splitlines()]
    latest, lateness = 0, []
    for time in times:
        latest = max(latest, time)
        lateness.append(latest - time)
    assert 0 < max(lateness) < 300


def test_chains_are_plausible(log: bytes) -> None:
    """A mail ends in one of delivered, bounce and dropped, and is opened or reported only if delivered."""
    mails: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line in log.splitlines():
        record = orjson.loads(line)
        mails[record["bulkId"], record["email"]].append(record["event"])
    calls = Counter(bulk for bulk, _ in mails)
    assert 1 < max(calls.values()) <= 50
    # a mail whose chain the end of the log cuts short may be only deferred
    whole = [set(events) for events in mails.values() if set(events) != {"deferred"}]
    assert len(whole) >= len(mails) - 1
    assert all(len(events & {"delivered", "bounce", "dropped"}) == 1 for events in whole)
    assert not any(events & {"bounce", "dropped"} and events & {"open", "click"} for events in whole)


def test_shares_are_honoured() -> None:
    """The shares of the events come out as asked for, whatever they are."""
    wanted = {"delivered": 10, "open": 40, "click": 20, "deferred": 10, "bounce": 20}
    shares = [f"--share={event}={wanted.get(event, 0)}" for event in EVENTS]
    counts = Counter(orjson.loads(line)["event"] for line in make("--records=30000", *shares).splitlines())
    assert set(counts) == set(wanted)
    for event, weight in wanted.items():
        assert counts[event] / 300 == pytest.approx(weight, abs=1.5)


def test_everything_occurs(log: bytes) -> None:
    """All event types, both bounce types, three sender domains, a long tail of recipient domains occur."""
    records = [orjson.loads(line) for line in log.splitlines()]
    assert {record["event"] for record in records} == EVENTS
    assert {record["bounceType"] for record in records if record["event"] == "bounce"} == {
        "hard_bounce",
        "soft_bounce",
    }
    assert len({record["fromDomain"] for record in records}) == 3
    domains = Counter(record["email"].partition("@")[2] for record in records)
    assert domains.most_common(1)[0][0] == "qq.com"
    tail = {domain for domain in domains if domain.endswith(".example")}
    assert len(tail) > 200
    assert any(not domain.isascii() for domain in tail)
    assert any("taskId" in record for record in records)
    assert any(record.get("subject", "").startswith("=?UTF-8?B?") for record in records)
    assert any("X-Tencentcloudses-Cb-Campaign" in record for record in records)
    assert all(("link" in record) == (record["event"] == "click") for record in records)


@pytest.mark.parametrize(("legacy", "share"), [("0", 0.0), ("0.3", 0.3), ("1", 1.0)])
def test_legacy_is_the_share_of_the_2022_form(legacy: str, share: float) -> None:
    """The 2022 form has none of the fields that came after it."""
    lines = make("--records", "10000", "--legacy", legacy).splitlines()
    later = {"useragent", "subject", "messageId", "eventid", "taskId", "sentTimestamp"}
    old = [line for line in lines if not later & orjson.loads(line).keys()]
    assert len(old) / len(lines) == pytest.approx(share, abs=0.03)


def test_duplicates_are_byte_identical_and_later() -> None:
    """The share of lines that repeat an earlier one is as asked for."""
    lines = make("--records", "20000", "--duplicates", "0.1").splitlines()
    repeated = len(lines) - len(set(lines))
    assert repeated / len(lines) == pytest.approx(0.1, abs=0.01)


def test_broken_lines_replace_good_ones() -> None:
    """A log with broken lines is the same log, apart from those lines; the last one is cut off."""
    clean = make("--records", "3000").splitlines(keepends=True)
    broken = make("--records", "3000", "--broken", "0.05").splitlines(keepends=True)
    differing = [line for good, line in zip(clean, broken, strict=True) if good != line]
    assert len(differing) / 3000 == pytest.approx(0.05, abs=0.015)
    assert sum(len(line) > 1 << 20 for line in differing) == 1
    assert not broken[-1].endswith(b"\n")
    assert any(line.startswith(b"[") for line in differing)
    assert any(b"\xff" in line for line in differing)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--share", "opened=1"], "'opened' is none of"),
        (["--share", "open"], "--share"),
        ([f"--share={event}=0" for event in sorted(EVENTS)], "no event has any weight left"),
        (["--records", "-1"], "-1 is not from 0"),
        (["--records", "many"], "invalid whole number value: 'many'"),
        (["--broken", "nan"], "nan is not from 0 to 1"),
        (["--start", "yesterday"], "--start"),
        (["-o", "/no/such/directory/log.jsonl"], "No such file or directory"),
    ],
)
def test_wrong_options_are_told_without_a_traceback(options: list[str], message: str) -> None:
    """A mistake on the command line is said in a line."""
    run = subprocess.run(
        [sys.executable, str(SCRIPT), *options], check=False, capture_output=True, text=True, timeout=60
    )
    assert run.returncode in {2, 3}
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_a_closed_pipe_is_quiet() -> None:
    """A reader that stops early ends the script with status 0 and no message."""
    command = [sys.executable, str(SCRIPT), "--records", "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_planted_changes_are_there() -> None:
    """From the hour on a share of the mail that fits bounces for the reason of the class, and no other mail does."""
    plant = "domain=qq.com,template=100201,class=spam-content,since=2026-01-12T10,share=0.5"
    records = [orjson.loads(line) for line in make("--records", "20000", "--days", "8", "--plant", plant).splitlines()]
    planted = [record for record in records if "spam by content filtering" in record.get("reason", "")]
    fitting = [
        record
        for record in records
        if record["event"] in {"delivered", "bounce"} and record["email"].endswith("@qq.com")
        and record["templateId"] == 100201 and record["bulkId"].split("-")[4] >= "20260112100000"
    ]  # fmt: skip
    assert all(record in fitting for record in planted)
    assert 0.3 < len(planted) / len(fitting) < 0.7
    for wrong in ("class=none", "domain=qq.com", "class=spam-content,colour=red", "class=spam-content,share=2"):
        done = subprocess.run(
            [sys.executable, str(SCRIPT), "--plant", wrong], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "--plant" in done.stderr
