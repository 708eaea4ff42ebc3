"""The options that commands share, the same names everywhere, and what they mean to the library."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING

import click

from ses_cli.events import EVENTS

if TYPE_CHECKING:
    from datetime import tzinfo

    from ses_cli.selection import Selection

Command = Callable[..., object]
Decorator = Callable[[Command], Command]
FORMATS = ("table", "json", "ndjson", "csv", "tsv", "markdown")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class Size(click.ParamType[int]):
    """Bytes: 1048576, 64K, 1MiB."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"(\d{1,15})\s*([kmg]?)(?:i?b)?", str(value).lower())
        if not match or not int(match[1]):
            self.fail(f'expected a size such as 1048576, 64K or 1MiB, got "{value}"', param, ctx)
        return int(match[1]) * _UNITS[match[2]]


class Duration(click.ParamType[float]):
    """Seconds: 5s, 500ms, 2m, 1h, or a number alone."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h)?", str(value).lower())
        if not match:
            self.fail(f'expected a duration such as 500ms, 5s or 2m, got "{value}"', param, ctx)
        return float(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}[match[2]]


class Patience(Duration):
    """Seconds, or `never` for without end."""

    name = "duration|never"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        return float("inf") if value == "never" else super().convert(value, param, ctx)


class Top(click.ParamType[int]):
    """How many rows: a number, or `all`, which is 0."""

    name = "N|all"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if str(value) == "all":
            return 0
        if not str(value).isdecimal() or int(str(value)) < 1:
            self.fail(f'expected a whole number of 1 or more, or "all", got "{value}"', param, ctx)
        return int(str(value))


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read and how."""

    files: tuple[str, ...]
    max_line: int
    strict: bool
    rejects: str | None
    jobs: int | None


@dataclass(frozen=True, slots=True)
class Selecting:
    """Which events to count, as given."""

    events: tuple[str, ...]
    domains: tuple[str, ...]
    from_domains: tuple[str, ...]
    emails: tuple[str, ...]
    bulk_ids: tuple[str, ...]
    templates: tuple[str, ...]
    since: str | None
    until: str | None
    tz: str | None
    dedupe: bool

    def zone(self) -> "tzinfo | None":
        """The zone to read and show times in, None for the machine's own. Raises UsageError."""
        from ses_cli.times import zone

        return zone(self.tz)

    def selection(self) -> "Selection":
        """What the library selects by. Raises UsageError."""
        from ses_cli.identity import address, domain_name
        from ses_cli.selection import Selection
        from ses_cli.times import parse

        tz, now = self.zone(), time.time()
        return Selection(
            events=frozenset(self.events),
            domains=frozenset(map(domain_name, self.domains)),
            from_domains=frozenset(map(domain_name, self.from_domains)),
            emails=frozenset(map(address, self.emails)),
            bulk_ids=frozenset(self.bulk_ids),
            templates=frozenset(self.templates),
            since=None if self.since is None else parse(self.since, tz, now),
            until=None if self.until is None else parse(self.until, tz, now),
            dedupe=self.dedupe,
        )


@dataclass(frozen=True, slots=True)
class Printing:
    """How to print, and where."""

    form: str
    output: str | None
    colour: bool | None


def grouped(name: str, make: Callable[..., object], names: Iterable[str], *options: Decorator) -> Decorator:
    """A decorator that adds options to a command and hands their values over as one argument."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def wrapped(**values: object) -> object:
            group = make(**{field: values.pop(field) for field in names})
            return command(**{name: group}, **values)

        decorated: Command = wrapped
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


_FILES = click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(allow_dash=True, readable=False))
_LINES = (
    click.option("--max-line", type=Size(), default="1MiB", show_default=True, help="Longer lines are errors."),
    click.option("--strict", is_flag=True, help="Warnings are errors; exit 1 if any record is invalid."),
    click.option("--rejects", metavar="FILE", help="Write the invalid lines there, as NDJSON with the reasons."),
)
_JOBS = click.option("-j", "--jobs", type=click.IntRange(1), help="Processes to share the work.  [default: one a core]")
reading = grouped("reading", Reading, Reading.__slots__, _FILES, *_LINES, _JOBS)
# for what can only be done in order
streaming = grouped("reading", partial(Reading, jobs=1), ("files", "max_line", "strict", "rejects"), _FILES, *_LINES)
selecting = grouped(
    "selecting",
    Selecting,
    Selecting.__slots__,
    click.option("--event", "events", multiple=True, type=click.Choice(EVENTS), help="Only this event type."),
    click.option("--domain", "domains", multiple=True, metavar="NAME", help="Only this recipient domain."),
    click.option("--from-domain", "from_domains", multiple=True, metavar="NAME", help="Only this sender domain."),
    click.option("--email", "emails", multiple=True, metavar="ADDRESS", help="Only this recipient."),
    click.option("--bulk-id", "bulk_ids", multiple=True, metavar="ID", help="Only this bulkId."),
    click.option("--template", "templates", multiple=True, metavar="ID", help="Only this templateId."),
    click.option("--since", metavar="TIME", help="Only events at or after: 2026-01-05, 24h, 7d, yesterday, ..."),
    click.option("--until", metavar="TIME", help="Only events before."),
    click.option("--tz", metavar="ZONE", help="Read and show times in this zone.  [default: the machine's]"),
    click.option("--dedupe", is_flag=True, help="Count a callback that arrived twice once."),
)


def printing_as(*forms: str) -> Decorator:
    """How to print, and where."""
    return grouped(
        "printing",
        Printing,
        Printing.__slots__,
        click.option("-f", "--format", "form", type=click.Choice(forms), default="table", show_default=True),
        click.option("--json", "form", flag_value="json", help="Short for --format json."),
        click.option("-o", "--output", metavar="FILE", help="Write there instead, whole or not at all."),
        click.option("--color/--no-color", "colour", default=None, help="Colours.  [default: on a terminal]"),
    )


printing = printing_as(*FORMATS)
