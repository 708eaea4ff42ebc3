"""A target's name, looked up again and again: behind it another machine may stand by tomorrow."""

import threading
from collections.abc import Callable
from ipaddress import ip_address

from ses_cli.errors import TargetError
from ses_cli.replay.http.target import Target, classify, resolve

Resolve = Callable[[str, int], tuple[str, ...]]


class Lookup:
    """Looks a name up in a thread: a resolver that hangs delays no request.

    Where the name leads further away than it did when that was agreed to, or nowhere, what was known before stays.
    """

    def __init__(self, target: Target, period: float, resolve: Resolve = resolve) -> None:
        """`period`: seconds between two look-ups."""
        self.addresses = target.addresses
        self._target = target
        self._resolve = resolve
        self._period = period
        self._next: float | None = None
        self._thread: threading.Thread | None = None

    def look(self, now: float) -> bool:
        """Begins a look-up when it is time for one. Whether the last one found other addresses than before."""
        if self._next is None:
            self._next = now + self._period
        if now >= self._next and not (self._thread and self._thread.is_alive()):
            self._next = now + self._period
            self._thread = threading.Thread(target=self._run, name="lookup", daemon=True)
            self._thread.start()
        before, self._target = self._target, self._target._replace(addresses=self.addresses)
        return sorted(before.addresses) != sorted(self._target.addresses)

    def _run(self) -> None:
        try:
            found = self._resolve(self._target.host, self._target.port)
        except TargetError:
            return
        reach = classify([ip_address(address) for address in found])
        if reach <= self._target.reach or not reach.is_asked_about:
            self.addresses = found
