"""The options of `check`: what the sender may send, what is compared with what, and what is shown."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import click

from ses_cli.cli.comparing import baseline, comparing
from ses_cli.cli.given import refuse, refuse_twice
from ses_cli.cli.options import Duration, Printing, Top, grouped, path_of
from ses_cli.errors import UsageError

if TYPE_CHECKING:
    from datetime import tzinfo

    from ses_cli.reports.health.report import Asked

LEVELS = {0: 0, 1: 500, 2: 1_000, 3: 2_000, 4: 5_000, 5: 10_000, 6: 20_000, 20: 1_000_000}  # mails a day
Number = tuple[str | None, int]  # of a sender domain; None is all of them


class OfSender(click.ParamType[Number]):
    """A whole number for all sender domains, or for one: 3 or example.com=3."""

    name = "[DOMAIN=]N"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Number:
        from ses_cli.identity import domain_name

        name, sign, number = str(value).rpartition("=")
        if not number.isdecimal() or len(number) > 12 or (sign and not name):
            self.fail(f'expected a whole number, alone or as in example.com=3, got "{value}"', param, ctx)
        return (domain_name(name) if name else None), int(number)


class Checking(NamedTuple):
    """What is asked of the senders."""

    levels: tuple[Number, ...]
    quotas: tuple[Number, ...]
    window: int
    baseline: str
    fail_on: tuple[str, ...]
    max_silence: float | None
    top: int
    rules: str | None

    def asked(self, tz: "tzinfo | None", files: tuple[str, ...], jobs: int | None) -> "Asked":
        """What the report is asked for. Raises UsageError."""
        from ses_cli.reports.health.conditions import condition
        from ses_cli.reports.health.report import Asked

        return Asked(
            window=self.window,
            baseline=baseline(self.baseline, tz),
            quotas=tuple(_quotas(self.levels, self.quotas)),
            top=self.top or None,
            rules=path_of(self.rules),
            tz=tz,
            files=files,
            conditions=tuple(map(condition, self.fail_on)),
            max_silence=self.max_silence,
            time=time.time(),
            jobs=jobs,
        )


def _quotas(levels: Iterable[Number], quotas: Iterable[Number]) -> Iterable[Number]:
    found: dict[str | None, int] = {}
    for option, name, number in [*(("--level", *one) for one in levels), *(("--quota", *one) for one in quotas)]:
        if name in found:
            raise UsageError(f"{option}: the quota of {name or 'all sender domains'} is given twice")
        if option == "--level" and number not in LEVELS:
            known = ", ".join(f"{level}: {mails:,}" for level, mails in LEVELS.items())
            raise UsageError(f"--level {number}: its daily quota is not known", f"give --quota N; known: {known}")
        found[name] = LEVELS[number] if option == "--level" else number
    return found.items()


def check(printing: Printing, checking: Checking) -> None:
    """Refuses options that would do nothing. Raises UsageError."""
    refuse_twice("--fail-on", checking.fail_on)
    if printing.form not in ("table", "markdown"):
        refuse(f"with --format {printing.form}, which has all rows", "top", hint="pipe it to head")


checking = grouped(
    "checking",
    Checking,
    Checking._fields,
    click.option(
        "--level",
        "levels",
        multiple=True,
        type=OfSender(),
        help="Reputation level of all sender domains, or of one: 3 or example.com=3 (repeatable).",
    ),
    click.option(
        "--quota", "quotas", multiple=True, type=OfSender(), help="Daily quota, instead of --level (repeatable)."
    ),
    *comparing,
    click.option(
        "--fail-on",
        multiple=True,
        metavar="CONDITION",
        help="Exit 1 where it holds in the window: 'invalid_address_rate > 5%', lower, block or change (repeatable).",
    ),
    click.option("--max-silence", type=Duration(), help="Exit 1 where the newest callback is older, such as 1h."),
    click.option(
        "--top", type=Top(), default="20", show_default=True, help="Rows to show; data formats have all of them."
    ),
    click.option("--rules", metavar="FILE", help="Your own rules of bounce reasons, tried first; see docs/reasons.md."),
)
