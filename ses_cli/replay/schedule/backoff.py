"""When a failed attempt is tried again: pure functions of attempt, answer and a given random number."""

import re

from ses_cli.errors import UsageError

BASE, CAP = 0.5, 60.0  # seconds
MAX_HOLD = 3600.0  # seconds: no Retry-After may park a run for longer
_PART = re.compile(r"(?P<class>[13-5])xx|(?P<first>[1-5][0-9]{2})(-(?P<last>[1-5][0-9]{2}))?", re.IGNORECASE)
# refusals that say nothing of the callback: who sends, where to, how much or how often
_NOT_ALIVE = frozenset({401, 403, 404, 405, 407, 408, 410, 425, 429})
RETRY_ON = frozenset({408, 425, 429, *range(500, 600)})


def pause(attempt: int, random: float) -> float:
    """Seconds before the next attempt, after `attempt` (from 1) failed; `random` is from [0, 1).

    Exponential with full jitter: anything from nothing to the whole step, so that lanes which
    failed together do not come back together.
    """
    return random * min(CAP, BASE * 2.0 ** min(attempt - 1, 30))


def retryable(status: int, statuses: frozenset[int] = RETRY_ON) -> bool:
    """Whether an attempt may be repeated. Status 0 stands for no answer: always."""
    return status == 0 or status in statuses


def proves_alive(status: int) -> bool:
    """Whether an answer shows that the target handles callbacks, though it may have refused this one."""
    return 200 <= status < 300 or (400 <= status < 500 and status not in _NOT_ALIVE)


def parse_statuses(text: str) -> frozenset[int]:
    """`408,429,5xx,520-524` as a set of statuses; UsageError on anything else, and on 2xx."""
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise UsageError(f"invalid list of statuses: {text!r}", "like 408,429,5xx or 500-504")
        if match["class"]:
            found.update(range(int(match["class"]) * 100, int(match["class"]) * 100 + 100))
        else:
            found.update(range(int(match["first"]), int(match["last"] or match["first"]) + 1))
    if not found or found & set(range(200, 300)):
        raise UsageError(f"invalid list of statuses: {text!r}", "2xx is not a failure, and ranges must ascend")
    return frozenset(found)
