"""Durations counted in buckets that grow with them: quantiles in fixed memory, mergeable."""

import math
from collections import Counter
from collections.abc import Sequence

_STEPS = 1 / math.log(1.02)  # buckets are 2 % wide: a quantile is off by 1 % at most


class Histogram:
    """Durations in seconds; what is below a microsecond counts as one."""

    def __init__(self) -> None:
        self.count = 0
        self.max = 0.0
        self._buckets: Counter[int] = Counter()

    def add(self, durations: Sequence[float]) -> None:
        """Count durations."""
        self.count += len(durations)
        self.max = max(self.max, max(durations, default=0.0))
        log = math.log
        self._buckets.update([int(log(seconds * 1e6) * _STEPS) if seconds > 1e-6 else 0 for seconds in durations])

    def merge(self, other: "Histogram") -> None:
        """Count all of the other's durations too."""
        self.count += other.count
        self.max = max(self.max, other.max)
        self._buckets.update(other._buckets)

    def quantile(self, share: float) -> float | None:
        """Seconds that `share` (from 0 to 1) of the durations do not exceed; None if there are none."""
        rank = max(1, math.ceil(share * self.count))
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= rank:
                return min(math.exp((bucket + 0.5) / _STEPS) / 1e6, self.max)
        return None
