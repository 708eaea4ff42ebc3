"""A story as people and as programs read it."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import NamedTuple

from ses_cli.callback import Callback
from ses_cli.message import Sent, Step, proxy
from ses_cli.reports.messages.conclusion import CAUSES, Judge, conclusion
from ses_cli.reports.messages.rows import NAMES, row
from ses_cli.reports.messages.story import Story
from ses_cli.table import Column, Kind, Table, Value
from ses_cli.times import rfc3339

_WORDS = {
    Step.PROCESSED: "processed",
    Step.DEFERRED: "deferred",
    Step.SOFT_BOUNCE: "soft bounce",
    Step.UNTYPED_BOUNCE: "bounce",
    Step.HARD_BOUNCE: "hard bounce",
    Step.DROPPED: "dropped",
    Step.DELIVERED: "delivered",
    Step.OPEN: "open",
    Step.MACHINE_OPEN: "open (proxy)",
    Step.CLICK: "click",
    Step.UNSUBSCRIBE: "unsubscribe",
    Step.SPAMREPORT: "spam report",
}
_REASONED = (Step.DEFERRED, Step.SOFT_BOUNCE, Step.UNTYPED_BOUNCE, Step.HARD_BOUNCE, Step.DROPPED)
_SENT_FROM = {Sent.TIMESTAMP: "sentTimestamp", Sent.BULK_ID: "bulkId"}


class Told(NamedTuple):
    """One line of a story."""

    time: int
    after: int | None  # seconds since the line before
    record: Callback | None  # None: when it was sent
    step: Step | None


def told(story: Story) -> Iterator[Told]:
    """The steps in the order of their times, when it was sent among them."""
    lines: list[tuple[int, Callback | None, Step | None]] = [
        (key.time, record, key.step) for key, record in story.steps
    ]
    sent = story.life.sent
    if sent is not None:
        lines.insert(sum(time < sent for time, *_ in lines), (sent, None, None))
    before: int | None = None
    for time, record, step in lines:
        yield Told(time, None if before is None else time - before, record, step)
        before = time


def table(story: Story, judge: Judge, tz: tzinfo | None) -> Table:
    """The steps, and below them what it comes to."""
    subject = f'"{story.subject}" to ' if story.subject else "to "
    columns = (Column("time", Kind.TIME), Column("after", Kind.DURATION), Column("step"), Column("details"))
    rows = [(line.time, line.after, _word(line), _details(story, line, judge)) for line in told(story)]
    notes = [f"bulkId {story.bulk_id}"] if story.bulk_id else ["without a bulkId: these may be several messages"]
    notes += [f"Message-ID {story.message_id}"] if story.message_id else []
    notes += [f"{story.doubles:,} more callbacks say the same"] if story.doubles > 1 else []
    notes += ["1 more callback says the same"] if story.doubles == 1 else []
    title, end = f"{subject}{story.email or 'no address'}", conclusion(story, judge, tz)
    return Table(title, columns, rows, notes=notes, conclusion=end)


def _word(line: Told) -> str:
    return "sent" if line.step is None else _WORDS[line.step]


def _details(story: Story, line: Told, judge: Judge) -> str:
    record = line.record
    if record is None or line.step is None:
        template = f"template {story.template}" if story.template else ""
        said = [f"by {story.sender}" if story.sender else "", template]
        source = " (time from the bulkId)" if story.sent_from is Sent.BULK_ID else ""
        return (", ".join(filter(None, said)) + source).strip()
    if line.step in _REASONED:
        if not record.reason:
            return "no reason given"
        verdict = judge(record)
        return f"{CAUSES[verdict.cls]} ({verdict.cls}, {verdict.action}): {record.reason}"
    if line.step is Step.CLICK:
        return without_query(record.link or "")
    if line.step is Step.MACHINE_OPEN:
        return f"by {proxy(record.useragent or '')}"
    return (record.useragent or "") if line.step is Step.OPEN else (record.reason or "")


def without_query(url: str) -> str:
    """A link without what may let its reader in."""
    for mark in "?#":
        head, found, _ = url.partition(mark)
        url = f"{head}{mark}..." if found else url
    return url


def document(story: Story, judge: Judge, tz: tzinfo | None) -> dict[str, object]:
    """A story as JSON has it."""
    return {
        **dict(zip(NAMES, row(story.bulk_id, story.email, story.life, tz), strict=True)),
        "sent_known_from": _SENT_FROM.get(story.sent_from),
        "subject": story.subject or None,
        "sender": story.sender or None,
        "template": story.template,
        "message_id": story.message_id or None,
        "doubles": story.doubles,
        "steps": [_step(line, judge, tz) for line in told(story)],
        "conclusion": conclusion(story, judge, tz),
    }


def _step(line: Told, judge: Judge, tz: tzinfo | None) -> dict[str, Value]:
    record, verdict = line.record, None
    if record is not None and line.step in _REASONED and record.reason:
        verdict = judge(record)
    return {
        "time": rfc3339(line.time, tz),
        "after_s": line.after,
        "event": record.event if record else "sent",
        "bounce_type": (record.bounce_type or None) if record and record.event == "bounce" else None,
        "reason": (record.reason or None) if record else None,
        "class": verdict.cls if verdict else None,
        "action": verdict.action if verdict else None,
        "link": (record.link or None) if record else None,
        "useragent": (record.useragent or None) if record else None,
        "proxy": proxy(record.useragent or "") or None if record and record.event == "open" else None,
    }
