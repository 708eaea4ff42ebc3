"""`summarize --follow` and `bounces --follow` while a log grows, is rotated and is truncated."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .running import Listener, Running, callback, run


class Log:
    """A log that is written to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log.jsonl"
        self.path.touch()
        self.written = 0

    def write(self, n: int = 1) -> None:
        """So many callbacks more."""
        lines = [callback(self.written + number) + b"\n" for number in range(n)]
        self.written += n
        self.add(b"".join(lines))

    def add(self, data: bytes) -> None:
        """Bytes more."""
        with self.path.open("ab") as file:
            file.write(data)


def documents(text: bytes) -> list[dict[str, Any]]:
    """The JSON documents that follow each other; one that is not whole yet is left out."""
    found, rest = [], text.decode().lstrip()
    while rest:
        try:
            document, end = json.JSONDecoder().raw_decode(rest)
        except ValueError:
            break
        found.append(document)
        rest = rest[end:].lstrip()
    return found


def counted(running: Running, n: int) -> dict[str, Any]:
    """The first document that counts so many lines."""
    while True:
        for document in documents(running.seen):
            assert document["records"]["lines"] <= n
            if document["records"]["lines"] == n:
                return document
        assert running.read()


def test_it_goes_through_rotation_and_truncation(tmp_path: Path) -> None:
    """Every line is counted once, in whichever file it stands, and half a line only when it is whole."""
    log = Log(tmp_path)
    log.write(3)
    with Running(tmp_path, "summarize", "-F", "--json", log.path, see="stdout") as running:
        counted(running, 3)
        half = callback(3)
        log.add(half[:20])
        log.written += 1
        log.path.rename(tmp_path / "log.jsonl.1")
        with (tmp_path / "log.jsonl.1").open("ab") as old:
            old.write(half[20:] + b"\n")
        log.write(2)
        counted(running, 6)
        os.truncate(log.path, 0)
        log.write(1)
        counted(running, 7)
        for _ in range(3):
            log.path.rename(tmp_path / f"log-20260101T00000{log.written % 10}Z.jsonl")
            log.write(1)
        document = counted(running, 10)
        assert running.stop(signal.SIGINT) == 130
    assert document["records"]["invalid"] == 0
    assert document["events"]["delivered"] == 10


def test_it_follows_a_listener(tmp_path: Path) -> None:
    """What `listen` acknowledges is counted once, through its rotations, without being told where the log is."""
    with Listener(tmp_path, "--rotate", "2K", "--compress", "gzip") as listener:
        with Running(tmp_path, "bounces", "-F", "--json", see="stdout") as running:
            counted(running, 0)
            bounces = [callback(n, event="bounce", bounceType="hard_bounce", reason="550 5.1.1 no") for n in range(60)]
            assert set(listener.post(*bounces)) == {200}
            document = counted(running, 60)
            assert running.stop() == 130
        assert listener.stop() == 0
    assert len(document["bounces"]) == 60


def test_half_a_line_is_no_error(tmp_path: Path) -> None:
    """A last line that is still being written is neither counted nor called invalid."""
    log = Log(tmp_path)
    log.write()
    log.add(b'{"event":"op')
    with Running(tmp_path, "summarize", "-F", "--json", log.path, see="stdout") as running:
        assert counted(running, 1)["records"]["invalid"] == 0
        log.add(b'en","email":"a@b.c","bulkId":"q","timestamp":1654064683}\n')
        assert counted(running, 2)["events"]["open"] == 1


def test_a_terminal_is_redrawn_in_place(tmp_path: Path) -> None:
    """Pictures overwrite each other within the screen, what happens stands above them, the last one is whole."""
    log = Log(tmp_path)
    log.write(30)
    with Running(tmp_path, "summarize", "-F", "--by", "sender", "--by", "bulk-id", log.path, see="terminal") as running:
        running.until(r"30 lines: 30 valid.*more lines")
        os.truncate(log.path, 0)
        log.write(1)
        running.until(r"log\.jsonl was truncated.*31 lines: 31 valid.*more lines")
        seen = len(running.seen)
        assert running.stop(signal.SIGINT) == 130
    text = running.seen.decode()
    ups = [int(n) for n in re.findall(r"\x1b\[(\d+)A", text)]
    assert ups
    assert max(ups) <= 23
    assert "\x1b[2J" not in text
    last = running.seen[seen:].decode()
    assert "more lines" not in last
    assert len(last.splitlines()) > 23


def test_invalid_lines_are_told_at_the_end(tmp_path: Path) -> None:
    """They are counted, explained when it ends, and kept where that was asked for."""
    log = Log(tmp_path)
    log.add(b"no json\n")
    rejects = tmp_path / "bad.ndjson"
    with Running(tmp_path, "summarize", "-F", "--json", "--rejects", rejects, log.path, see="terminal") as running:
        counted(running, 1)
        log.add(b"no json either\n")
        counted(running, 2)
        assert running.stop(signal.SIGINT) == 130
    assert "log.jsonl:2: error: expected one JSON document" in running.seen.decode()
    assert [json.loads(line)["raw"] for line in rejects.read_bytes().splitlines()] == ["no json", "no json either"]


def test_a_reader_that_leaves_ends_it(tmp_path: Path) -> None:
    """A closed pipe is no error."""
    log = Log(tmp_path)
    log.write()
    with Running(tmp_path, "summarize", "-F", "--json", log.path, see="stdout") as running:
        counted(running, 1)
        running.hang_up()
        log.write()
        assert running.process.wait(20) == 0


def compressed(folder: Path) -> None:
    """A compressed log."""
    (folder / "log.jsonl").write_bytes(b"\x1f\x8b\x08")


def other(folder: Path) -> None:
    """Another log."""
    (folder / "other.jsonl").write_bytes(callback(1) + b"\n")


@pytest.mark.parametrize(
    ("arguments", "make", "status", "said"),
    [
        (["summarize", "log.jsonl"], None, 2, "a table is redrawn on a terminal only\nhint: --json"),
        (["summarize", "-f", "csv", "log.jsonl"], None, 2, "csv cannot be redrawn"),
        (["summarize", "--json", "-o", "x", "log.jsonl"], None, 2, "cannot be combined with --output"),
        (["summarize", "--json", "log.jsonl", "other.jsonl"], other, 2, "takes one file"),
        (["summarize", "--json", "-"], None, 2, "- cannot be followed"),
        (["summarize", "--json", "log.jsonl"], compressed, 2, "log.jsonl cannot be followed"),
        (["summarize", "--json", "no.jsonl"], None, 3, "no.jsonl: no such file"),
        (["bounces", "--json", "--events", "log.jsonl"], None, 2, "cannot be combined with --events"),
        (["bounces", "--json", "--export", "plain", "log.jsonl"], None, 2, "cannot be combined with --export"),
    ],
)
def test_what_cannot_be_followed_is_said(
    tmp_path: Path, arguments: list[str], make: Callable[[Path], None] | None, status: int, said: str
) -> None:
    """A combination that makes no sense ends at once with a message."""
    Log(tmp_path)
    if make:
        make(tmp_path)
    got, out, text = run(tmp_path, *arguments, "--follow")
    assert (got, out) == (status, "")
    assert said in text
    assert "Traceback" not in text
