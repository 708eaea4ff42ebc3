"""States of folds: what comes back is what was there, and nothing else is taken in."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ses_cli.batch import Checks, Piece
from ses_cli.cli.report.output import Folded
from ses_cli.engine import engine
from ses_cli.export.arrow import Batches
from ses_cli.export.lines import Lines
from ses_cli.export.rows import Newest, PartRows
from ses_cli.fold import Fold
from ses_cli.render.data import document
from ses_cli.reports.bounces import Bounces, BouncesWanted
from ses_cli.reports.health.report import Asked, Health
from ses_cli.reports.listing import Listing
from ses_cli.reports.messages.report import Messages
from ses_cli.reports.messages.stories import Stories
from ses_cli.reports.summary import Summary
from ses_cli.reports.validation import Validation
from ses_cli.scan.state import StateError, dump, load
from tests.logs import log, record

FITS = {"version": "1"}
LOG = log(record(), record(event="delivered", email="a@qq.com"), record(event="spamreport"), {"event": 1})
FOLDS: list[Callable[[], Fold]] = [
    lambda: Summary(("day", "domain"), ZoneInfo("Asia/Shanghai")),
    Validation,
    lambda: Bounces(BouncesWanted(rules=None, also=frozenset({"spamreport"}))),
    lambda: Health(Asked(tz=ZoneInfo("Asia/Shanghai"))),
    lambda: Stories(None, 20, None),
    Messages,
    lambda: Listing(BouncesWanted()),
    lambda: Newest(10),
    lambda: PartRows(("email", "event")),
    lambda: Batches(("email", "event")),
    lambda: Lines(False),
    lambda: Folded(Health(), Bounces(BouncesWanted())),
]


def added(make: Callable[[], Any]) -> Any:
    fold = make()
    fold.add(engine(Checks()).check(Piece("log", 0, LOG)))
    return fold


def held(fold: Any) -> bytes:
    """What a fold says; what it is made of, where it says nothing by itself."""
    if isinstance(fold, Folded):
        return held(fold.health) + held(fold.bounces)
    return b"".join(document(fold.document())) if hasattr(fold, "document") else dump(fold, FITS)


@pytest.mark.parametrize("make", FOLDS)
def test_a_fold_comes_back(make: Callable[[], Fold]) -> None:
    """What a fold says is what it said, and it goes on."""
    found: Any = load(dump(added(make), FITS), FITS)
    assert held(found) == held(added(make))
    twice = added(make)
    twice.merge(added(make))
    found.merge(load(dump(added(make), FITS), FITS))
    assert held(found) == held(twice)


class Evil:
    """Calls something when it is read."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.call = call, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("evil", [Evil(os.system, "true"), Evil(eval, "1"), Evil(getattr, Path, "home")])
def test_nothing_is_called(evil: Evil) -> None:
    """A state that would call anything is refused, though it fits."""
    with pytest.raises(StateError, match="is no data"):
        load(dump(evil, FITS), FITS)


def test_what_does_not_fit_is_refused() -> None:
    """Another version, a byte that is another one, half of it, or what is none at all: each in words."""
    state = dump(added(Validation), FITS)
    with pytest.raises(StateError, match="another version: expected 2, got 1"):
        load(state, {"version": "2"})
    with pytest.raises(StateError, match="damaged"):
        load(state[:-1] + b"?", FITS)
    with pytest.raises(StateError, match="damaged"):
        load(state[: len(state) // 2], FITS)
    for none in (b"", b"{}\n", pickle.dumps(1), b"[1]\n"):
        with pytest.raises(StateError, match="not a state of this program"):
            load(none, FITS)
