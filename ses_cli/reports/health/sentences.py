"""A change in one sentence that a person can act on, and the command that lists what is behind it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, NamedTuple

from ses_cli.reports.health.changes import Cause, Change
from ses_cli.reports.health.compared import Compared
from ses_cli.reports.health.cube import ANY, Segment
from ses_cli.reports.health.meanings import HOUR, Meaning
from ses_cli.reports.health.periods import edges
from ses_cli.reports.health.since import HourRange
from ses_cli.reports.health.words import NONE, percent
from ses_cli.times import local, rfc3339

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST = 60  # characters of a reason that are quoted
_TOLD = 3  # causes in a sentence
_MOSTLY = 0.9  # of a cause's failures, to be told by one text


class Context(NamedTuple):
    """What a change is told by."""

    compared: Compared
    tz: tzinfo | None = None
    files: Sequence[str] = ()  # the logs, as they were named
    rules: Path | None = None


def sentence(change: Change, context: Context) -> str:
    """`bounces at qq.com 2.1% -> 9.4% since Tue 6 Jan 14:00 +08:00: 212 of 240 more are "550 …" (fix-content)`."""
    before, now = (percent(part / whole) if whole else "none" for part, whole in (change.before, change.now))
    lead = f"{change.metric.title}{_where(change.mail)} {before} -> {now}"
    if change.is_mix:
        parts = [_part(cause, change, context) for cause in change.causes]
        return f"{lead} by the mix of the mail, not the rates: {'; '.join(parts)}"
    lead += _when(change.causes[0].span, context.tz)
    total, more = f"{abs(change.excess):,.0f}", "more" if change.excess > 0 else "fewer"
    if change.causes[0].segment == change.mail:
        text = common(change, change.mail, context)
        return f"{lead}: {total} {more}{f', nearly all {text}' if text else ''}"
    whats: list[str] = []
    for cause in change.causes[:_TOLD]:
        part = f"{abs(cause.excess):,.0f}"
        of = "" if whats else f" {more}" if part == total else f" of {total} {more}"
        whats.append(f"{'all ' if part == total and not whats else ''}{part}{of} {_what(cause, change, context)}")
    return f"{lead}: {', '.join(whats)}"


def _where(mail: Segment) -> str:
    found = f" at {mail.domain or '(no domain)'}" if mail.domain is not ANY else ""
    if mail.template is not ANY:
        found += f" of template {mail.template}"
    if mail.sender is not ANY:
        found += f" {'from' if found else 'of'} {mail.sender or NONE}"
    return found


def _when(span: HourRange | None, tz: tzinfo | None) -> str:
    if span is None or (span.is_old and not span.is_over):
        return ""
    if not span.is_over:
        return f" since {shown(span.start, tz)}"
    if span.is_old:
        return f" until {shown(span.end, tz)}"
    (day, begin, zone), (last, end, _) = (_parts(hour, tz) for hour in (span.start, span.end))
    return f" from {day} {begin} to {'' if day == last else f'{last} '}{end}{zone}"


def shown(hour: int, tz: tzinfo | None) -> str:
    """An hour since 1970 as a person reads it: Tue 6 Jan 14:00 +08:00."""
    day, time, zone = _parts(hour, tz)
    return f"{day} {time}{zone}"


def _parts(hour: int, tz: tzinfo | None) -> tuple[str, str, str]:
    time = local(hour * HOUR, tz)
    offset = f"{time:%z}"
    return (
        f"{time:%a} {time.day} {time:%b}",
        f"{time:%H:%M}",
        f" {offset[:3]}:{offset[3:]}" if time.utcoffset() else "Z",
    )


def _what(cause: Cause, change: Change, context: Context) -> str:
    """What the failures of a cause are, and of what mail."""
    segment, found = cause.segment, []
    text = common(change, segment, context)
    if segment.cls is not ANY:
        action = next(iter(actions(change, segment, context)), "review")
        found.append(f"are {text or f'{segment.cls} ({action})'}")
    if segment.template is not ANY and change.mail.template is ANY:
        found.append(f"template {segment.template}" if found else f"are of template {segment.template}")
        found += [f"nearly all {text}"] if text and segment.cls is ANY else []
    return ", ".join(found)


def common(change: Change, segment: Segment, context: Context) -> str:
    """What nearly all failures of a segment say, quoted where it is one text, with what to do; "" where they differ."""
    failures = _failures(change, segment, context)
    enough = _MOSTLY * sum(n for _, n in failures)
    for meaning, n in failures[:1]:
        text = _sample(Segment(ANY, segment.domain, ANY, meaning.cls, meaning.rule), change, context)
        if n >= enough and text:
            return f"{_quoted(text)} ({meaning.action})"
        if sum(n for other, n in failures if other.cls == meaning.cls) >= enough:
            return f"{meaning.cls} ({meaning.action})"
    return ""


def _part(cause: Cause, change: Change, context: Context) -> str:
    """One part of a mix, and its shares of the mail."""
    told = (percent(share) if share is not None else "none" for share in shares(cause, change, context))
    return f"{_where(cause.segment).strip()} {' -> '.join(told)} of it"


def shares(cause: Cause, change: Change, context: Context) -> list[float | None]:
    """What a part of a mix has of the mail, before and now; None where there is no mail."""
    compared, found = context.compared, list[float | None]()
    start, end, before, until = compared.periods
    for counts, first, last, (_, whole) in (
        (compared.before, before, until, change.before),
        (compared.now, start, end, change.now),
    ):
        mails = counts.by(lambda place: cause.segment.holds(place) or None).counts(edges(counts.hours, first, last))
        part = sum(n for kind, _, _, n in mails if kind in change.metric.whole)
        found.append(part / whole if whole else None)
    return found


def _sample(segment: Segment, change: Change, context: Context) -> str:
    """The newest reason of a segment."""
    fitting = [
        sample
        for (name, meaning), sample in context.compared.now.samples.items()
        if meaning.event == change.metric.event and segment.holds((None, name, None)) and segment.tells(meaning)
    ]
    return " ".join(max(fitting)[1].split()) if fitting else ""


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= _LONGEST else f'"{text[: _LONGEST - 1]}…"'


def _failures(change: Change, segment: Segment, context: Context) -> list[tuple[Meaning, int]]:
    """What the failures of a segment in the window mean."""
    found: Counter[Meaning] = Counter()
    now, periods = context.compared.now, context.compared.periods
    mails = now.by(lambda place: segment.holds(place) or None)
    for meaning, _, _, n in mails.failures(edges(now.hours, periods.start, periods.end)):
        if meaning.event == change.metric.event and segment.tells(meaning):
            found[meaning] += n
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def actions(change: Change, segment: Segment, context: Context) -> dict[str, int]:
    """What to do about the failures of a segment in the window, by how many ask for it: the most first."""
    found: Counter[str] = Counter()
    for meaning, n in _failures(change, segment, context):
        found[meaning.action] += n
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def command(change: Change, context: Context) -> str:
    """The command that lists what is behind a change."""
    cause, event = change.causes[0], change.metric.event
    words = ["ses-events", "bounces", "--events"] if event else ["ses-events", "summarize"]
    if event:
        words += [] if event == "bounce" else ["--event", event]
        words += ["--class", str(cause.segment.cls)] if cause.segment.cls is not ANY else []
        words += ["--rules", str(context.rules)] if context.rules else []
    else:
        words += ["--event", ",".join(sorted(change.metric.parts)), "--by", "domain", "--by", "template"]
    for option, value in zip(("--from-domain", "--domain", "--template"), cause.segment, strict=False):
        words += [option, str(value)] if value is not ANY and value is not None else []
    start, end = (cause.span.start, cause.span.end) if cause.span else context.compared.periods[:2]
    words += ["--since", rfc3339(start * HOUR, context.tz), "--until", rfc3339(end * HOUR, context.tz)]
    return shlex.join([*words, *context.files])
