"""Commands that write files: each is the old one or the new one, whole, and new where the status says so."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults import judge
from tests.faults.running import Run
from tests.faults.scenario import callback

_COUNT = 40
_INVALID = b'{"event": "no such"}\n'
_OLD = b"old\n"
Whole = Callable[[Path, int], list[str]]
"""What is wrong with a new file. It has at least so many percent of what there was to write."""


@dataclass(frozen=True)
class Output:
    """Reads a log, and writes files."""

    name: str
    arguments: tuple[str, ...]  # {home} stands for the directory
    outputs: tuple[tuple[str, Whole], ...]
    statuses: tuple[int, ...] = (0,)
    replaces: bool = True  # old files lie there
    bound: tuple[str, ...] = ()  # the logs, by names that stand in another directory too

    def prepare(self, run: Run) -> None:
        """Logs, and old outputs."""
        lines = [callback(f"n{number}") + b"\n" for number in range(_COUNT)]
        (run.home / "log.jsonl").write_bytes(b"".join(lines[:20]) + _INVALID)
        (run.home / "more.jsonl").write_bytes(b"".join(lines[20:]))
        for name, _ in self.outputs if self.replaces else ():
            (run.home / name).write_bytes(_OLD)

    def _go(self, run: Run) -> None:
        given = [one.replace("{home}", str(run.home)) for one in self.arguments]
        run.go(*given, *(self.bound or (run.home / "log.jsonl", run.home / "more.jsonl")))

    def drive(self, run: Run) -> None:
        """Runs it."""
        self._go(run)

    def judge(self, run: Run, is_killed: bool) -> list[str]:
        """It ends well, and the files are old or new; new where it says that all went well."""
        ended = run.seen.runs[-1]
        wrong = judge.ended_well(ended, (*self.statuses, 3), is_killed)
        if not is_killed:
            wrong += judge.no_temporary_files(run.home)
        for name, whole in self.outputs:
            wrong += self._output(run.home / name, whole, ended.status in self.statuses)
        return wrong

    def again(self, run: Run, is_crash: bool = False) -> list[str]:
        """All of it works; a directory that is there is no place for a new one."""
        wrong: list[str] = []
        if is_crash:
            for name, whole in self.outputs:
                wrong += self._output(run.home / name, whole, False)
        if not self.replaces and any((run.home / name).exists() for name, _ in self.outputs):
            return wrong
        self._go(run)
        wrong += judge.ended_well(run.seen.runs[-1], self.statuses)
        for name, whole in self.outputs:
            wrong += self._output(run.home / name, whole, True)
        return wrong

    def _output(self, path: Path, whole: Whole, is_new: bool) -> list[str]:
        """Of logs that could not be read, which the status says, a new file has nothing."""
        old = _OLD if self.replaces else None
        if not is_new and (path.read_bytes() if path.is_file() else None) == old and not path.is_dir():
            return []
        if not path.exists():
            return [f"{path.name} is missing"]
        return [f"{path.name}: {one}" for one in whole(path, 100 if is_new else 0)]


def _counted(found: int, expected: int, least: int) -> list[str]:
    return [] if expected * least / 100 <= found <= expected else [f"{found} records, expected {expected}"]


def _counts(path: Path, least: int) -> list[str]:
    text = path.read_bytes()
    return judge.whole_json(text) or _counted(json.loads(text)["records"]["valid"], _COUNT, least)


def _rejects(path: Path, least: int) -> list[str]:
    text = path.read_bytes()
    return judge.whole_lines(text) + (_counted(text.count(b"\n"), 1, least))


def _csv(path: Path, least: int) -> list[str]:
    rows = list(csv.reader(io.StringIO(path.read_text())))
    return _counted(len(rows) - 1, _COUNT, least)


def _html(path: Path, _: int) -> list[str]:
    text = path.read_text()
    return [] if text.rstrip().endswith("</html>") and text.startswith("<!") else [f"not whole: {text[-60:]!r}"]


def _parquet(path: Path, least: int) -> list[str]:
    from pyarrow import parquet

    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    try:
        rows = sum(parquet.ParquetFile(file).metadata.num_rows for file in files)
    except Exception as error:  # pyarrow raises many kinds
        return [f"not whole: {error}"]
    return _counted(rows, _COUNT, least)


def _duckdb(path: Path, least: int) -> list[str]:
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as base:
            (rows,) = base.execute("SELECT count(*) FROM callbacks").fetchone() or (0,)
    except duckdb.Error as error:
        return [f"not whole: {error}"]
    return _counted(rows, _COUNT, least)


SUMMARY = Output(
    "output",
    ("summarize", "-o", "{home}/out.json", "--rejects", "{home}/rejects.ndjson", "-j", "1"),
    (("out.json", _counts), ("rejects.ndjson", _rejects)),
)
STATE = Output(
    "state",
    ("summarize", "--state", "{home}/kept", "-o", "{home}/out.json", "-j", "1"),
    (("out.json", _counts),),
)
CSV = Output("export-csv", ("export", "-o", "{home}/out.csv"), (("out.csv", _csv),))
PARQUET = Output("export-parquet", ("export", "-o", "{home}/out.parquet"), (("out.parquet", _parquet),))
PARTITIONS = Output(
    "export-partitions",
    ("export", "-f", "parquet", "--partition-by", "day", "-o", "{home}/out"),
    (("out", _parquet),),
    replaces=False,
)
DUCKDB = Output("export-duckdb", ("export", "-o", "{home}/out.duckdb"), (("out.duckdb", _duckdb),))
REPORT = Output("report", ("report", "-o", "{home}/out.html"), (("out.html", _html),))
