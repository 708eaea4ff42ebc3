"""One request on a connection, and its answer, as an ASGI application sees them."""

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from ses_cli.capture.asgi import Message, Scope

_LINES = {status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Exchange:
    """Takes the body as it comes, hands it to the application, and writes the answer in one piece."""

    __slots__ = (
        "_awaited",
        "_body",
        "_start",
        "_waiter",
        "_write",
        "answered",
        "done",
        "gone",
        "keep",
        "scope",
        "whole",
    )

    def __init__(self, scope: Scope, write: Callable[[bytes], None], done: Callable[[], None], keep: bool) -> None:
        self.scope = scope
        self.keep = keep  # the connection, after this
        self.done = done
        self.whole = self.answered = self.gone = False
        self._awaited = (b"expect", b"100-continue") in scope["headers"]
        self._body: list[bytes] = []
        self._start: Message = {}
        self._waiter: asyncio.Future[None] | None = None
        self._write = write

    def feed(self, part: bytes) -> None:
        """A piece of the body came; after the answer it is dropped."""
        if not self.answered:
            self._body.append(part)

    def wake(self) -> None:
        """There is news: a piece of the body, its end, or that the client has gone."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> Message:
        """What has come of the body so far, as soon as there is something."""
        while not (self._body or self.whole or self.gone):
            if self._awaited:
                self._awaited = False
                self._write(_CONTINUE)
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self.gone:
            return {"type": "http.disconnect"}
        body, self._body = b"".join(self._body), []
        return {"type": "http.request", "body": body, "more_body": not self.whole}

    async def send(self, message: Message) -> None:
        """Hold the start of the answer until its body is there: one write is one packet."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self.gone or self.answered:
            return
        parts = [_LINES[self._start["status"]]]
        for name, value in self._start["headers"]:
            parts += (name, b": ", value, b"\r\n")
        parts += (b"date: ", _date(int(time.time())), b"\r\n")
        parts.append(b"\r\n" if self.keep else b"connection: close\r\n\r\n")
        if self.scope["method"] != "HEAD":
            parts.append(message["body"])
        self.answered = True
        self._body.clear()
        self._write(b"".join(parts))
        self.done()


@lru_cache(maxsize=1)
def _date(now: int) -> bytes:
    return formatdate(now, usegmt=True).encode()
