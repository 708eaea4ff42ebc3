"""The program on a terminal: what it shows there, and what is typed."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.conftest import LIMIT, Program

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A run whose standard input and error are a terminal; standard output is a pipe, or the terminal as well."""

    def __init__(
        self,
        run: Program,
        *arguments: str | Path,
        columns: int = 80,
        rows: int = 40,
        term: str = "xterm-256color",
        piped: bool = True,
    ) -> None:
        self._near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            [*run.argv, *map(str, arguments)],
            cwd=run.home,
            env=run.environment(TERM=term),
            stdin=far,
            stdout=subprocess.PIPE if piped else far,
            stderr=far,
            start_new_session=True,
        )
        os.close(far)
        self._bytes = b""
        self._asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait(LIMIT)
        os.close(self._near)

    @property
    def shown(self) -> str:
        """All there was so far."""
        return self._bytes.decode(errors="replace")

    def wait_for(self, text: str) -> str:
        """Until `text` was shown since this was last asked; what was shown till then. AssertionError where all ends."""
        while text not in self.shown[self._asked :]:
            assert self._read(), self.shown
        end = self.shown.index(text, self._asked) + len(text)
        before, self._asked = self.shown[self._asked : end], end
        return before

    def resize(self, columns: int, rows: int) -> None:
        """As if its window were dragged."""
        fcntl.ioctl(self._near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)  # the kernel tells those whose terminal this is; here it is a file

    def echoes(self) -> bool:
        """Whether it shows what is typed, and waits for whole lines."""
        return bool(termios.tcgetattr(self._near)[3] & (termios.ECHO | termios.ICANON))

    def type(self, text: str) -> None:
        """As if by a person."""
        os.write(self._near, text.encode())

    def end(self) -> bytes:
        """Waits for the end of the run; its standard output, where that is a pipe."""
        while self._read():
            pass
        return self.process.communicate(timeout=LIMIT)[0] or b""

    def lines(self) -> list[str]:
        """Everything that ever stood in a line, without colours."""
        return re.split(r"[\r\n]+", _CONTROL.sub("", self.shown))

    def _read(self) -> bool:
        assert select.select([self._near], [], [], LIMIT)[0], self.shown
        try:
            data = os.read(self._near, 65536)
        except OSError:  # the program has closed its end
            return False
        self._bytes += data
        return bool(data)
