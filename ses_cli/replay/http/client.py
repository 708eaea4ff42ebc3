"""Requests over HTTP by libcurl: exact bytes, connections kept, nothing followed, nothing repeated."""

import os
import select
from binascii import hexlify
from collections.abc import Sequence
from time import monotonic, time

import pycurl

from ses_cli.errors import UsageError
from ses_cli.replay.http.handle import BODY, SAMPLE, Handle
from ses_cli.replay.http.headers import static_headers, webhook_headers
from ses_cli.replay.http.lookup import Lookup, Resolve
from ses_cli.replay.http.mask import Scrubber, header_secrets, mask_url, secrets_of
from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.target import Target, resolve
from ses_cli.replay.http.waker import Waker
from ses_cli.replay.job import Attempt, Job

MAX_CONCURRENCY = 512  # libcurl waits with select, which knows 1024 descriptors
_LARGE = 1000  # bytes of a body from which some libcurl might ask first whether it is welcome
_DETAIL = 300  # characters of a refusal that are shown
_STEP = 0.25  # seconds that one look may use up of a request's time

KINDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: "resolve",
    pycurl.E_COULDNT_RESOLVE_PROXY: "proxy",
    97: "proxy",  # the handshake with it; no name in older versions
    pycurl.E_COULDNT_CONNECT: "connect",
    pycurl.E_OPERATION_TIMEDOUT: "connect-timeout",  # the other time-out is our own
    pycurl.E_GOT_NOTHING: "no-answer",
    pycurl.E_SEND_FAIL_REWIND: "no-answer",  # a kept connection died, and libcurl could not send it again
    pycurl.E_SEND_ERROR: "reset",
    pycurl.E_RECV_ERROR: "reset",
    pycurl.E_PARTIAL_FILE: "cut-short",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_SSL_CERTPROBLEM: "tls",
    pycurl.E_SSL_CACERT_BADFILE: "tls",
}
_LENGTH, _STATUS, _SECONDS = pycurl.CONTENT_LENGTH_DOWNLOAD_T, pycurl.RESPONSE_CODE, pycurl.TOTAL_TIME
OTHER = "bad-answer"  # what is not HTTP
_DIED = "the connection was closed before an answer came"


class Client:
    """Sends requests, many at once. Not thread-safe. UsageError if the options make no sense.

    libcurl would send a request again by itself, up to five times, when a kept connection dies under it. It
    cannot here: the body comes from a callback that does not go back, so such an attempt ends with
    E_SEND_FAIL_REWIND, and whatever arrives at the target is an attempt that the journal knows.

    The time-out of a request is kept here, not by libcurl, which would look at the clock before it looks at
    the socket: after the process was stopped for a minute, answers that wait in sockets would be thrown away.
    Here sockets are read first, and a stretch without a look uses up `_STEP` of a request's time at most.
    """

    def __init__(self, target: Target, options: HttpOptions, concurrency: int, resolve: Resolve = resolve) -> None:
        if not 0 < concurrency <= MAX_CONCURRENCY:
            raise UsageError(f"concurrency is from 1 to {MAX_CONCURRENCY}, not {concurrency}")
        for option, path in (("--cacert", options.cacert), ("--cert", options.cert), ("--key", options.key)):
            if path is not None and not os.access(path, os.R_OK):
                raise UsageError(f"{option} {path}: no such file, or not readable")
        self.in_flight = 0
        self._target = target
        self._addresses = target.addresses
        period = options.lookup_period
        self._lookup = Lookup(target, period, resolve) if period is not None and target.addresses else None
        self._options = options
        self._keys, self._timeout = options.keys, options.timeout
        self._static = [header.encode() for header in static_headers(options.headers)]
        self._static_large = [*self._static, b"Expect:"]  # libcurl would have a large body wait for a 100
        hidden = secrets_of(target.url) | secrets_of(target.proxy) | header_secrets(options.headers)
        self._scrubber = Scrubber(hidden)
        self._waker = Waker()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, concurrency)
        self._handles: dict[pycurl.Curl, Handle] = {}
        self._free: list[Handle] = []
        self._prepared: dict[Job, Handle] = {}
        self._step = min(_STEP, options.timeout / 4)
        self._clock = 0.0  # seconds in which sockets were looked at
        self._looked = monotonic()
        self._check = 0.0  # when deadlines are looked at again

    def prepare(self, jobs: Sequence[Job]) -> None:
        """What takes no connection is done: a handle is given its request. One that is never sent keeps its handle."""
        now = int(time())
        for job in jobs:
            if job not in self._prepared:
                self._prepared[job] = self._load(job, now)

    def send(self, jobs: Sequence[Job]) -> None:
        """Begin attempts."""
        now, addresses, deadline = int(time()), self._addresses, self._clock + self._timeout
        take, add = self._prepared.pop, self._multi.add_handle
        for job in jobs:
            handle = take(job, None) or self._load(job, now)
            if handle.second != now:
                self._sign(handle, job, now)
            if handle.addresses is not addresses:
                handle.direct(self._target, addresses)
            handle.job, handle.deadline = job, deadline
            add(handle.curl)
        self.in_flight += len(jobs)

    def _load(self, job: Job, now: int) -> Handle:
        """A handle with the request of an attempt."""
        handle = self._free.pop() if self._free else self._open()
        handle.load(job.body)
        self._sign(handle, job, now)
        return handle

    def _sign(self, handle: Handle, job: Job, now: int) -> None:
        """Give a request the headers of an attempt at this time."""
        static = self._static if len(job.body) < _LARGE else self._static_large
        own = webhook_headers(hexlify(job.entry.id), job.body, self._keys, now)
        handle.curl.setopt(pycurl.HTTPHEADER, own + static)
        handle.second = now

    def poll(self, wait: float) -> list[Attempt]:
        """What ended; waits `wait` seconds at most for something to end."""
        ended = self._perform()
        if not ended and wait > 0:
            readable, writable, _ = self._multi.fdset()
            own = self._multi.timeout()  # ms until libcurl has something to do by itself, -1: never
            readable.append(self._waker.fileno())
            longest = min(wait, own / 1000) if own >= 0 else wait
            select.select(readable, writable, [], longest if self._waker.begin() else 0)
            self._waker.clear()
            ended = self._perform()
        self._tick()
        if self._lookup and self._lookup.look(monotonic()):
            self._addresses = self._lookup.addresses
        if self._clock >= self._check:
            self._check = self._clock + self._step / 4
            ended += self._expire()
        return ended

    def wake(self) -> None:
        """End the wait of `poll`; from any thread."""
        self._waker.wake()

    def close(self) -> list[Job]:
        """Drop all connections; the jobs that were still in flight."""
        left = [handle.job for handle in self._handles.values() if handle.job is not None]
        for curl, handle in self._handles.items():
            if handle.job is not None:
                self._multi.remove_handle(curl)
            curl.close()
        self._handles.clear()
        self._free.clear()
        self._prepared.clear()
        self._multi.close()
        self._waker.close()
        self.in_flight = 0
        return left

    def _tick(self) -> None:
        now = monotonic()
        self._clock += min(now - self._looked, self._step)
        self._looked = now

    def _perform(self) -> list[Attempt]:
        """Reads and writes what can be; what ended by that."""
        self._multi.perform()
        ended: list[Attempt] = []
        while True:
            left, good, bad = self._multi.info_read(256)
            ended += map(self._answered, good)
            ended += [self._end(*one) for one in bad]
            if not left:
                return ended

    def _expire(self) -> list[Attempt]:
        late = [
            handle for handle in self._handles.values() if handle.job is not None and handle.deadline <= self._clock
        ]
        ended = []
        for handle in late:
            said = f"no answer within {self._options.timeout:g} s"
            ended.append(self._failed(handle, "timeout" if handle.has_left() else "connect-timeout", said))
        return ended

    def _answered(self, curl: pycurl.Curl) -> Attempt:
        handle = self._handles[curl]
        job = handle.job
        assert job is not None
        info = curl.getinfo
        # libcurl tells a length once the head is over, and a body comes behind it; else its lines have to show it
        if info(_LENGTH) < 0 and not handle.size and not handle.has_head():
            return self._failed(handle, "cut-short", _DIED)
        status: int = info(_STATUS)
        seconds: float = info(_SECONDS)
        if 200 <= status < 300:
            attempt = Attempt(job, status, "", seconds)
        else:
            attempt = Attempt(job, status, "", seconds, *self._refused(handle))
        self._release(handle)
        return attempt

    def _end(self, curl: pycurl.Curl, code: int, message: str) -> Attempt:
        handle = self._handles[curl]
        if not (code == pycurl.E_WRITE_ERROR and handle.size > BODY):
            # whatever status line there was: an answer cut short is none. Sent again, it may arrive
            # twice, with the same webhook-id; believed, it could be lost.
            said = _DIED if code in (pycurl.E_SEND_FAIL_REWIND, pycurl.E_GOT_NOTHING) else message
            if code == pycurl.E_COULDNT_CONNECT and (number := curl.getinfo(pycurl.OS_ERRNO)):
                said = os.strerror(number).lower()
            return self._failed(handle, KINDS.get(code, OTHER), said)
        return self._answered(curl)

    def _failed(self, handle: Handle, kind: str, said: str) -> Attempt:
        """An attempt without an answer. Where the request may have left, it may have arrived."""
        job = handle.job
        assert job is not None
        seconds: float = handle.curl.getinfo(pycurl.TOTAL_TIME)
        detail = self._scrubber.scrub(said)[:_DETAIL]
        attempt = Attempt(job, 0, kind, seconds, detail, is_unknown=handle.has_left())
        self._release(handle)
        return attempt

    def _release(self, handle: Handle) -> None:
        self._multi.remove_handle(handle.curl)
        handle.job = None
        self._free.append(handle)
        self.in_flight -= 1

    def _refused(self, handle: Handle) -> tuple[str, float]:
        """What a refusal says, and how long it asks to wait."""
        location: str | None = handle.curl.getinfo(pycurl.REDIRECT_URL)
        if location:
            detail = f"redirects to {self._scrubber.scrub(mask_url(location))}"
        else:
            said = handle.sample[:SAMPLE].decode("utf-8", "replace")
            detail = self._scrubber.scrub(said, is_cut=handle.size > SAMPLE)
        hold: int = handle.curl.getinfo(pycurl.RETRY_AFTER)  # of seconds or of a date, by libcurl
        return detail[:_DETAIL], float(hold)

    def _open(self) -> Handle:
        handle = Handle(self._target, self._options)
        self._handles[handle.curl] = handle
        return handle
