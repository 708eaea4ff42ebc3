"""When a failed attempt is tried again: pure functions of attempt, answer and a given random number."""

from ses_cli.errors import UsageError

BASE, CAP = 0.5, 60.0  # seconds
MAX_HOLD = 3600.0  # seconds: no Retry-After may park a run for longer
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


def parse_statuses(text: str) -> frozenset[int]:
    """`408,429,5xx,520-524` as a set of statuses; UsageError on anything else."""
    found: set[int] = set()
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        first, _, last = part.partition("-")
        if len(part) == 3 and part[0] in "12345" and part[1:].lower() == "xx":
            found.update(range(int(part[0]) * 100, int(part[0]) * 100 + 100))
        elif first.isascii() and first.isdigit() and (last or first).isascii() and (last or first).isdigit():
            found.update(range(int(first), int(last or first) + 1) if len(first + last) <= 6 else [0])
        else:
            found.add(0)
    if not found or min(found) < 100 or max(found) > 599 or found & set(range(200, 300)):
        raise UsageError(f"no list of failing statuses: {text!r}", "like 408,429,5xx or 500-504")
    return frozenset(found)
