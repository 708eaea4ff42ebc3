"""The example logs are what `examples/README.md` says they are."""

import shlex
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from ses_cli.batch import Checks, Piece
from ses_cli.engine import engine
from ses_cli.events import CUSTOM_PREFIX, ERRORS, EVENT_IDS, FIELDS, LEGACY_FIELDS, WARNINGS

EXAMPLES = Path(__file__).parents[2] / "examples"
EXPECTED = orjson.loads((EXAMPLES / "broken.expected.json").read_bytes())
LINES = (EXAMPLES / "broken.jsonl").read_bytes().split(b"\n")


def codes(number: int) -> list[str]:
    """What a line of broken.jsonl is expected to yield."""
    return [str(code) for code in EXPECTED["lines"][str(number)]]


def test_official_samples_are_compact_and_of_three_editions() -> None:
    """Each official sample has exactly the fields of its edition, in its order."""
    lines = (EXAMPLES / "official.jsonl").read_bytes().splitlines()
    records = [orjson.loads(line) for line in lines]
    of_2021 = ["event", "email", "bulkId", "timestamp", "reason", "bounceType"]
    of_2022 = [*of_2021, "username", "from", "fromDomain", "templateId"]
    of_2025 = [*of_2022, "subject", "messageId", "sentTimestamp", f"{CUSTOM_PREFIX}Custom"]
    assert [list(record) for record in records] == [of_2021, of_2022, of_2025]
    assert [orjson.dumps(record) for record in records] == lines
    assert records[2]["sentTimestamp"] > records[2]["timestamp"]  # so it is in the documentation


def test_callbacks_is_made_by_the_command_in_the_readme(tmp_path: Path) -> None:
    """The command in the README gives callbacks.jsonl byte for byte."""
    readme = (EXAMPLES / "README.md").read_text("utf-8")
    command = shlex.split(next(line for line in readme.splitlines() if line.endswith("-o examples/callbacks.jsonl")))
    made = tmp_path / "callbacks.jsonl"
    subprocess.run([sys.executable, *command[1:-1], str(made)], cwd=EXAMPLES.parent, check=True, timeout=60)
    assert made.read_bytes() == (EXAMPLES / "callbacks.jsonl").read_bytes()


def test_callbacks_is_clean() -> None:
    """callbacks.jsonl has 400 different records over five days, of documented fields and all event types."""
    lines = (EXAMPLES / "callbacks.jsonl").read_bytes().splitlines()
    records = [orjson.loads(line) for line in lines]
    assert len(records) == len(set(lines)) == 400
    for record in records:
        assert all(isinstance(record[key], FIELDS[key].type) for key in record.keys() & FIELDS.keys())
        assert all(key in FIELDS or key.startswith(CUSTOM_PREFIX) for key in record)
        assert record.get("eventid", EVENT_IDS[record["event"]]) == EVENT_IDS[record["event"]]
        assert record.get("sentTimestamp", 0) <= record["timestamp"]
        assert record["event"] != "bounce" or record["bounceType"] in {"hard_bounce", "soft_bounce"}
    assert {record["event"] for record in records} == EVENT_IDS.keys() - {"processed"}
    assert {record["bounceType"] for record in records if record["event"] == "bounce"} == {
        "hard_bounce",
        "soft_bounce",
    }
    assert len({record["fromDomain"] for record in records}) == 3
    assert len({record["email"].partition("@")[2] for record in records}) > 20
    assert len({record["bulkId"].split("-")[4][:8] for record in records}) == 5


def test_broken_is_made_by_its_script(tmp_path: Path) -> None:
    """make_broken.py gives broken.jsonl and broken.expected.json byte for byte."""
    subprocess.run([sys.executable, EXAMPLES / "make_broken.py", tmp_path], check=True, timeout=60)
    for name in ("broken.jsonl", "broken.expected.json"):
        assert (tmp_path / name).read_bytes() == (EXAMPLES / name).read_bytes()


def test_broken_shows_every_code() -> None:
    """Every error and every warning stands alone on a line at least once, and good lines stand between."""
    alone = {found[0] for found in EXPECTED["lines"].values() if len(found) == 1}
    assert alone == ERRORS.keys() | WARNINGS.keys()
    assert sum(not found for found in EXPECTED["lines"].values()) > 30
    assert len(EXPECTED["lines"]) == len(LINES)


def test_broken_lines_have_the_codes_expected() -> None:
    """Each line has the problems and warnings that are written beside it, each once or as often as it has them."""
    batch = engine(Checks(EXPECTED["max_line"], explain=True)).check(Piece("log", 0, b"\n".join(LINES)))
    found: dict[int, list[str]] = {number: [] for number in range(1, len(LINES) + 1)}
    for problem in [*(each for invalid in batch.invalid for each in invalid.problems), *batch.explained]:
        found[problem.line].append(problem.code)
    assert {number: sorted(each) for number, each in found.items()} == {number: codes(number) for number in found}


@pytest.mark.parametrize("number", range(1, len(LINES) + 1))
def test_broken_lines_are_unreadable_where_expected(number: int) -> None:
    """A line is decoded and parsed exactly where no error of reading is expected."""
    line, found = LINES[number - 1], codes(number)
    assert found == sorted(found)
    assert ("too-long" in found) == (len(line) > EXPECTED["max_line"])
    assert ("byte-order-mark" in found) == line.startswith(b"\xef\xbb\xbf")
    try:
        line.decode()
    except UnicodeDecodeError:
        assert found == ["not-utf8"]
        return
    text = line.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        assert found == []
        return
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        assert found == (["truncated"] if number == len(LINES) else ["not-json"])
        return
    assert (found == ["not-object"]) == (not isinstance(value, dict))
    if isinstance(value, dict):
        missing = [key for key, field in FIELDS.items() if field.required and absent(value, key)]
        assert found.count("missing-field") == len(missing)
        known = FIELDS.keys() | LEGACY_FIELDS.keys()
        unknown = [key for key in value if key not in known and not key.startswith(CUSTOM_PREFIX)]
        assert found.count("unknown-field") == len(unknown)


def absent(record: dict[str, object], key: str) -> bool:
    """Whether a record lacks a field under today's spelling and under the old one."""
    return record.get(key) is None and all(record.get(old) is None for old, new in LEGACY_FIELDS.items() if new == key)
