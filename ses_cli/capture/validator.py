"""Bodies that arrive at once are checked at once, which costs far less than one by one."""

import asyncio
from collections.abc import Callable, Sequence

from ses_cli.callback import Callback
from ses_cli.events import Problem

Validated = Callback | list[Problem]
"""A valid callback, or all the errors that say why it is none (at least one)."""

Check = Callable[[Sequence[bytes]], list[Validated]]
"""What each of these lines, none with a line break in it, is."""


class BatchValidator:
    """Takes lines from many coroutines of one event loop, and checks all that came in one of its turns together."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._lines: list[bytes] = []
        self._asked: list[tuple[asyncio.Future[list[Validated]], int]] = []  # each with its number of lines

    def __call__(self, lines: Sequence[bytes]) -> "asyncio.Future[list[Validated]]":
        """The results, in the next turn."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._go)
        future: asyncio.Future[list[Validated]] = loop.create_future()
        self._asked.append((future, len(lines)))
        self._lines += lines
        return future

    def _go(self) -> None:
        asked, self._asked = self._asked, []
        lines, self._lines = self._lines, []
        try:
            results = self._check(lines)
        except Exception as error:  # a defect in there is told by those who asked
            for future, _ in asked:
                if not future.done():
                    future.set_exception(error)
            return
        at = 0
        for future, n in asked:
            if not future.done():  # cancelled
                future.set_result(results[at : at + n])
            at += n
