"""How a replay stands, on standard error: a bar on a terminal, else a line every ten seconds."""

from typing import Protocol

from ses_cli.render import messages
from ses_cli.render.progress import Display

_PERIOD = 10.0  # seconds between two lines where there is no terminal
EXPENDABLE = ("skipped", "p99", "flight", "retries", "rate", "failed")  # where there is no room, the first goes first


class Now(Protocol):
    """How a run stands. Times are seconds."""

    @property
    def seconds(self) -> float: ...
    @property
    def delivered(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def skipped(self) -> int: ...
    @property
    def retries(self) -> int: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def held(self) -> float: ...
    @property
    def p99(self) -> float | None: ...
    @property
    def cause(self) -> str: ...


class Standing(Display):
    """Drawn when there is news."""

    def __init__(self, total: int | None) -> None:
        super().__init__(total)
        self._next = 0.0 if self.is_live else _PERIOD
        self._told = (0, 0, 0)

    def show(self, now: Now, done: int, is_waiting: bool) -> None:
        """Tells how it stands, `done` bytes of the log read, and whether it waits for more of it."""
        if now.seconds < self._next:
            return
        if self.is_live:
            self.draw(done, _parts(now, is_waiting), EXPENDABLE)
            return
        self._next = now.seconds + _PERIOD
        told = (now.delivered, now.failed, now.retries)
        if not is_waiting or told != self._told:  # a log that is followed may stand still for days
            messages.plain(", ".join(_parts(now, is_waiting).values()))
        self._told = told


def _parts(now: Now, is_waiting: bool) -> dict[str, str]:
    rate = now.delivered / now.seconds if now.seconds else 0.0
    parts = {"delivered": f"{now.delivered:,} delivered", "rate": f"{rate:,.0f}/s"}
    parts["flight"] = f"{now.in_flight} in flight"
    parts |= {"failed": f"{now.failed:,} failed"} if now.failed else {}
    parts |= {"retries": f"{now.retries:,} retries"} if now.retries else {}
    parts |= {"skipped": f"{now.skipped:,} skipped"} if now.skipped else {}
    parts |= {"p99": f"p99 {now.p99 * 1000:,.0f} ms"} if now.p99 is not None else {}
    if now.held:
        parts["waiting"] = f"retrying in {now.held:.0f} s" + (f" ({now.cause})" if now.cause else "")
    elif is_waiting and not now.in_flight:
        parts["waiting"] = "waiting for more"
    return parts
