"""The receiver as a whole: a socket, the log, and an HTTP server that runs until it is told to stop."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from ses_cli.capture.app import App, Rules
from ses_cli.capture.body import Check, Reject, reject_line
from ses_cli.capture.log import Durability, Log
from ses_cli.capture.notices import Listening, Refused, Tell, Totals
from ses_cli.capture.promises import LoopFutures
from ses_cli.capture.protocol import MAX_HEAD, GuardedProtocol
from ses_cli.capture.rotate import Rotation
from ses_cli.errors import TargetError, UsageError
from ses_cli.events import Problem

_BACKLOG = 1024


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
    max_connections: int = 512
    request_timeout: float = 20.0  # seconds; a request must be there whole within one to two of them
    idle_timeout: int = 75  # seconds; more than a proxy's, or its next request meets a closed connection
    stop_timeout: int = 10  # seconds for what is in, when told to stop
    durability: Durability = "group"


def serve(settings: Settings, check: Check, tell: Tell) -> Totals:
    """Receive until SIGTERM or SIGINT, and return what was done. SIGHUP reopens the log.

    Raise `TargetError` where the address or the log cannot be had, `UsageError` where the certificate cannot.
    """
    listener = _bind(settings.host, settings.port)
    with listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings, check, tell, listener))


async def _serve(settings: Settings, check: Check, tell: Tell, listener: socket.socket) -> Totals:
    def torn(tail: bytes) -> bytes:
        found = check(tail)
        return reject_line(Reject([_TORN, *found], tail), time.time()) if isinstance(found, list) else b""

    log = Log(
        settings.log,
        LoopFutures(asyncio.get_running_loop()),
        torn,
        tell,
        rotation=settings.rotation,
        durability=settings.durability,
    )
    try:
        app = App(settings.rules, check, log.append, tell)
        server = _Server(
            _config(settings, app, tell), log.reopen, lambda: tell(_listening(settings, listener))
        )
        await server.serve([listener])
    finally:
        log.close()
    return app.totals


class _Server(uvicorn.Server):
    """uvicorn, which leaves the process alone after a signal, and says when it is ready."""

    def __init__(self, config: uvicorn.Config, reopen: Callable[[], None], ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._reopen = reopen
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        stops = (signal.SIGINT, signal.SIGTERM)
        for stop in stops:
            loop.add_signal_handler(stop, self.handle_exit, stop, None)
        loop.add_signal_handler(signal.SIGHUP, self._reopen)
        try:
            yield
        finally:
            for number in (*stops, signal.SIGHUP):
                loop.remove_signal_handler(number)


def _config(settings: Settings, app: App, tell: Tell) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=_protocol(settings, app, tell),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        workers=1,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=settings.idle_timeout,
        timeout_graceful_shutdown=settings.stop_timeout,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(f"{settings.tls_cert}, {settings.tls_key}: {error.strerror or error}") from error
    return config


def _protocol(settings: Settings, app: App, tell: Tell) -> type[GuardedProtocol]:
    def heard(status: int, why: str) -> None:
        app.totals.refused[status] += 1
        tell(Refused(time.time(), status, why, ""))

    class Protocol(GuardedProtocol):
        max_connections = settings.max_connections
        max_request = 8 * settings.rules.max_body + MAX_HEAD
        request_timeout = settings.request_timeout
        refused = staticmethod(heard)

    return Protocol


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        hint = "another --port, or stop what listens there" if isinstance(error, OSError) else None
        raise TargetError(f"cannot listen on {host}:{port}: {error.strerror}", hint=hint) from error


def _listening(settings: Settings, listener: socket.socket) -> Listening:
    return Listening(settings.host, listener.getsockname()[1], settings.tls_cert is not None)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 (it does not exist everywhere)
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


_TORN = Problem("", 0, 0, "truncated", "", "a writer was stopped in the middle of this line")
