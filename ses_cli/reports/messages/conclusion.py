"""What became of a message, in one line that a support person can read out."""

from collections.abc import Callable, Sequence
from datetime import tzinfo

from ses_cli.callback import Callback
from ses_cli.message import FLAGS, End, Step
from ses_cli.reasons import Verdict
from ses_cli.reports.messages.story import StepKey, Story
from ses_cli.times import duration, spoken, spoken_day

Judge = Callable[[Callback], Verdict]

# class of the reason -> what happened, as one says it
CAUSES: dict[str, str] = {
    "unknown-user": "no such mailbox",
    "invalid-address": "the address is not well formed",
    "inactive-mailbox": "the mailbox is closed or disabled",
    "mailbox-full": "mailbox full",
    "domain-not-found": "the domain does not exist or takes no mail",
    "blocked-by-recipient": "the recipient's side blocks this sender",
    "spam-content": "the content was taken for spam",
    "sender-reputation": "the sender is on a block list or has a bad reputation",
    "authentication": "the sender could not be authenticated",
    "policy": "a policy of the receiver refuses it",
    "rate-limited": "too much mail in too short a time",
    "greylisted": "refused at first sight",
    "message-too-large": "the mail is too large",
    "relay-denied": "the server that was asked does not take mail for this domain",
    "suppressed": "the address is on a suppression list",
    "server-error": "trouble at the receiving server",
    "network": "the receiving server could not be reached",
    "unclassified": "no rule knows the reason",
}
# class of the reason -> whose business it is
_RECIPIENT = ("unknown-user", "invalid-address", "inactive-mailbox", "mailbox-full", "domain-not-found")
_RECEIVER = ("greylisted", "server-error", "network")
_SENDER = ("sender-reputation", "authentication", "rate-limited", "relay-denied")
_CONTENT = ("spam-content", "message-too-large")
_TRIES = (Step.DEFERRED, Step.SOFT_BOUNCE, Step.UNTYPED_BOUNCE)
_REFUSALS = (*_TRIES, Step.HARD_BOUNCE)


def conclusion(story: Story, judge: Judge, tz: tzinfo | None) -> str:
    """How it ended, what else happened, and what contradicts it."""
    tell = _ENDS[story.life.end]
    return "; ".join([*tell(story, judge, tz), *_contradictions(story)])


def _delivered(story: Story, judge: Judge, tz: tzinfo | None) -> list[str]:
    life = story.life
    at = life.delivered or 0
    said = f"delivered {spoken(at, tz)}"
    said += f" at try {life.retries + 1}" if life.retries else ""
    said += f", {duration(at - life.sent)} after it was sent" if life.sent and at >= life.sent else ""
    if life.retries:
        last = [record for key, record in story.steps if key.step in _TRIES and key.time <= at][-1]
        said += f" (delayed: {_cause(judge(last))})"
    return [said, *_read(story, tz)]


def _read(story: Story, tz: tzinfo | None) -> list[str]:
    """What the recipient did with it."""
    life, said = story.life, []
    if life.first_person is not None:
        said.append(f"opened {spoken(life.first_person, tz)}")
    elif life.opens:
        said.append("opened by a mail program's proxy only, which need not mean that anybody read it")
    elif life.end is End.DELIVERED and not life.clicks:
        said.append("not opened as far as is known")
    if life.first_click is not None:
        said.append(f"clicked {spoken(life.first_click, tz)}")
    said += ["reported as spam by the recipient"] if life.has_complained else []
    said += ["unsubscribed by the recipient"] if life.has_unsubscribed else []
    return said


def _bounced(story: Story, judge: Judge, tz: tzinfo | None) -> list[str]:
    refusals = [(key.time, judge(record)) for key, record in _until_bounce(story) if key.step in _REFUSALS]
    time, verdict = refusals[-1]
    since = next(at for at, other in refusals if other.cls == verdict.cls)
    why = f"{_cause(verdict)}{_codes(verdict)}"
    said = f"not delivered on {spoken_day(time, tz)}: {why}"
    if spoken_day(since, tz) != spoken_day(time, tz):
        said = f"not delivered: {_cause(verdict)} since {spoken_day(since, tz)}{_codes(verdict)}"
    return [said, f"{len(refusals)} {'try' if len(refusals) == 1 else 'tries'}", _blame(verdict)]


def _until_bounce(story: Story) -> Sequence[tuple[StepKey, Callback]]:
    """The steps up to the bounce that decides: the first hard one, or else the last other one."""
    places = [at for at, (key, _) in enumerate(story.steps) if key.step is Step.HARD_BOUNCE][:1]
    places = places or [at for at, (key, _) in enumerate(story.steps) if key.step in _TRIES[1:]]
    return story.steps[: places[-1] + 1]


def _dropped(story: Story, judge: Judge, tz: tzinfo | None) -> list[str]:
    key, record = next((key, record) for key, record in story.steps if key.step is Step.DROPPED)
    verdict = judge(record)
    why = f": {_cause(verdict)}{_codes(verdict)}" if record.reason and verdict.cls != "unclassified" else ""
    tries = sum(other.step in _REFUSALS for other, _ in story.steps)
    tried = f"{tries} {'try' if tries == 1 else 'tries'} before" if tries else "no try was made"
    return [
        f"not delivered: dropped by Tencent Cloud on {spoken_day(key.time, tz)}{why}",
        tried,
        "it drops mail to addresses that bounced before: see whether this one did",
    ]


def _pending(story: Story, judge: Judge, tz: tzinfo | None) -> list[str]:
    tries = [(key.time, record) for key, record in story.steps if key.step in _TRIES]
    if not tries:
        return [f"no outcome in the log; the last callback came {spoken(story.steps[-1][0].time, tz)}"]
    verdict = judge(tries[-1][1])
    times = f"deferred {len(tries)} times since {spoken(tries[0][0], tz)}, last {spoken(tries[-1][0], tz)}"
    once = f"deferred {spoken(tries[0][0], tz)}"
    said = once if len(tries) == 1 else times
    return [f"not delivered yet: {said}: {_cause(verdict)}{_codes(verdict)}", _blame(verdict)]


def _not_logged(story: Story, judge: Judge, tz: tzinfo | None) -> list[str]:  # noqa: ARG001
    return ["it arrived, for it was read; when it was delivered is not in the log", *_read(story, tz)]


_ENDS: dict[End, Callable[[Story, Judge, tzinfo | None], Sequence[str]]] = {
    End.PENDING: _pending,
    End.DELIVERED: _delivered,
    End.BOUNCED: _bounced,
    End.DROPPED: _dropped,
    End.NOT_LOGGED: _not_logged,
}


def _contradictions(story: Story) -> list[str]:
    found = [text for flag, (_, text) in FLAGS.items() if flag & story.life.flags]
    return [f"the log contradicts itself: {', '.join(found)}"] if found else []


def _cause(verdict: Verdict) -> str:
    return CAUSES[verdict.cls]


def _codes(verdict: Verdict) -> str:
    codes = " ".join(filter(None, (verdict.reply_code, verdict.enhanced_code)))
    return f" ({codes})" if codes else ""


def _blame(verdict: Verdict) -> str:
    if verdict.cls in _RECIPIENT:
        return "nothing is wrong with the sender"
    if verdict.cls in _RECEIVER:
        return "nothing is wrong with the sender or the address: it can be sent again later"
    if verdict.cls in _SENDER:
        return "the address may be good: the sender has to mend its DNS, authentication, reputation or pace"
    if verdict.cls in _CONTENT:
        return "the address may be good: what is sent has to change"
    return "the reason does not tell whose fault it is: a person has to look"
