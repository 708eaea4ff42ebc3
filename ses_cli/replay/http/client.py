"""Requests over HTTP by libcurl: exact bytes, connections kept, nothing followed."""

import os
import select
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import time

import pycurl

from ses_cli.errors import UsageError
from ses_cli.replay.http.headers import static_headers, webhook_headers
from ses_cli.replay.http.mask import mask_url, scrub, secrets_of
from ses_cli.replay.http.target import Target
from ses_cli.replay.job import Attempt, Job

MAX_CONCURRENCY = 512  # libcurl waits with select, which knows 1024 descriptors
_BODY = 1 << 20  # bytes of an answer that are read; nobody needs more
_LARGE = 1000  # bytes of a body from which some libcurl might ask first whether it is welcome
_SAMPLE = 300  # bytes of it that are kept, to show why something failed

KINDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: "resolve",
    pycurl.E_COULDNT_RESOLVE_PROXY: "proxy",
    97: "proxy",  # the handshake with it; no name in older versions
    pycurl.E_COULDNT_CONNECT: "connect",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_GOT_NOTHING: "no-answer",
    pycurl.E_SEND_ERROR: "reset",
    pycurl.E_RECV_ERROR: "reset",
    pycurl.E_PARTIAL_FILE: "cut-short",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_SSL_CERTPROBLEM: "tls",
    pycurl.E_SSL_CACERT_BADFILE: "tls",
}
OTHER = "bad-answer"  # what is no HTTP


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


class _Slot:
    """A libcurl handle, used again and again, and what comes back on it."""

    __slots__ = ("curl", "job", "sample", "size")

    def __init__(self, curl: pycurl.Curl) -> None:
        self.curl = curl
        self.job: Job | None = None
        self.sample = b""
        self.size = 0

    def take(self, data: bytes) -> int | None:
        """A piece of the answer's body."""
        self.size += len(data)
        if len(self.sample) < _SAMPLE:
            self.sample += data[:_SAMPLE]
        return None if self.size <= _BODY else -1  # -1 ends the transfer; the status stands


class Client:
    """The sender. Not thread-safe. UsageError if `wire` makes no sense."""

    def __init__(self, target: Target, wire: HttpOptions, concurrency: int) -> None:
        if not 0 < concurrency <= MAX_CONCURRENCY:
            raise UsageError(f"concurrency is from 1 to {MAX_CONCURRENCY}, not {concurrency}")
        for option, path in (("--cacert", wire.cacert), ("--cert", wire.cert), ("--key", wire.key)):
            if path is not None and not os.access(path, os.R_OK):
                raise UsageError(f"{option} {path}: there is no such file, or it cannot be read")
        self.in_flight = 0
        self._target = target
        self._wire = wire
        self._static = static_headers(wire.headers)
        self._secrets = secrets_of(target.url) | {value for _, value in wire.headers if len(value) >= 8}
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, concurrency)
        self._slots: dict[pycurl.Curl, _Slot] = {}
        self._free: list[_Slot] = []
        self._head = 0  # bytes of a request without its body, once known

    def send(self, job: Job) -> None:
        """Begin an attempt."""
        slot = self._free.pop() if self._free else self._open()
        slot.job, slot.sample, slot.size = job, b"", 0
        delivery = job.delivery
        headers = [*webhook_headers(delivery, self._wire.keys, int(time())), *self._static]
        if len(delivery.body) >= _LARGE:
            headers.append("Expect:")  # libcurl would have it wait for a 100
        slot.curl.setopt(pycurl.HTTPHEADER, headers)
        slot.curl.setopt(pycurl.POSTFIELDS, delivery.body)
        self._multi.add_handle(slot.curl)
        self.in_flight += 1

    def poll(self, wait: float) -> list[Attempt]:
        """What ended; waits `wait` seconds at most for something to end."""
        self._multi.perform()
        answers = self._ended()
        if answers or wait <= 0:
            return answers
        readable, writable, _ = self._multi.fdset()
        own = self._multi.timeout()  # ms until libcurl has something to do by itself, -1: never
        select.select(readable, writable, [], min(wait, own / 1000) if own >= 0 else wait)
        self._multi.perform()
        return self._ended()

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
        self.in_flight = 0
        return left

    def _ended(self) -> list[Attempt]:
        answers: list[Attempt] = []
        while True:
            left, good, bad = self._multi.info_read(256)
            for curl in good:
                answers.append(self._answer(curl, 0, ""))  # noqa: PERF401
            for curl, code, message in bad:
                answers.append(self._answer(curl, code, message))
            if not left:
                return answers

    def _answer(self, curl: pycurl.Curl, code: int, message: str) -> Attempt:
        slot = self._slots[curl]
        job = slot.job
        assert job is not None
        status: int = curl.getinfo(pycurl.RESPONSE_CODE)
        seconds: float = curl.getinfo(pycurl.TOTAL_TIME)
        extra = self._resent(curl, job) if curl.getinfo(pycurl.NUM_CONNECTS) else 0
        if code == 0 or (code == pycurl.E_WRITE_ERROR and slot.size > _BODY):
            if 200 <= status < 300:
                answer = Attempt(job, status, "", seconds, extra=extra)
            else:
                answer = Attempt(job, status, "", seconds, *self._refused(curl, slot), extra)
        else:
            # whatever status line there was: an answer cut short is none. Sent again, it may arrive
            # twice, with the same webhook-id; believed, it could be lost.
            detail = scrub(message, self._secrets)[:_SAMPLE]
            answer = Attempt(job, 0, self._kind(curl, code), seconds, detail, extra=extra)
        self._multi.remove_handle(curl)
        slot.job = None
        self._free.append(slot)
        self.in_flight -= 1
        return answer

    def _refused(self, curl: pycurl.Curl, slot: _Slot) -> tuple[str, float]:
        """What a refusal says, and how long it asks to wait."""
        location: str | None = curl.getinfo(pycurl.REDIRECT_URL)
        if location:
            detail = f"redirects to {mask_url(location)}"
        else:
            detail = scrub(slot.sample[:_SAMPLE].decode("utf-8", "replace"), self._secrets)
        hold: int = curl.getinfo(pycurl.RETRY_AFTER)  # of seconds or of a date, by libcurl
        return detail, float(hold)

    @staticmethod
    def _kind(curl: pycurl.Curl, code: int) -> str:
        if code == pycurl.E_OPERATION_TIMEDOUT and not curl.getinfo(pycurl.PRETRANSFER_TIME):
            return "connect-timeout"
        return KINDS.get(code, OTHER)

    def _resent(self, curl: pycurl.Curl, job: Job) -> int:
        """How often libcurl sent the request over without asking, since a kept connection died under it.

        It does so for a request on a kept connection that got no byte of an answer, and does not say so;
        but it adds up the bytes. The target may have taken in both.
        """
        if self._wire.http2:
            return 0  # there a server says which requests it refused unread, at the end of a connection
        head: int = curl.getinfo(pycurl.REQUEST_SIZE) - len(job.delivery.body)
        if not self._head:
            self._head = head  # nothing was kept yet when the first one left
        return int(head > self._head * 1.5)

    def _open(self) -> _Slot:
        curl = pycurl.Curl()
        slot = _Slot(curl)
        self._slots[curl] = slot
        target, wire = self._target, self._wire
        curl.setopt(pycurl.URL, target.url)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.CUSTOMREQUEST, wire.method)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(wire.timeout * 1000)))
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(wire.connect_timeout * 1000)))
        curl.setopt(pycurl.WRITEFUNCTION, slot.take)
        curl.setopt(pycurl.PROXY, target.proxy)
        curl.setopt(pycurl.NOPROXY, "")
        if target.addresses:
            # what was classed is what is connected to, whatever the name resolves to by now
            addresses = ",".join(f"[{address}]" if ":" in address else address for address in target.addresses)
            curl.setopt(pycurl.RESOLVE, [f"{target.host}:{target.port}:{addresses}"])
        _secure(curl, wire)
        return slot


def _secure(curl: pycurl.Curl, wire: HttpOptions) -> None:
    version = pycurl.CURL_HTTP_VERSION_2TLS if wire.http2 else pycurl.CURL_HTTP_VERSION_1_1
    curl.setopt(pycurl.HTTP_VERSION, version)
    if wire.http2:
        curl.setopt(pycurl.PIPEWAIT, 1)  # a stream of the connection there is, not one more connection
    if wire.insecure:
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
    for option, path in (
        (pycurl.CAINFO, wire.cacert),
        (pycurl.SSLCERT, wire.cert),
        (pycurl.SSLKEY, wire.key),
    ):
        if path is not None:
            curl.setopt(option, path)
