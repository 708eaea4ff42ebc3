"""The live view on a real terminal: resizing, scrolling, job control, and a period that slides."""

import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.conftest import Program
from tests.logs import log, record

from .running import Running
from .terminal import Terminal

FOLLOW = ("summarize", "--follow", "--by", "bulk-id", "--top", "all")


@pytest.fixture
def path(run: Program) -> Path:
    """A log of sixty messages, which does not fit on a screen."""
    path = run.home / "log.jsonl"
    path.write_bytes(log(*(record(bulkId=f"message-{n:02}") for n in range(60))))
    return path


@pytest.mark.parametrize("columns", [80, 160])
def test_resizing_redraws_at_once(run: Program, path: Path, columns: int) -> None:
    """The picture takes the new size without waiting for the log: its tables have that width, it fits the screen."""
    with Terminal(run, *FOLLOW, path, columns=columns, rows=20, piped=False) as terminal:
        terminal.wait_for("lines 1-18 of ")
        terminal.resize(columns // 2, 30)
        drawn = terminal.wait_for("lines 1-2")
        ups = [int(n) for n in re.findall(r"\x1b\[(\d+)A", drawn)]
        assert max(ups) <= 29
        shown = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r", "", line) for line in drawn.split("\r\n")[1:]]
        assert sum(max(1, -(-len(line) // (columns // 2))) for line in shown) < 30
        rows = [line for line in shown if line.startswith("message-")]
        assert rows
        assert max(map(len, rows)) <= columns // 2


def test_everything_can_be_scrolled_to(run: Program, path: Path) -> None:
    """Page by page down to the last line, and back to the first; q ends it, and the whole report stands there."""
    with Terminal(run, *FOLLOW, path, rows=20, piped=False) as terminal:
        seen = terminal.wait_for(": arrow and page keys scroll, q quits")
        (lines,) = re.findall(r"lines 1-18 of (\d+)", seen)
        for _ in range(5):
            terminal.type("\x1b[6~")
            seen += terminal.wait_for("arrow and page keys")
        assert {f"message-{n:02}" for n in range(60)} <= set(re.findall(r"message-\d\d", seen))
        assert f"-{lines} of {lines}" in seen
        terminal.type("g")
        terminal.wait_for("lines 1-18")
        terminal.type("\x1b[B")
        terminal.wait_for("lines 2-19")
        terminal.type("kG")
        terminal.wait_for(f"-{lines} of {lines}")
        assert not terminal.echoes()
        terminal.type("q")
        terminal.end()
        assert terminal.process.returncode == 0
        assert terminal.echoes()
        last = terminal.shown[terminal.shown.rindex("60 lines: 60 valid") :]
        assert len(re.findall(r"message-\d\d", last)) == 60


def test_continuing_redraws_below_what_others_wrote(run: Program, path: Path) -> None:
    """After SIGCONT there is a whole picture at once, which overwrites nothing."""
    with Terminal(run, *FOLLOW, path, rows=20, piped=False) as terminal:
        terminal.wait_for("lines 1-18")
        terminal.process.send_signal(signal.SIGCONT)
        drawn = terminal.wait_for("lines 1-18")
        assert "message-00" in drawn
        assert not re.search(r"\x1b\[\d+A", drawn)


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no shell with jobs")
def test_a_shell_can_stop_it_and_go_on(run: Program, path: Path) -> None:
    """Ctrl-Z gives the terminal back as it was, and `fg` draws again at once and takes keys."""
    shell = Program(run.home, ("script", "-qec"))
    command = " ".join(map(str, (*run.argv, *FOLLOW, path)))
    if not shutil.which("script"):
        pytest.skip("there is no `script`, which makes a terminal that controls jobs")
    with Terminal(shell, "bash --norc --noprofile -i", "/dev/null", rows=20, piped=False) as terminal:
        terminal.type(f"stty cols 80 rows 20; {command}\n")
        terminal.wait_for("lines 1-18 of")
        terminal.type("\x1a")
        terminal.wait_for("Stopped")
        terminal.type("stty -a | tr ' ' '\\n' | grep icanon\n")
        assert "-icanon" not in terminal.wait_for("icanon\r\n")
        terminal.type("fg\n")
        assert "message-00" in terminal.wait_for("lines 1-18 of")
        terminal.type(" ")
        terminal.wait_for("lines 17-34 of")
        terminal.type("q")
        terminal.wait_for("60 lines: 60 valid")
        terminal.type("exit\n")
        terminal.end()


def test_a_period_slides_while_it_is_followed(run: Program) -> None:
    """What is older than --since is left out as time goes by, though nothing new comes; the counts always add up."""
    path, now = run.home / "log.jsonl", int(time.time())
    old, new = (log(record(timestamp=now - age, bulkId=f"b-{age}")) for age in (3, 3000))
    path.write_bytes(old + new)
    with Running(run.home, "summarize", "--follow", "--since", "6s", "--json", path, see="stdout") as running:
        running.until(r'"counted": ?1\b.*"filtered": ?1\b')
        running.until(r'"counted": ?0\b.*"filtered": ?2\b')
        assert running.stop(signal.SIGINT) == 130
