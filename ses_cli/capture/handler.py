"""The ASGI application: a callback is answered when it is on disk."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from ses_cli.capture.access import Access
from ses_cli.capture.asgi import Message, Receive, Scope, Send
from ses_cli.capture.body import Reject, TooLargeError, Unpacked, reject_line, unpack
from ses_cli.capture.server_events import EventListener, Failure, Refused, Rejected, Stored, Totals
from ses_cli.capture.validator import BatchValidator, Check
from ses_cli.capture.writer import DiskFailedError, QueueFullError

Store = Callable[[bytes, bytes], Awaitable[None]]
"""Puts lines on disk, in the log and in its rejects. Raises `QueueFullError` and `DiskFailedError`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a request must keep to."""

    access: Access = field(default_factory=Access)
    max_body: int = 1 << 20  # bytes, sent and decompressed
    reject_invalid: bool = False  # answer 400, not 200, to what is no callback; it is kept all the same


class Answer(NamedTuple):
    """A whole response."""

    status: int
    start: Message
    body: Message
    why: str


def _answer(status: int, why: str, *headers: tuple[bytes, bytes]) -> Answer:
    text = why.encode() + b"\n" if why else b""
    standard = [(b"content-length", b"%d" % len(text))]
    if text:
        standard.append((b"content-type", b"text/plain; charset=utf-8"))
    start: Message = {"type": "http.response.start", "status": status, "headers": [*standard, *headers]}
    return Answer(status, start, {"type": "http.response.body", "body": text}, why)


_RETRY = (b"retry-after", b"5")
READY = _answer(200, "ready")
STORED = _answer(200, "")  # the hot path: as little as will do
KEPT = _answer(200, "kept among the rejects: no valid callback")
FORBIDDEN = _answer(403, "not from this address")
NOT_FOUND = _answer(404, "not found")
NOT_ALLOWED = _answer(405, "method not allowed", (b"allow", b"GET, HEAD, POST"))
READ_ONLY = _answer(405, "method not allowed", (b"allow", b"GET, HEAD"))
TOO_LARGE = _answer(413, "the body is too large")
BROKEN = _answer(500, "internal error")
NOT_STORED = _answer(503, "not stored: the disk has failed, try again", _RETRY)
BUSY = _answer(503, "not stored: too much is waiting for the disk, try again", _RETRY)


class App:
    """Answers requests, counts them in `totals`, and tells of each."""

    def __init__(self, rules: Rules, check: Check, store: Store, emit: EventListener) -> None:
        self.totals = Totals()
        self._rules = rules
        self._judge = BatchValidator(check)
        self._store = store
        self._emit = emit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, from its first byte to its answer."""
        client = self._rules.access.client(scope["client"][0] if scope["client"] else "", scope["headers"])
        try:
            answer = self._route(scope, client) or await self._post(scope, receive)
        except Exception as error:  # a defect here must not end the server, nor go unheard
            self._emit(Failure(f"a request failed: {type(error).__name__}: {error}"))
            answer = BROKEN
        if answer is None:
            return
        if answer.status not in (200, 400):
            self.totals.refused[answer.status] += 1
            self._emit(Refused(time.time(), answer.status, answer.why, client))
        await send(answer.start)
        await send(answer.body)

    def _route(self, scope: Scope, client: str) -> Answer | None:
        """The answer to what is not a callback."""
        access, reading = self._rules.access, scope["method"] in ("GET", "HEAD")
        if not access.admits(client):
            return FORBIDDEN
        if scope["path"] == "/healthz":
            return READY if reading else READ_ONLY
        if not access.finds(scope["path"], scope["query_string"]):
            return NOT_FOUND
        if reading:
            return READY
        return None if scope["method"] == "POST" else NOT_ALLOWED

    async def _post(self, scope: Scope, receive: Receive) -> Answer | None:
        """The answer to a callback; none, where the client has gone before its end."""
        limit = self._rules.max_body
        for name, value in scope["headers"]:
            if name == b"content-length" and int(value) > limit:
                return TOO_LARGE
        try:
            body = await _read(receive, limit)
            if body is None:
                return None
            return await self._keep(await unpack(body, self._judge, limit))
        except TooLargeError:
            return TOO_LARGE
        except QueueFullError:
            return BUSY
        except DiskFailedError:
            return NOT_STORED

    async def _keep(self, unpacked: Unpacked) -> Answer:
        """Store all that a body held, and answer when that is done."""
        records, lines, rejects = unpacked
        now = time.time()
        await self._store(
            b"\n".join([*lines, b""]),
            b"".join([reject_line(reject, now) for reject in rejects]),
        )
        totals = self.totals
        totals.stored += len(records)
        for record in records:
            totals.events[record.event] += 1
            self._emit(Stored(now, record))
        if not rejects:
            return STORED
        totals.rejected += len(rejects)
        for reject in rejects:
            self._emit(Rejected(now, reject.problems))
        return _invalid(rejects) if self._rules.reject_invalid else KEPT


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The whole body, or nothing where the client has gone. Raise `TooLargeError` over `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLargeError
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _invalid(rejects: list[Reject]) -> Answer:
    told = [problem for reject in rejects for problem in reject.problems][:20]
    return _answer(400, "\n".join(f"{p.path}: {p.message} [{p.code}]".removeprefix(": ") for p in told))
