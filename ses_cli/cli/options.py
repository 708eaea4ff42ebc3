"""The options that commands share, the same names everywhere, and what they mean to the library."""

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ses_cli.cli.given import is_on
from ses_cli.errors import UsageError
from ses_cli.events import EVENTS
from ses_cli.render import formats
from ses_cli.render.formats import Style

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from ses_cli.selection import Selection

Command = Callable[..., object]
Decorator = Callable[[Command], Command]
FORMATS = tuple(formats.FORMATS)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class File(click.ParamType[str]):
    """A file's name, which shells complete; what it names is looked at when it is opened."""

    name = "FILE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value:
            self.fail('expected the name of a file, got ""', param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem  # start-up

        return [CompletionItem(incomplete, type="file")]


class Size(click.ParamType[int]):
    """Bytes: 1048576, 64K, 1MiB."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"(\d{1,15})\s*([kmg]?)(?:i?b)?", str(value).lower())
        if not match or not int(match[1]):
            self.fail(f'expected a size such as 1048576, 64K or 1MiB, got "{value}"', param, ctx)
        return int(match[1]) * _UNITS[match[2]]


class Duration(click.ParamType[float]):
    """Seconds: 5s, 500ms, 2m, 1h, or a number alone. A limit is more than 0."""

    name = "duration"

    def __init__(self, is_limit: bool = False) -> None:
        self._is_limit = is_limit

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h)?", str(value).lower())
        if not match:
            self.fail(f'expected a duration such as 500ms, 5s or 2m, got "{value}"', param, ctx)
        seconds = float(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}[match[2]]
        if self._is_limit and not seconds:
            self.fail(f'expected a duration above 0, got "{value}"', param, ctx)
        return seconds


class Patience(Duration):
    """Seconds, or `never` for without end."""

    name = "DURATION|never"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return self.name  # click would write NEVER

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        return float("inf") if value == "never" else super().convert(value, param, ctx)


class Top(click.ParamType[int]):
    """How many rows: a number, or `all`, which is 0."""

    name = "N|all"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return self.name

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if str(value) == "all":
            return 0
        if not str(value).isdecimal() or int(str(value)) < 1:
            self.fail(f'expected a whole number of 1 or more, or "all", got "{value}"', param, ctx)
        return int(str(value))


class List(click.ParamType[str]):
    """Values with commas between them; `kind` checks each."""

    def __init__(self, kind: click.ParamType[Any] = click.STRING) -> None:
        self.kind = kind
        self.name = kind.name

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return self.kind.get_metavar(param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        return self.kind.shell_complete(ctx, param, incomplete)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        parts = [part.strip() for part in re.split(_COMMA, str(value))]
        if not all(parts):
            self.fail(f'expected a value, got "{value}"', param, ctx)
        return ",".join(str(self.kind.convert(part, param, ctx)) for part in parts)


class Template(click.ParamType[str]):
    """A template's number."""

    name = "ID"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch("[0-9]{1,20}", str(value)):
            self.fail(f'expected a template number, got "{value}"', param, ctx)
        return str(int(str(value)))


_COMMA = ',(?=(?:[^"]*"[^"]*")*[^"]*$)'  # not one in the quotes of "a,b"@example.com


def path_of(name: str | None) -> "Path | None":
    """The file that is named, if one is."""
    if name is None:
        return None
    from pathlib import Path  # start-up

    return Path(name)


def split(values: Iterable[str]) -> list[str]:
    """The values of options that take several, with commas or given again."""
    return [part for value in values for part in re.split(_COMMA, value)]


class Reading(NamedTuple):
    """What to read and how."""

    files: tuple[str, ...]
    max_line: int
    strict: bool
    rejects: str | None
    jobs: int | None
    endpoint: str | None = None
    cluster: str | None = None
    state: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether no other process, and no later run, needs what is found on the way."""
        return not (self.cluster or self.state)


class Selecting(NamedTuple):
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
    fail_empty: bool
    message_ids: tuple[str, ...] = ()

    def zone(self) -> "tzinfo | None":
        """The zone to read and show times in, None for the machine's own. Raises UsageError."""
        from ses_cli.times import zone

        return zone(self.tz)

    def selection(self) -> "Selection":
        """What the library selects by. Raises UsageError."""
        from ses_cli.identity import address, domain_name, message_id
        from ses_cli.selection import Selection
        from ses_cli.times import parse

        tz, now = self.zone(), time.time()
        return Selection(
            events=frozenset(split(self.events)),
            domains=frozenset(map(domain_name, split(self.domains))),
            from_domains=frozenset(map(domain_name, split(self.from_domains))),
            emails=frozenset(map(address, split(self.emails))),
            bulk_ids=frozenset(split(self.bulk_ids)),
            message_ids=frozenset(map(message_id, split(self.message_ids))),
            templates=frozenset(split(self.templates)),
            since=None if self.since is None else parse(self.since, tz, now),
            until=None if self.until is None else parse(self.until, tz, now),
            dedupe=self.dedupe,
        )


class Printing(NamedTuple):
    """How to print, and where."""

    form: str
    output: str | None
    colour: bool | None
    excel: bool = False

    def style(self, tz: "tzinfo | None" = None) -> Style:
        """How the report is to look, with times in this zone."""
        return Style(tz, self.output, self.colour, self.excel)


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
    click.option("--max-line", type=Size(), default="1MiB", show_default=True, help="Reject longer lines."),
    click.option("--strict", is_flag=True, help="Treat warnings as errors; exit 1 if any record is invalid."),
    click.option("--rejects", type=File(), help="Write invalid lines to FILE as NDJSON, with the reasons."),
)
_ENDPOINT = click.option("--endpoint", metavar="URL", help="Endpoint of the object store.  [default: the provider's]")
_STATE = click.option(
    "--state", metavar="FILE|URL", help="Keep what was found there: the next run with it reads only what is new."
)
CLUSTER = "SES_EVENTS_CLUSTER"
_CLUSTER = click.option(
    "--cluster",
    envvar=CLUSTER,
    metavar="ADDRESS",
    help=f"Read on a Dask cluster: tcp://SCHEDULER:8786, tls://... or local.  [default: ${CLUSTER}]",
)
_JOBS = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Number of workers.  [default: one per core; more for objects]",
)
reading = grouped("reading", Reading, Reading._fields, _FILES, *_LINES, _JOBS, _CLUSTER, _STATE, _ENDPOINT)
# for what can only be done in order
_STREAMED = ("files", "max_line", "strict", "rejects", "endpoint")
streaming = grouped("reading", partial(Reading, jobs=1), _STREAMED, _FILES, *_LINES, _ENDPOINT)


def _only(name: str, field: str, kind: click.ParamType[Any], metavar: str | None, text: str) -> Decorator:
    return click.option(name, field, multiple=True, type=List(kind), metavar=metavar, help=f"Only {text}.")


_FROM_DOMAIN = _only("--from-domain", "from_domains", click.STRING, "NAME", "this sender domain")
_FIELDS = (
    _only("--domain", "domains", click.STRING, "NAME", "this recipient domain"),
    _FROM_DOMAIN,
    _only("--email", "emails", click.STRING, "ADDRESS", "this recipient"),
    _only("--bulk-id", "bulk_ids", click.STRING, "ID", "this bulkId"),
    _only("--template", "templates", Template(), "ID", "this templateId"),
)
_TIMES = (
    click.option(
        "--since", metavar="TIME", help="Only events at or after TIME, such as 2026-01-05, 24h, 7d or yesterday."
    ),
    click.option("--until", metavar="TIME", help="Only events before TIME."),
    click.option("--tz", metavar="ZONE", help="Time zone to read and show times in.  [default: the machine's]"),
)
_DEDUPE = click.option("--dedupe", is_flag=True, help="Count duplicates once.")
_FAIL_EMPTY = click.option("--fail-empty", is_flag=True, help="Exit 1 if no event is selected.")


def selecting_by(event: Decorator) -> Decorator:
    """Which events; `event` is the option that selects by type."""
    names = [name for name in Selecting._fields if name != "message_ids"]
    return grouped("selecting", Selecting, names, event, *_FIELDS, *_TIMES, _DEDUPE, _FAIL_EMPTY)


# for what is about all mail of a sender
_SENDERS = ("from_domains", "since", "until", "tz", "fail_empty")
_ALL_OF_THEM = partial(Selecting, events=(), domains=(), emails=(), bulk_ids=(), templates=(), dedupe=False)
selecting_senders = grouped("selecting", _ALL_OF_THEM, _SENDERS, _FROM_DOMAIN, *_TIMES, _FAIL_EMPTY)
_EVENT = "this event type; every filter takes several values, separated by commas"
selecting = selecting_by(_only("--event", "events", click.Choice(EVENTS), None, _EVENT))
# all events of a message, each of them once whatever the log has
selecting_messages = grouped(
    "selecting",
    partial(Selecting, events=(), dedupe=False),
    [name for name in Selecting._fields if name not in ("events", "dedupe")],
    *_FIELDS,
    _only("--message-id", "message_ids", click.STRING, "ID", "this Message-ID"),
    *_TIMES,
    _FAIL_EMPTY,
)


_NO_OTHERS: Mapping[str, str] = {}


def _format_of(output: str | None, forms: Sequence[str], own: Sequence[str], others: Mapping[str, str]) -> str | None:
    """The format that a file's name asks for, None where it asks for none. Raises UsageError where there is no such."""
    stem, suffix = os.path.splitext(output or "")
    found = formats.format_of(output) or others.get(suffix.lower())
    if found or not suffix or any(map(is_on, own)):
        return found
    known = [name for name in forms if name in formats.FORMATS]
    if suffix in (".gz", ".zst", ".bz2", ".xz"):
        form = formats.format_of(stem) or forms[0]
        raise UsageError(f"-o {output}: outputs are not compressed", f"compress it: -f {form} | gzip >{output}")
    suffixes = [*(formats.FORMATS[name].suffixes[0] for name in known), *others]
    raise UsageError(f"-o {output}: no format is named {suffix}", f"name it {', '.join(suffixes)}; or add -f FORMAT")


def printing_as(*forms: str, unless: Sequence[str] = (), others: Mapping[str, str] = _NO_OTHERS) -> Decorator:
    """How to print, and where. With the options `unless`, what is written has a form of its own.

    `others` are suffixes of file names whose formats no report has, each with its format.
    """

    def make(form: str | None, output: str | None, colour: bool | None, excel: bool = False) -> Printing:
        found = form or _format_of(output, forms, unless, others) or forms[0]
        if found not in forms:
            raise UsageError(f"-o {output}: this command writes no {found}", f"-f {forms[0]} writes it all the same")
        if excel and found != "csv":
            raise UsageError(f"--excel does nothing with --format {found}", "add -f csv")
        if colour and found != "table":  # --no-color asks for what is so already
            raise UsageError(f"--color does nothing with --format {found}", "only tables have colours")
        return Printing(found, output, colour, excel)

    shape = click.option(
        "-f",
        "--format",
        "form",
        type=click.Choice(forms),
        help=f"Output format.  [default: by the name of -o FILE, or {forms[0]}]",
    )
    options = [
        shape,
        *([click.option("--json", "form", flag_value="json", help="Short for --format json.")] * ("json" in forms)),
        click.option("-o", "--output", type=File(), help="Write to FILE atomically."),
        click.option("--color/--no-color", "colour", default=None, help="Use colours.  [default: on a terminal]"),
    ]
    if "csv" in forms:
        options.append(
            click.option("--excel", is_flag=True, help="Begin CSV with a byte order mark, for spreadsheets.")
        )
    names = ("form", "output", "colour", "excel") if "csv" in forms else ("form", "output", "colour")
    return grouped("printing", make, names, *options)


printing = printing_as(*FORMATS)
