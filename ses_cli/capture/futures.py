"""How the thread that writes tells those who wait that their lines are on disk, or are not."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Protocol, TypeVar

from ses_cli.errors import SesEventsError

P = TypeVar("P")


class Futures(Protocol[P]):
    """Makes futures of one kind, and resolves a whole group of them at once."""

    def make(self) -> P:
        """A future, in the thread of whoever appends."""
        ...

    def soon(self, call: Callable[[], None]) -> None:
        """Call when those who append now have done so: what comes at once is to go at once."""
        ...

    def resolve(self, group: Sequence[P], error: SesEventsError | None) -> None:
        """Give a group of futures its result, or an error, from the writer's thread."""
        ...


class ThreadFutures:
    """Futures for threads."""

    def make(self) -> Future[None]:
        return Future()

    def soon(self, call: Callable[[], None]) -> None:
        call()

    def resolve(self, group: Sequence[Future[None]], error: SesEventsError | None) -> None:
        for future in group:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)


class LoopFutures:
    """Futures for coroutines of one event loop, woken once for a group, not once for each."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def make(self) -> asyncio.Future[None]:
        return self._loop.create_future()

    def soon(self, call: Callable[[], None]) -> None:
        self._loop.call_soon(call)

    def resolve(self, group: Sequence[asyncio.Future[None]], error: SesEventsError | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(_resolve, group, error)


def _resolve(group: Sequence[asyncio.Future[None]], error: SesEventsError | None) -> None:
    for future in group:
        if future.done():  # cancelled
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
