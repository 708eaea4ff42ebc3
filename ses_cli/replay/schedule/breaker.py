"""How many requests may be out at once: one until the target proves alive, fewer to none while it fails."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds between probes


class Breaker:
    """Closed, requests go out, up to `limit`, which starts at 1 and doubles with every round that succeeds.

    Open, they go one at a time, with growing pauses, until one succeeds. It starts as if half open:
    the first request is a probe, so a dead or wrong target costs one request. Attempts are counted,
    not deliveries: with retries, twenty failed deliveries would be a hundred requests to a dead target.
    """

    def __init__(self, concurrency: int, give_up_after: int = 20, give_up_time: float = 60.0) -> None:
        self.limit = 1  # requests that may be out at once
        self.not_before = 0.0  # no request leaves earlier than this
        self.gave_up = False
        self.successes = 0
        self.failing_since: float | None = None  # when the first attempt failed since the last success
        self.open = True
        self._concurrency = concurrency
        self._give_up_after = give_up_after
        self._give_up_time = give_up_time
        self._streak = 0
        self._pause = FIRST_PAUSE
        self._since: float | None = None  # when the failing began, while open

    def success(self, count: int = 1) -> None:
        """Answers proved the target alive, be it to a probe or to requests sent before the breaker opened."""
        self._streak = 0
        self.successes += count
        self.failing_since = None
        if self.open:
            self.open, self._since, self._pause = False, None, FIRST_PAUSE
            self.not_before = 0.0
        if self.limit < self._concurrency:
            self.limit = min(self.limit + count, self._concurrency)  # double for each round

    def failure(self, now: float) -> None:
        """An attempt failed at `now`, seconds on the clock that all calls share."""
        self._streak += 1
        if self.failing_since is None:
            self.failing_since = now
        if self.open:
            self._probe_failed(now)
        elif self._streak >= self._give_up_after:
            self.open, self.limit = True, 1
            self._wait(now)

    def _probe_failed(self, now: float) -> None:
        if now < self.not_before:
            return  # no probe: it left before the breaker opened
        if self._since is not None and now - self._since >= self._give_up_time:
            self.gave_up = True
            return
        self._wait(now)

    def _wait(self, now: float) -> None:
        if self._since is None:
            self._since = now
        # the last probe leaves just when patience ends, so that the end is not a matter of luck
        self.not_before = max(now, min(now + self._pause, self._since + self._give_up_time))
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
