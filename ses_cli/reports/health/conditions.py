"""What a machine is to be told of: rates beyond a limit, levels that fall, changes, silence."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ses_cli.errors import UsageError
from ses_cli.reports.health.changes import Change
from ses_cli.reports.health.days import SenderDay
from ses_cli.reports.health.rates import RATES
from ses_cli.reports.health.rules import LEVELS
from ses_cli.reports.health.sentences import Context, sentence
from ses_cli.reports.health.words import NONE, percent

_FORM = re.compile(r"\s*([a-z_]+)\s*(>=|<=|>|<)\s*(\d{1,3}(?:\.\d{1,9})?)\s*(%?)\s*")
_UNITS = 10**11  # a whole
_LEVELS = ("lower", "block")
CHANGE = "change"
_HINT = "such as 'invalid_address_rate > 5%'; lower, block or change"


class Condition(NamedTuple):
    """One thing to be told of: a rate beyond a limit, or a level or `change`, which have no sign."""

    text: str  # as it was given
    name: str
    sign: str = ""
    limit: int = 0  # in units of 1e-11, so that it is exact

    def holds(self, one: SenderDay) -> bool:
        """Whether it does on a day of a sender domain. A level holds for those that are worse too."""
        if not self.sign:
            return self.name in _LEVELS and LEVELS.index(one.judgement.level) >= LEVELS.index(self.name)
        part, whole = RATES[self.name].numbers(one.counts)
        if not whole:
            return False
        difference = part * _UNITS - self.limit * whole
        return (difference > 0) == (">" in self.sign) if difference else "=" in self.sign


class Failure(NamedTuple):
    """A condition that holds."""

    condition: str
    from_domain: str | None
    day: date | None  # None where it is about no day
    value: float | str | None  # the rate, the level, the sentence or the seconds
    told: str  # in a line


def condition(text: str) -> Condition:
    """What was written; raises UsageError."""
    if text.strip() in (*_LEVELS, CHANGE):
        return Condition(text.strip(), text.strip())
    match = _FORM.fullmatch(text)
    if not match:
        raise UsageError(f'--fail-on: expected a rate and a limit, or a level, got "{text}"', _HINT)
    name, sign, number, mark = match.groups()
    if name not in RATES:
        raise UsageError(f'--fail-on: "{name}" is no rate', f"the rates are {', '.join(RATES)}")
    whole, _, digits = number.partition(".")
    limit = int(f"{whole}{digits:0<9}") * (1 if mark else 100)
    if limit > _UNITS:
        raise UsageError(f"--fail-on: {number} is more than all", f"write {name} {sign} {number}%")
    return Condition(text.strip(), name, sign, limit)


def failures(conditions: Sequence[Condition], days: Sequence[SenderDay]) -> Iterator[Failure]:
    """Every condition about a day that holds, on every day."""
    for asked in conditions:
        for one in days:
            if asked.holds(one):
                name, rate = one.from_domain or NONE, RATES.get(asked.name)
                if rate is None:
                    level = one.judgement.level
                    why = "; ".join(one.judgement.why)
                    yield Failure(asked.text, one.from_domain, one.day, level, f"{name} on {one.day}: {level}, {why}")
                    continue
                part, whole = rate.numbers(one.counts)
                told = f"{name} on {one.day}: {percent(part / whole)} ({part:,} of {whole:,} {rate.whole})"
                yield Failure(asked.text, one.from_domain, one.day, round(part / whole, 6), told)


def changed(changes: Sequence[Change], context: Context) -> Iterator[Failure]:
    """Every change for the worse."""
    for change in changes:
        if change.is_harm:
            told, sender = sentence(change, context), change.causes[0].segment.sender
            yield Failure(CHANGE, sender if isinstance(sender, str) else None, None, told, told)


def silence(longest: float, last: int | None, now: float) -> Iterator[Failure]:
    """Where no callback came for longer than that, in seconds; None is none ever."""
    if last is None:
        yield Failure("silence", None, None, None, "no callback at all")
    elif now - last > longest:
        yield Failure("silence", None, None, round(now - last), f"no callback for {_length(now - last)}")


def _length(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    days, hours = divmod(hours, 24)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60, "s")) if n]
    return " ".join(parts[:2])
