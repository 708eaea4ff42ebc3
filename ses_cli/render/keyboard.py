"""Keys as they are typed, where standard input is the terminal."""

import os
import re
import sys
import termios
from types import TracebackType
from typing import Self

from ses_cli.leftovers import forget_leftover, register_leftover

_KEYS = {
    **dict.fromkeys((b"\x1b[A", b"\x1bOA", b"k"), "up"),
    **dict.fromkeys((b"\x1b[B", b"\x1bOB", b"j", b"\r", b"\n"), "down"),
    **dict.fromkeys((b"\x1b[5~", b"b", b"\x02"), "page-up"),
    **dict.fromkeys((b"\x1b[6~", b" ", b"f", b"\x06"), "page-down"),
    **dict.fromkeys((b"\x1b[H", b"\x1bOH", b"\x1b[1~", b"g"), "home"),
    **dict.fromkeys((b"\x1b[F", b"\x1bOF", b"\x1b[4~", b"G"), "end"),
    **dict.fromkeys((b"q", b"Q", b"\x04"), "quit"),
}
_SEQUENCE = re.compile(rb"\x1b(?:\[[0-9;?]*[@-~]|O.)|[^\x1b]|\x1b", re.DOTALL)


class Keyboard:
    """The terminal hands over each key at once and does not show it. Ctrl-C and Ctrl-Z stay signals."""

    def __init__(self) -> None:
        self.fd: int | None = sys.stdin.fileno() if sys.stdin and sys.stdin.isatty() else None
        self._before: list[int | list[bytes | int]] | None = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.give_back()

    def take(self) -> None:
        """Sets the terminal, again after a stop, unless another job has it: this one would be stopped for it."""
        if self.fd is None or is_background(self.fd):
            return
        mode = termios.tcgetattr(self.fd)
        self._before = self._before or list(mode)
        register_leftover(self.give_back)
        mode[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(self.fd, termios.TCSADRAIN, mode)

    def give_back(self) -> None:
        """Sets the terminal as it was before."""
        if self.fd is not None and self._before is not None and not is_background(self.fd):
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self._before)
        self._before = None
        forget_leftover(self.give_back)

    def read(self) -> list[str]:
        """The names of the keys that were typed, those that mean something. Waits for one."""
        assert self.fd is not None
        try:
            typed = os.read(self.fd, 1024)
        except OSError:  # the terminal is gone
            typed = b""
        if not typed:
            self.fd = None
        return [_KEYS[key] for key in _SEQUENCE.findall(typed) if key in _KEYS]


def is_background(fd: int) -> bool:
    """Whether the terminal belongs to another job of the shell now."""
    try:
        return os.tcgetpgrp(fd) not in (0, os.getpgrp())
    except OSError:  # it controls no jobs
        return False
