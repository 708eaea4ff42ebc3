"""The maximum of requests per second, retries included."""

MADE_UP = 0.2  # seconds: what was missed for no longer than this is made up for
_EARLY = 0.001  # seconds that a request may leave early, so that one turn can serve many


class RateLimit:
    """When the next request may leave, in seconds on the clock that all calls share. Pure but for its one number.

    Counted on from the last request, not from the start: a target that was slow for a minute gets no burst
    afterwards. In any stretch of t seconds at most `rate * (t + MADE_UP)` requests leave, and one.
    """

    def __init__(self, rate: float | None) -> None:
        self.next = 0.0
        self._step = 1 / rate if rate else 0.0

    @property
    def is_limited(self) -> bool:
        """Whether there is a maximum."""
        return self._step > 0

    def allows(self, clock: float) -> bool:
        """Whether a request may leave now."""
        return clock >= self.next - _EARLY

    def take(self, clock: float) -> None:
        """One leaves."""
        if self._step:
            self.next = max(self.next, clock - MADE_UP) + self._step

    def restart(self, clock: float) -> None:
        """Nothing could be sent until now: nothing of that is made up for."""
        self.next = max(self.next, clock) if self._step else 0.0
