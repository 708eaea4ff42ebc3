"""Logs of odd shapes against a clean one: records a second of CPU time, as a ratio, in one run.

    python -m tests.bench.shapes --records 100000

CPU time and not seconds, and the clean log in turn with each other one, so that what else the machine does hardly
matters; the start of the program is taken off. What is written is text: a JSON document with a row for each of as many
domains as there are records takes longer to write than the log to read.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
Record = dict[str, Any]
OLD = {"hard_bounce": "hard", "soft_bounce": "soft"}


def _changed(record: Record, **changes: object) -> str:
    return json.dumps({**record, **changes}, ensure_ascii=False, separators=(",", ":"))


def _old(record: Record) -> str:
    named = {"bulkid" if key == "bulkId" else key: value for key, value in record.items()}
    if "bounceType" in named:
        named["bounceType"] = OLD.get(named["bounceType"], named["bounceType"])
    return _changed(named)


def _shuffled(record: Record, n: int) -> str:
    items = list(record.items())
    random.Random(n).shuffle(items)
    return _changed(dict(items))


def _escaped(record: Record) -> str:
    return "{" + ",".join(f'"{key}":{_text(value)}' for key, value in record.items()) + "}"


def _text(value: object) -> str:
    if isinstance(value, str):
        return '"' + "".join(f"\\u{ord(c):04x}" for c in value if ord(c) < 65536) + '"'
    return json.dumps(value)


SHAPES: dict[str, Callable[[Record, int], str]] = {
    "clean": lambda record, _: _changed(record),
    "old spellings": lambda record, _: _old(record),
    "old and new in turn": lambda record, n: _old(record) if n % 2 else _changed(record),
    "custom keys, always new": lambda record, n: _changed(record, **{f"X-Tencentcloudses-Cb-{n}": "x"}),
    "unknown keys, always new": lambda record, n: _changed(record, **{f"new-{n}": n}),
    "twenty unknown keys": lambda record, n: _changed(record, **{f"extra{at}": n + at for at in range(20)}),
    "a byte order mark a line": lambda record, _: "\ufeff" + _changed(record),
    "quoted local parts": lambda record, _: _changed(record, email='"a@b"@' + record["email"].partition("@")[2]),
    "empty templateId": lambda record, _: _changed(record, templateId=""),
    "empty bulkId": lambda record, _: _changed(record, bulkId=""),
    "empty address": lambda record, _: _changed(record, email=""),
    "sentTimestamp 0": lambda record, _: _changed(record, sentTimestamp=0),
    "another eventid": lambda record, _: _changed(record, eventid=99),
    "a number beyond 64 bits": lambda record, _: _changed(record, big=2**70),
    "an object within": lambda record, _: _changed(record, more={"a": [1, {"b": "c"}]}),
    "null in optional fields": lambda record, _: _changed(record, link=None, taskId=None),
    "a doubled key": lambda record, _: '{"reason":"first",' + _changed(record)[1:],
    "keys in random order": _shuffled,
    "white space": lambda record, _: json.dumps(record, ensure_ascii=False, separators=(" , ", " : ")).join("  "),
    "everything escaped": lambda record, _: _escaped(record),
    "carriage returns": lambda record, _: _changed(record) + "\r",
    "backslashes": lambda record, _: _changed(record, reason='550 "C:\\mail\\" is full'),
    "reasons of 2 KB": lambda record, _: _changed(record, reason="550 5.1.1 user unknown " * 90),
    "every domain distinct": lambda record, n: _changed(record, email=f"a@mail-{n}.example"),
    "domains in Unicode": lambda record, n: _changed(record, email=f"a@例子{n % 500}.cn"),
    "one odd line in 16": lambda record, n: _changed(record, **({"odd": [1]} if n % 16 == 7 else {})),
    "every other line odd": lambda record, n: _changed(record, **({"odd": [1]} if n % 2 else {})),
    "one invalid line in ten": lambda record, n: _changed(record, **({"timestamp": "x"} if n % 10 == 3 else {})),
    "unknown event (invalid)": lambda record, _: _changed(record, event="delivery"),
    "several problems (invalid)": lambda record, _: _changed(record, event="x", email="x", timestamp="x", bulkId=None),
}


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=SHAPES, help="these shapes")
    parser.add_argument("--command", default="summarize -j 1", help="the command and its options")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log, clean, empty = (Path(folder) / f"{name}.jsonl" for name in ("log", "clean", "empty"))
        empty.touch()
        make = [sys.executable, str(ROOT / "examples" / "make_log.py"), "--seed", "1", "--legacy", "0"]
        made = subprocess.run([*make, "--records", str(options.records)], check=True, capture_output=True).stdout
        records = [json.loads(line) for line in made.splitlines()]
        clean.write_text("".join(_lines(records, SHAPES["clean"])), encoding="utf-8", newline="")
        command = [sys.executable, "-m", "ses_cli", *options.command.split()]
        print(f"`{options.command}`, {options.records:,} records\n")
        print("| shape | us of CPU a record | rate to clean |\n|---|---:|---:|")
        for name in options.only or SHAPES:
            log.write_text("".join(_lines(records, SHAPES[name])), encoding="utf-8", newline="")
            turns = [[_cpu(command, each) for each in (empty, clean, log)] for _ in range(options.rounds)]
            start, base, spent = map(min, zip(*turns, strict=True))
            a_record = (spent - start) / len(records) * 1e6
            print(f"| {name} | {a_record:.2f} | {(base - start) / (spent - start):.2f} |", flush=True)


def _lines(records: list[Record], shape: Callable[[Record, int], str]) -> Iterator[str]:
    for n, record in enumerate(records):
        yield shape(record, n) + "\n"


def _cpu(command: list[str], log: Path) -> float:
    """Seconds of CPU time, in user space, of one run."""
    process = subprocess.Popen([*command, str(log)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command} ended with status {process.returncode}")
    return usage.ru_utime


if __name__ == "__main__":
    main()
