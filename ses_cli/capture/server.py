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

from ses_cli.capture.acceptor import Acceptor
from ses_cli.capture.body import Reject
from ses_cli.capture.futures import LoopFutures
from ses_cli.capture.handler import Handler, ReceiverPolicy
from ses_cli.capture.pool import ConnectionPool, Limits
from ses_cli.capture.rejects import reject_line
from ses_cli.capture.rotation import Rotation
from ses_cli.capture.server_events import EventListener, Listening, Note, ReceiverFailure, ReceiverTotals
from ses_cli.capture.service_manager import ServiceManager
from ses_cli.capture.shipping import Ship
from ses_cli.capture.store import MAX_REJECTS, Durability, PartialLine
from ses_cli.capture.tls import server_context
from ses_cli.capture.validator import Validator
from ses_cli.capture.writer import LogWriter
from ses_cli.errors import TargetError
from ses_cli.events import Problem

_BACKLOG = 1024
_SWEEP = 0.25  # seconds between two looks for connections whose time is over
_GRACE = 0.5  # seconds in which a client that has connected may still begin a request, when all is to end
_QUIET = 60.0  # seconds between two notes that connections were closed to make room


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """The settings of a receiver."""

    log: Path
    host: str = "127.0.0.1"
    port: int = 8080  # 0: any that is free
    policy: ReceiverPolicy = field(default_factory=ReceiverPolicy)
    rotation: Rotation = field(default_factory=Rotation)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    limits: Limits = field(default_factory=Limits)
    stop_timeout: float = 10.0  # seconds to answer what has begun, when told to stop
    durability: Durability = "group"
    max_rejects: int = MAX_REJECTS  # bytes
    ship: Ship | None = None  # where rotated files go


def serve(settings: ReceiverSettings, emit: EventListener) -> ReceiverTotals:
    """Receive until SIGTERM or SIGINT, and return what was done. SIGHUP reopens the log.

    `emit` is called from the event loop and from the threads that write.

    Raise `TargetError` where the address or the log cannot be had, `UsageError` where the certificate cannot.
    """
    gc.freeze()  # each request makes objects that reference counts free: look for cycles less often
    gc.set_threshold(50_000, 20, 100)
    tls = server_context(settings.tls_cert, settings.tls_key) if settings.tls_cert else None
    listener = _bind(settings.host, settings.port)
    with listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings, emit, listener, tls))


async def _serve(
    settings: ReceiverSettings, emit: EventListener, listener: socket.socket, tls: ssl.SSLContext | None
) -> ReceiverTotals:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: emit(_failure(context)))
    writer = LogWriter(
        settings.log,
        LoopFutures(loop),
        _partial_line(settings.policy.max_body),
        emit,
        rotation=settings.rotation,
        durability=settings.durability,
        max_rejects=settings.max_rejects,
        ship=settings.ship,
    )
    handler = Handler(settings.policy, writer.append, emit, writer.standing)
    try:
        pool = ConnectionPool(settings.limits)
        stop = _signals(loop, writer.reopen)
        manager = ServiceManager()
        emit(Listening(settings.host, listener.getsockname()[1], tls is not None))
        acceptor = Acceptor(listener, handler, pool, settings.policy.access.admits_peer, emit, tls)
        manager.ready()
        sweeper = loop.create_task(_sweep(pool, emit, manager))
        await stop.wait()
        stop.clear()
        manager.stopping()
        acceptor.close()
        await _drain(pool, settings.stop_timeout, stop)
        sweeper.cancel()
        handler.totals.evicted = pool.evicted
    finally:
        handler.close()
        writer.close()
    return handler.totals


async def _sweep(pool: ConnectionPool, emit: EventListener, manager: ServiceManager) -> None:
    """Close those whose time is over, and say when others had to go for want of places."""
    reported, reported_at = 0, -_QUIET
    while True:
        await asyncio.sleep(_SWEEP)
        pool.sweep()
        manager.alive()
        if pool.evicted > reported and time.monotonic() - reported_at >= _QUIET:
            emit(Note(f"too many connections or bodies: closed {pool.evicted - reported} that were waiting"))
            reported, reported_at = pool.evicted, time.monotonic()


async def _drain(pool: ConnectionPool, seconds: float, hurry: asyncio.Event) -> None:
    """Have every connection answer what has begun, and close; a second signal or the time cuts the others off.

    A request may be on its way that has not been read: connections end with its answer, or after a moment without one.
    """
    pool.stopping = True
    begun = time.monotonic()
    while len(pool) and time.monotonic() < begun + seconds and not hurry.is_set():
        if time.monotonic() >= begun + _GRACE:
            for connection in pool:
                connection.shut_down()
        await asyncio.sleep(0.01)
    for connection in pool:
        connection.abort()


def _partial_line(max_body: int) -> PartialLine:
    """Makes a reject of a line that a stopped writer left partial. It runs in the thread that writes."""
    validator = Validator(max_body)

    def make(tail: bytes) -> bytes:
        (found,) = validator([tail])
        return reject_line(Reject([_PARTIAL, *found], tail), time.time()) if isinstance(found, list | tuple) else b""

    return make


def _failure(context: dict[str, Any]) -> ReceiverFailure:
    """What the event loop met, in a line."""
    error = context.get("exception")
    return ReceiverFailure(context["message"] + (f": {type(error).__name__}: {error}" if error else ""))


def _signals(loop: asyncio.AbstractEventLoop, reopen: Callable[[], None]) -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reopen)
    return stop


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


_PARTIAL = Problem("", 0, 0, "truncated", "", "a writer was stopped in the middle of this line")
_BIND_HINTS: dict[int | None, str] = {
    errno.EADDRINUSE: "another program listens there: stop it, or take another port",
    errno.EADDRNOTAVAIL: "this machine does not have that address: 0.0.0.0 stands for all it has",
    errno.EACCES: "ports below 1024 need a privilege: take a higher one",
}
