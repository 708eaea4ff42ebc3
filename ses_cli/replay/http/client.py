"""Requests over HTTP by libcurl: exact bytes, connections kept, nothing followed, nothing repeated."""

import os
import select
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic, time

import pycurl

from ses_cli.errors import UsageError
from ses_cli.replay.http.headers import static_headers, webhook_headers
from ses_cli.replay.http.lookup import Lookup, Resolve
from ses_cli.replay.http.mask import Scrubber, header_secrets, mask_url, secrets_of
from ses_cli.replay.http.target import Target, resolve
from ses_cli.replay.http.waker import Waker
from ses_cli.replay.job import Attempt, Job

MAX_CONCURRENCY = 512  # libcurl waits with select, which knows 1024 descriptors
_BODY = 1 << 20  # bytes of an answer that are read; nobody needs more
_LARGE = 1000  # bytes of a body from which some libcurl might ask first whether it is welcome
_SAMPLE = 4096  # bytes of it that are kept, to show why something failed
_DETAIL = 300  # characters of it that are shown
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
OTHER = "bad-answer"  # what is not HTTP
_DIED = "the connection was closed before an answer came"


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How requests go out. Times are seconds; files are PEM."""

    method: str = "POST"
    headers: Sequence[tuple[str, str]] = ()
    keys: Sequence[bytes] = field(default=(), repr=False)  # to sign with
    timeout: float = 30.0
    connect_timeout: float = 5.0
    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False
    http2: bool = False
    lookup_period: float | None = None  # between two look-ups of the target's name; None: it is looked up once


class _Slot:
    """A libcurl handle, used again and again, and what goes out and comes back on it."""

    __slots__ = ("addresses", "body", "curl", "deadline", "head", "job", "sample", "sent", "size")

    def __init__(self, curl: pycurl.Curl) -> None:
        self.curl = curl
        self.addresses: tuple[str, ...] = ()  # to connect to, as libcurl was told
        self.job: Job | None = None
        self.body = b""  # of the request, what of it libcurl has not read
        self.head: list[bytes] = []  # lines of the answer's head
        self.sample = b""
        self.size = 0  # of the answer's body
        self.sent = -1  # the size of a request's body, as libcurl was told
        self.deadline = 0.0  # on the client's clock

    def load(self, job: Job) -> None:
        """Make ready for a request."""
        self.job, self.sample, self.size = job, b"", 0
        self.body = job.body
        self.head.clear()

    def read(self, size: int) -> bytes:
        """The next bytes of the request's body."""
        data = self.body
        self.body = data[size:] if len(data) > size else b""
        return data[:size]

    def has_left(self) -> bool:
        """Whether any of the body may have: libcurl reads it once the connection stands.

        Its times do not tell: since curl/curl#21843 PRETRANSFER_TIME is set though nobody took the connection.
        """
        return self.job is not None and len(self.body) < len(self.job.body)

    def take(self, data: bytes) -> int | None:
        """A piece of the answer's body."""
        self.size += len(data)
        if len(self.sample) < _SAMPLE:
            self.sample += data[:_SAMPLE]
        return None if self.size <= _BODY else -1  # -1 ends the transfer; the status stands

    def has_head(self) -> bool:
        """Whether the head of the answer came whole: libcurl takes one that is cut off for an answer."""
        head = self.head
        if head and head[-1] == b"\r\n":
            return True
        starts = [at for at, line in enumerate(head) if line.startswith(b"HTTP/")]  # informational ones come before
        return bool(starts) and any(line in (b"\r\n", b"\n") for line in head[starts[-1] :])


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
        self._static = static_headers(options.headers)
        self._static_large = [*self._static, "Expect:"]  # libcurl would have a large body wait for a 100
        hidden = secrets_of(target.url) | secrets_of(target.proxy) | header_secrets(options.headers)
        self._scrubber = Scrubber(hidden)
        self._waker = Waker()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, concurrency)
        self._slots: dict[pycurl.Curl, _Slot] = {}
        self._free: list[_Slot] = []
        self._step = min(_STEP, options.timeout / 4)
        self._clock = 0.0  # seconds in which sockets were looked at
        self._looked = monotonic()
        self._check = 0.0  # when deadlines are looked at again

    def send(self, job: Job) -> None:
        """Begin an attempt."""
        slot = self._free.pop() if self._free else self._open()
        slot.load(job)
        curl, size = slot.curl, len(job.body)
        static = self._static if size < _LARGE else self._static_large
        curl.setopt(pycurl.HTTPHEADER, webhook_headers(job.id, job.body, self._keys, int(time())) + static)
        if size != slot.sent:
            curl.setopt(pycurl.POSTFIELDSIZE_LARGE, size)
            slot.sent = size
        if slot.addresses is not self._addresses:
            self._direct(slot)
        slot.deadline = self._clock + self._timeout
        self._multi.add_handle(curl)
        self.in_flight += 1

    def poll(self, wait: float) -> list[Attempt]:
        """What ended; waits `wait` seconds at most for something to end."""
        ended = self._perform()
        if not ended and wait > 0:
            readable, writable, _ = self._multi.fdset()
            own = self._multi.timeout()  # ms until libcurl has something to do by itself, -1: never
            readable.append(self._waker.fileno())
            select.select(readable, writable, [], min(wait, own / 1000) if own >= 0 else wait)
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
        left = [slot.job for slot in self._slots.values() if slot.job is not None]
        for curl, slot in self._slots.items():
            if slot.job is not None:
                self._multi.remove_handle(curl)
            curl.close()
        self._slots.clear()
        self._free.clear()
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
        late = [slot for slot in self._slots.values() if slot.job is not None and slot.deadline <= self._clock]
        ended = []
        for slot in late:
            said = f"no answer within {self._options.timeout:g} s"
            ended.append(self._failed(slot, "timeout" if slot.has_left() else "connect-timeout", said))
        return ended

    def _answered(self, curl: pycurl.Curl) -> Attempt:
        slot = self._slots[curl]
        job = slot.job
        assert job is not None
        if not slot.has_head():
            return self._failed(slot, "cut-short", _DIED)
        status: int = curl.getinfo(pycurl.RESPONSE_CODE)
        seconds: float = curl.getinfo(pycurl.TOTAL_TIME)
        if 200 <= status < 300:
            attempt = Attempt(job, status, "", seconds)
        else:
            attempt = Attempt(job, status, "", seconds, *self._refused(slot))
        self._release(slot)
        return attempt

    def _end(self, curl: pycurl.Curl, code: int, message: str) -> Attempt:
        slot = self._slots[curl]
        if not (code == pycurl.E_WRITE_ERROR and slot.size > _BODY):
            # whatever status line there was: an answer cut short is none. Sent again, it may arrive
            # twice, with the same webhook-id; believed, it could be lost.
            said = _DIED if code in (pycurl.E_SEND_FAIL_REWIND, pycurl.E_GOT_NOTHING) else message
            if code == pycurl.E_COULDNT_CONNECT and (number := curl.getinfo(pycurl.OS_ERRNO)):
                said = os.strerror(number).lower()
            return self._failed(slot, KINDS.get(code, OTHER), said)
        return self._answered(curl)

    def _failed(self, slot: _Slot, kind: str, said: str) -> Attempt:
        """An attempt without an answer. Where the request may have left, it may have arrived."""
        job = slot.job
        assert job is not None
        seconds: float = slot.curl.getinfo(pycurl.TOTAL_TIME)
        detail = self._scrubber.scrub(said)[:_DETAIL]
        attempt = Attempt(job, 0, kind, seconds, detail, is_unknown=slot.has_left())
        self._release(slot)
        return attempt

    def _release(self, slot: _Slot) -> None:
        self._multi.remove_handle(slot.curl)
        slot.job = None
        self._free.append(slot)
        self.in_flight -= 1

    def _refused(self, slot: _Slot) -> tuple[str, float]:
        """What a refusal says, and how long it asks to wait."""
        location: str | None = slot.curl.getinfo(pycurl.REDIRECT_URL)
        if location:
            detail = f"redirects to {self._scrubber.scrub(mask_url(location))}"
        else:
            said = slot.sample[:_SAMPLE].decode("utf-8", "replace")
            detail = self._scrubber.scrub(said, is_cut=slot.size > _SAMPLE)
        hold: int = slot.curl.getinfo(pycurl.RETRY_AFTER)  # of seconds or of a date, by libcurl
        return detail[:_DETAIL], float(hold)

    def _open(self) -> _Slot:
        curl = pycurl.Curl()
        slot = _Slot(curl)
        self._slots[curl] = slot
        target, options = self._target, self._options
        curl.setopt(pycurl.URL, target.url)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.CUSTOMREQUEST, options.method)
        curl.setopt(pycurl.READFUNCTION, slot.read)
        curl.setopt(pycurl.HEADERFUNCTION, slot.head.append)
        curl.setopt(pycurl.WRITEFUNCTION, slot.take)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(options.connect_timeout * 1000)))
        curl.setopt(pycurl.PROXY, target.proxy)
        curl.setopt(pycurl.NOPROXY, "")
        if options.lookup_period is not None:
            # a connection that is kept goes where the name led when it was opened
            curl.setopt(pycurl.MAXLIFETIME_CONN, max(1, int(options.lookup_period)))
        _secure(curl, options)
        return slot

    def _direct(self, slot: _Slot) -> None:
        """What was classed is what is connected to, whatever the name resolves to by now."""
        slot.addresses = self._addresses
        addresses = ",".join(f"[{address}]" if ":" in address else address for address in slot.addresses)
        slot.curl.setopt(pycurl.RESOLVE, [f"{self._target.host}:{self._target.port}:{addresses}"])


def _secure(curl: pycurl.Curl, options: HttpOptions) -> None:
    version = pycurl.CURL_HTTP_VERSION_2TLS if options.http2 else pycurl.CURL_HTTP_VERSION_1_1
    curl.setopt(pycurl.HTTP_VERSION, version)
    if options.http2:
        curl.setopt(pycurl.PIPEWAIT, 1)  # a stream of the connection there is, not one more connection
    if options.insecure:
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
    for option, path in (
        (pycurl.CAINFO, options.cacert),
        (pycurl.SSLCERT, options.cert),
        (pycurl.SSLKEY, options.key),
    ):
        if path is not None:
            curl.setopt(option, path)
