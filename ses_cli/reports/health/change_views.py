"""What changed, as tables for people and objects for programs."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ses_cli.reasons import ACTIONS
from ses_cli.reports.health.changes import Cause, Change
from ses_cli.reports.health.conditions import Failure
from ses_cli.reports.health.cube import ANY, Segment
from ses_cli.reports.health.meanings import HOUR
from ses_cli.reports.health.novelties import Novelty
from ses_cli.reports.health.sentences import Context, actions, command, sentence, shown
from ses_cli.reports.health.views import rounded
from ses_cli.table import Column, Kind, Table
from ses_cli.times import rfc3339

_NAMES = {"domain": "domain", "template": "template", "cls": "class", "rule": "rule"}


def verdict(context: Context | None, changes: Sequence[Change]) -> Iterator[str]:
    """How many rates changed, in a line."""
    if context is None:
        return
    harms = sum(change.is_harm for change in changes)
    if changes:
        better = len(changes) - harms
        told = [f"{harms:,} for the worse"] if harms else []
        told += [f"{better:,} for the better"] if better else []
        yield f"{len(changes):,} {'rate' if len(changes) == 1 else 'rates'} changed: {', '.join(told)}"
    else:
        yield "no rate changed beyond chance" if _has_baseline(context) else "nothing to compare with: no mail before"


def _has_baseline(context: Context) -> bool:
    return any(map(context.compared.periods.is_before, context.compared.before.hours))


def tables(
    context: Context, changes: Sequence[Change], novelties: Sequence[Novelty], top: int | None
) -> Iterator[Table]:
    """The changes in sentences, what to do about them, and what is new or gone."""
    rows = [(f"{number}", sentence(change, context)) for number, change in enumerate(changes[:top], 1)]
    columns = (Column("", Kind.KEY), Column(_compared(context)))
    left = len(changes) - len(rows)
    table = Table("what changed", columns, rows, notes=[f"{left:,} more: --top all"] if left else [])
    table.commands += [command(change, context) for change in changes[:top]]
    yield table
    yield _what_to_do(context, [change for change in changes if change.is_harm])
    told = [(f"{one}",) for one in novelties[:top]]
    left = len(novelties) - len(told)
    yield Table("new and gone", (Column("in the window"),), told, notes=[f"{left:,} more: --top all"] if left else [])


def _compared(context: Context) -> str:
    periods = context.compared.periods
    window, baseline = ((shown(hour, context.tz) for hour in pair) for pair in (periods[:2], periods[2:]))
    return f"{' to '.join(window)}, against {' to '.join(baseline)}"


def _what_to_do(context: Context, changes: Sequence[Change]) -> Table:
    found: Counter[str] = Counter()
    for change in changes:
        for cause in change.causes:
            found.update(actions(change, cause.segment, context))
    rows = [(action, found[action], meaning) for action, meaning in ACTIONS.items() if found[action]]
    return Table("what to do", (Column("action", Kind.KEY), Column("mails", Kind.COUNT), Column("meaning")), rows)


def periods(context: Context | None) -> dict[str, object]:
    """The window and the baseline, as JSON has them."""
    if context is None:
        return {"window": None, "baseline": None}
    start, end, before, until = (rfc3339(hour * HOUR, context.tz) for hour in context.compared.periods)
    return {"window": {"from": start, "to": end}, "baseline": {"from": before, "to": until}}


def change(one: Change, context: Context | None) -> dict[str, object]:
    """A change as JSON has it."""
    assert context
    span = one.causes[0].span
    (had, of), (has, now) = one.before, one.now
    return {
        "metric": one.metric.name,
        "kind": "mix" if one.is_mix else "rate",
        "from_domain": _sender(one.causes[0].segment),
        "baseline": rounded(had / of) if of else None,
        "now": rounded(has / now) if now else None,
        "since": rfc3339(span.start * HOUR, context.tz) if span else None,
        "until": rfc3339(span.end * HOUR, context.tz) if span and span.is_over else None,
        "excess": round(one.excess, 1),
        "p_value": one.chance,
        "is_harm": one.is_harm,
        "counts": {"baseline": [had, of], "now": [has, now]},
        "segments": [_segment(cause, one, context) for cause in one.causes],
        "actions": actions(one, one.mail, context),
        "sentence": sentence(one, context),
        "command": command(one, context),
    }


def _sender(segment: Segment) -> object:
    return None if segment.sender is ANY else segment.sender


def _segment(cause: Cause, one: Change, context: Context) -> dict[str, object]:
    """The values that tell a segment apart."""
    told = {
        _NAMES[name]: value for name, value in cause.segment._asdict().items() if name in _NAMES and value is not ANY
    }
    if cause.span and not cause.span.is_old:
        told["hour"] = rfc3339(cause.span.start * HOUR, context.tz)
    return {
        **told,
        "excess": round(cause.excess, 1),
        "share": round(cause.excess / one.excess, 3) if one.excess else None,
    }


def novelty(one: Novelty) -> dict[str, object]:
    """What is new or gone, as JSON has it."""
    return {"kind": one.kind, "what": one.what, "name": one.name, "baseline": one.before, "now": one.now}


def failure(one: Failure) -> dict[str, object]:
    """A condition that holds, as JSON has it."""
    day = None if one.day is None else f"{one.day}"
    return {"condition": one.condition, "from_domain": one.from_domain, "day": day, "value": one.value}
