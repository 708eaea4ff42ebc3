"""Ends a wait for sockets from another thread."""

import socket
from threading import Lock


class Waker:
    """A pair of sockets: what is written to one makes the other readable. Where nobody waits nothing is written."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self._there.setblocking(False)
        self._lock = Lock()  # a descriptor that is closed may be another file's by the time it is written to
        self._is_awake = self._is_waited_for = False

    def fileno(self) -> int:
        """To be waited for."""
        return self._here.fileno()

    def wake(self) -> None:
        """End the wait, or the next one. Does nothing once it is closed."""
        with self._lock:
            if not self._is_awake:
                self._is_awake = True
                if self._is_waited_for:
                    self._there.send(b"1")

    def begin(self) -> bool:
        """Somebody is about to wait. Whether nobody has ended that already."""
        with self._lock:
            self._is_waited_for = not self._is_awake
            return self._is_waited_for

    def clear(self) -> None:
        """The wait is over."""
        with self._lock:
            if self._is_awake and self._is_waited_for:
                self._here.recv(1)
            self._is_awake = self._is_waited_for = False

    def close(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._is_awake = True
            self._here.close()
            self._there.close()
