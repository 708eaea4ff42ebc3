"""The receiver as a whole: a socket, the log, and an HTTP server that runs until it is told to stop."""

import asyncio
import errno
import gc
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ses_cli.capture.body import Reject, reject_line
from ses_cli.capture.connection import MAX_HEAD, Connection, Limits
from ses_cli.capture.futures import LoopFutures
from ses_cli.capture.handler import App, Rules
from ses_cli.capture.rotation import Rotation
from ses_cli.capture.server_events import EventListener, Failure, Listening, Refused, Totals
from ses_cli.capture.validator import Check
from ses_cli.capture.writer import Durability, Log
from ses_cli.errors import TargetError, UsageError
from ses_cli.events import Problem

_BACKLOG = 1024
_FRAMING = 8  # bytes on the wire for one of a body, in the smallest chunks


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a receiver is told."""

    log: Path
    host: str = "127.0.0.1"
    port: int = 8080  # 0: any that is free
    rules: Rules = field(default_factory=Rules)
    rotation: Rotation = field(default_factory=Rotation)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    limits: Limits = field(default_factory=Limits)
    stop_timeout: float = 10.0  # seconds for what is in, when told to stop
    durability: Durability = "group"


def serve(settings: Settings, check: Check, emit: EventListener) -> Totals:
    """Receive until SIGTERM or SIGINT, and return what was done. SIGHUP reopens the log.

    `check` is called from the event loop, and from the thread that writes for a line that a crash left.

    Raise `TargetError` where the address or the log cannot be had, `UsageError` where the certificate cannot.
    """
    gc.freeze()  # each request makes objects that reference counts free: look for cycles less often
    gc.set_threshold(50_000, 20, 100)
    context = _tls(settings.tls_cert, settings.tls_key)
    listener = _bind(settings.host, settings.port)
    with listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings, check, emit, listener, context))


async def _serve(
    settings: Settings, check: Check, emit: EventListener, listener: socket.socket, context: ssl.SSLContext | None
) -> Totals:
    def torn(tail: bytes) -> bytes:
        (found,) = check([tail])
        return reject_line(Reject([_TORN, *found], tail), time.time()) if isinstance(found, list) else b""

    def refused(status: int, why: str) -> None:
        app.totals.refused[status] += 1
        emit(Refused(time.time(), status, why, ""))

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: emit(_trouble(context)))
    log = Log(
        settings.log,
        LoopFutures(loop),
        torn,
        emit,
        rotation=settings.rotation,
        durability=settings.durability,
    )
    try:
        app = App(settings.rules, check, log.append, emit)
        connections: set[Connection] = set()
        max_request = _FRAMING * settings.rules.max_body + MAX_HEAD
        stop = _signals(loop, log.reopen)
        server = await loop.create_server(
            lambda: Connection(app, settings.limits, max_request, connections, refused),
            sock=listener,
            ssl=context,
            ssl_handshake_timeout=settings.limits.request_timeout if context else None,
        )
        emit(Listening(settings.host, listener.getsockname()[1], context is not None))
        await stop.wait()
        stop.clear()
        server.close()
        await _drain(connections, settings.stop_timeout, stop)
    finally:
        log.close()
    return app.totals


def _trouble(context: dict[str, Any]) -> Failure:
    """What the event loop met, in a line."""
    error = context.get("exception")
    return Failure(context["message"] + (f": {type(error).__name__}: {error}" if error else ""))


def _signals(loop: asyncio.AbstractEventLoop, reopen: Callable[[], None]) -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reopen)
    return stop


async def _drain(connections: set[Connection], seconds: float, hurry: asyncio.Event) -> None:
    """Have every connection answer what is in, and close; a second signal or the time cuts the others off."""
    deadline = time.monotonic() + seconds
    while connections and time.monotonic() < deadline and not hurry.is_set():
        for connection in list(connections):
            connection.shutdown()
        await asyncio.sleep(0.01)


def _tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    named = f"certificate {cert}" + (f", key {key}" if key else "")
    try:
        for path in filter(None, (cert, key)):
            path.open("rb").close()  # the library does not say which of them
        context.load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        why = (error.reason or "").replace("_", " ").lower() or "no certificate, or no key for it, in PEM form"
        raise UsageError(f"{named}: {why}", _PEM) from error
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error
    return context


def _no_password() -> str:
    raise UsageError("the key of the certificate is encrypted", hint="openssl pkey -in KEY -out PLAIN")


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        reason = os.strerror(error.errno) if isinstance(error.errno, int) and error.errno > 0 else error.strerror
        message = f"cannot listen on {host}:{port}: {reason}"
        raise TargetError(message, hint=_BIND_HINTS.get(error.errno)) from error


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


_TORN = Problem("", 0, 0, "truncated", "", "a writer was stopped in the middle of this line")
_PEM = "the certificate and those that vouch for it in one file; the key, not encrypted, there or in another"
_BIND_HINTS: dict[int | None, str] = {
    errno.EADDRINUSE: "another program listens there: stop it, or take another port",
    errno.EADDRNOTAVAIL: "this machine does not have that address: 0.0.0.0 stands for all it has",
    errno.EACCES: "ports below 1024 need a privilege: take a higher one",
}
