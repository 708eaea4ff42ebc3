"""What is answered to a request: a callback is acknowledged when it is on disk."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ses_cli.batch import BOM
from ses_cli.capture.access import Access
from ses_cli.capture.body import TooLargeError, Unpacked, flatten, is_compressed, is_simple, unpack
from ses_cli.capture.connection import MAX_HEAD
from ses_cli.capture.rejects import MAX_PROBLEMS, reject_line
from ses_cli.capture.request import Request
from ses_cli.capture.response import (
    BROKEN,
    BUSY,
    FORBIDDEN,
    KEPT,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_STORED,
    READ_ONLY,
    READY,
    STORED,
    TOO_LARGE,
    Response,
    invalid,
    make_response,
)
from ses_cli.capture.server_events import (
    Answered,
    EventListener,
    ReceiverFailure,
    ReceiverTotals,
    Refused,
    Rejected,
    Stored,
)
from ses_cli.capture.validator import BatchValidator, Validator
from ses_cli.capture.writer import DiskFailedError, QueueFullError

Store = Callable[[bytes, bytes], Awaitable[None]]
"""Puts lines on disk, in the log and in its rejects. Raises `QueueFullError` and `DiskFailedError`."""

LARGE = 8 << 10  # bytes; such a body is unpacked in a thread, so that the loop goes on answering
_MAX_LARGE = 16  # of them that wait for that thread
_FRAMING = 8  # bytes on the wire for one of a body, in the smallest chunks


@dataclass(frozen=True, slots=True)
class ReceiverPolicy:
    """What a request must keep to."""

    access: Access = field(default_factory=Access)
    max_body: int = 1 << 20  # bytes, sent and decompressed
    reject_invalid: bool = False  # answer 400, not 200, to what is not a valid callback; it is kept all the same


class Handler:
    """Answers requests, counts them in `totals`, and emits an event for each."""

    def __init__(
        self, policy: ReceiverPolicy, store: Store, emit: EventListener, standing: Callable[[], str] = lambda: ""
    ) -> None:
        """`standing` is what /healthz says besides."""
        self.totals = ReceiverTotals()
        self.max_body = policy.max_body
        self.max_request = _FRAMING * policy.max_body + MAX_HEAD
        self._policy = policy
        self._store = store
        self._emit = emit
        self._standing = standing
        self._validate = Validator(policy.max_body)
        self._validate_soon = BatchValidator(self._validate)
        self._validate_large = Validator(policy.max_body)  # in the thread
        self._thread = ThreadPoolExecutor(1, "large-bodies")
        self._large = 0  # bodies that are in the thread or wait for it

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def check(self, request: Request) -> Response | None:
        """The answer, where the head is enough for one; none, where a callback may follow."""
        response = self._route(request)
        if response is None:
            return None
        if response.status == 200:
            self._emit(Answered(200, 0))
            return response
        return self._refuse(response, self._client(request))

    def refuse(self, response: Response, peer: str) -> Response:
        """Count an answer that a connection gives."""
        return self._refuse(response, peer)

    async def receive(self, request: Request, body: bytes) -> Response:
        """The answer to a whole body."""
        try:
            unpacked = Unpacked([], [], [])
            if len(body) > LARGE or is_compressed(body):
                unpacked = await self._unpack_large(body)
            elif is_simple(body):
                raw = body.removeprefix(BOM)
                line = flatten(raw)
                unpacked.add(raw, line, await self._validate_soon(line))
            else:
                unpacked = unpack(body, self._validate, self.max_body)
            response = await self._keep(unpacked)
        except TooLargeError:
            response = TOO_LARGE
        except QueueFullError:
            response = BUSY
        except DiskFailedError:
            response = NOT_STORED
        except Exception as error:  # a defect here must not end the server, nor go unheard
            self._emit(ReceiverFailure(f"a request failed: {type(error).__name__}: {error}"))
            response = BROKEN
        if response.status not in (200, 400):
            return self._refuse(response, self._client(request))
        self._emit(Answered(response.status, len(body)))
        return response

    def _route(self, request: Request) -> Response | None:
        access, is_reading = self._policy.access, request.method in ("GET", "HEAD")
        if not access.admits(self._client(request)):
            return FORBIDDEN
        if request.path == "/healthz":
            return self._health() if is_reading else READ_ONLY
        if not access.matches(request.path, request.query):
            return NOT_FOUND
        if is_reading:
            return READY
        if request.method != "POST":
            return NOT_ALLOWED
        return TOO_LARGE if (request.content_length or 0) > self.max_body else None

    def _health(self) -> Response:
        standing = self._standing()
        return make_response(200, f"ready\n{standing}") if standing else READY

    def _client(self, request: Request) -> str:
        return self._policy.access.client(request.peer, request.headers)

    def _refuse(self, response: Response, client: str) -> Response:
        self.totals.refused[response.status] += 1
        self._emit(Refused(time.time(), response.status, response.reason, client))
        return response

    async def _unpack_large(self, body: bytes) -> Unpacked:
        """What a body holds, in the thread. Raise `TooLargeError`, and `QueueFullError` where too many wait for it."""
        if self._large >= _MAX_LARGE:
            raise QueueFullError("too many large bodies wait")
        self._large += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, unpack, body, self._validate_large, self.max_body)
        finally:
            self._large -= 1

    async def _keep(self, unpacked: Unpacked) -> Response:
        """Store all that a body held, and answer when that is done."""
        records, lines, rejects = unpacked
        now = time.time()
        await self._store(
            b"\n".join([*lines, b""]) if lines else b"",
            b"".join([reject_line(reject, now) for reject in rejects]) if rejects else b"",
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
        if not self._policy.reject_invalid:
            return KEPT
        return invalid([problem for reject in rejects for problem in reject.problems][:MAX_PROBLEMS])
