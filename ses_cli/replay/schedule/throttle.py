"""When nothing may be sent: the target fails, asked to wait or has had its share. What the schedule does then."""

from ses_cli.replay.schedule.backoff import MAX_HOLD
from ses_cli.replay.schedule.breaker import Breaker
from ses_cli.replay.schedule.rate import RateLimit


class Throttle:
    """The breaker, the target's Retry-After and the rate limit as one; all times are seconds from the start of the run.

    The schedule stands still while nothing may be sent: without that, a run at 200 a second would greet a target
    that comes back after a minute with 12,000 at once.
    """

    def __init__(self, breaker: Breaker, rate: float | None = None) -> None:
        self.breaker = breaker
        self.rate = RateLimit(rate)
        self._asked = 0.0  # no request before this, by Retry-After
        self._since: float | None = None  # when it began to hold
        self._lost = 0.0  # seconds held, in all

    @property
    def until(self) -> float:
        """Nothing may be sent before this."""
        return max(self._asked, self.breaker.not_before)

    def ask(self, clock: float, seconds: float) -> None:
        """The target asked for nothing to be sent for so long."""
        self._asked = max(self._asked, clock + min(seconds, MAX_HOLD))

    def holds(self, clock: float) -> bool:
        """Whether nothing may be sent now."""
        if clock < self.until:
            if self._since is None:
                self._since = clock
            return True
        if self._since is not None:
            self._lost += clock - self._since
            self._since = None
            self.rate.restart(clock)
        return False

    def rest(self, clock: float) -> None:
        """There is nothing to send: the schedule stands still until the next turn asks whether it holds."""
        if self._since is None:
            self._since = clock

    def schedule(self, clock: float) -> float:
        """The time on the schedule: the clock without the time held."""
        return (clock if self._since is None else self._since) - self._lost
