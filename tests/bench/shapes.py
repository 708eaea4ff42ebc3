"""Logs of odd shapes against a clean one: records a second of CPU time, as a ratio, in one run.

    SES_EVENTS_ENGINE=python python -m tests.bench.shapes

CPU time and not seconds, and the clean log in turn with each other one, so that what else the machine does hardly
matters. The program is imported once, and each run is a fork, less what an empty log takes: so that small logs do,
and all shapes take a minute. What is written is text: a JSON document with a row for each of as many domains as there
are records takes longer to write than the log to read.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ses_cli.cli.main import cli
from ses_cli.engine import describe_engine

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
    parser.add_argument("--records", type=int, default=20_000)
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
        _write(clean, records, "clean")
        command = options.command.split()
        _run(command, clean)  # what is imported late
        print(f"`{options.command}`, {options.records:,} records, {describe_engine()}\n")
        print("| shape | us of CPU a record | rate to clean |\n|---|---:|---:|")
        for name in options.only or SHAPES:
            _write(log, records[:100], name)
            _run(command, log)  # what is imported for such lines alone
            _write(log, records, name)
            turns = [[_cpu(command, each) for each in (empty, clean, log)] for _ in range(options.rounds)]
            start, base, spent = map(min, zip(*turns, strict=True))
            a_record = (spent - start) / len(records) * 1e6
            print(f"| {name} | {a_record:.2f} | {(base - start) / (spent - start):.2f} |", flush=True)


def _write(log: Path, records: list[Record], name: str) -> None:
    shape = SHAPES[name]
    lines = (shape(record, n) + "\n" for n, record in enumerate(records))
    log.write_text("".join(lines), encoding="utf-8", newline="")


def _cpu(command: list[str], log: Path) -> float:
    """Seconds of CPU time of one run, in a process of its own."""
    child = os.fork()
    if not child:
        os._exit(_run(command, log))
    _, status, usage = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"{command} ended with status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def _run(command: list[str], log: Path) -> int:
    """The program's exit status. Nothing that it prints is seen."""
    outputs = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        sys.stdout = sys.stderr = nowhere
        try:
            status = cli.main([*command, str(log)], prog_name="ses-events", standalone_mode=False)
        finally:
            sys.stdout, sys.stderr = outputs
    return int(status or 0)


if __name__ == "__main__":
    main()
