"""Tells the service manager that the receiver is ready, alive or stopping: systemd's sd_notify(3) protocol."""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress


class ServiceManager:
    """Sends datagrams to `NOTIFY_SOCKET`, and nothing where there is none. A manager that is gone is no error."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        is_for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "")
        self._period = int(microseconds) / 2e6 if is_for_us and microseconds.isdecimal() else 0.0
        self._next = 0.0

    def ready(self) -> None:
        """Callbacks are accepted from now on."""
        self._send("READY=1")

    def alive(self) -> None:
        """The event loop turns. Call it often: a datagram is sent twice in the time the watchdog allows."""
        if self._period and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._period
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """What has begun is answered, and nothing more accepted."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.setblocking(False)
            out.sendto(state.encode(), address)
