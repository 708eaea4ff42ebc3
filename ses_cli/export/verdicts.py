"""What the reasons of exported records mean."""

from functools import cache
from threading import Lock

from ses_cli.batch.collected import CollectedColumns
from ses_cli.batch.records import Located
from ses_cli.reasons import Classifier, Verdict

_MOST = 1 << 14  # that are remembered
_known: dict[bytes, Verdict] = {}  # by what is said
_lock = Lock()


@cache
def _load() -> Classifier:
    return Classifier.load()


def _classifier() -> Classifier:
    """The one that all records are classified by, loaded once whatever thread asks first."""
    with _lock:
        return _load()


def verdict(located: Located) -> Verdict | None:
    """What the reason of a bounce, a deferral or a drop means; None of any other event."""
    record = located.record
    if record.event not in ("bounce", "deferred", "dropped") or not record.reason:
        return None
    kind = "soft_bounce" if record.event == "deferred" else record.bounce_type
    return _classifier().classify(record.reason, kind, record.email)


def verdicts(found: CollectedColumns) -> list[Verdict]:
    """What the reasons of collected records mean, by their numbers."""
    return [_known.get(said) or _learn(found, number, said) for number, said in enumerate(found.reasons())]


def _learn(found: CollectedColumns, number: int, said: bytes) -> Verdict:
    if len(_known) >= _MOST:
        _known.clear()
    _known[said] = learned = _classifier().classify_hidden(*found.reason(number))[0]
    return learned
