"""Write a realistic log of Tencent Cloud SES callbacks: the same options give the same bytes everywhere."""

import argparse
import gc
import heapq
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from random import Random

import orjson
from traffic import (
    EVENTS,
    SINGLE,
    TABLE,
    WALL,
    Draw,
    Plant,
    Rhythm,
    call,
    mailings,
    new_records,
    old_records,
    people,
    pick,
    planted,
    rates_for,
)

EXAMPLES = """\
examples:
  python examples/make_log.py --records 1000 -o log.jsonl
  python examples/make_log.py --records 1000000 --seed 1 -o log.jsonl
  python examples/make_log.py --share open=40 --share click=9 --days 30 --start 2026-03-01 | zstd > log.zst
  python examples/make_log.py --broken 0.01 --duplicates 0.02 --legacy 1 -o dirty.jsonl
  python examples/make_log.py --days 8 --plant domain=qq.com,class=spam-content,since=2026-01-12T14,share=0.2

A mail leads to a chain of events (deferred, delivered, open, click ...); the log holds them in about the
order of their times. Three sender domains write to mailbox providers and to a long tail of small domains.
"""
SHARES = dict(zip(EVENTS, (60.0, 1.8, 4.2, 22.0, 6.0, 0.4, 0.6, 5.0), strict=True))
PEOPLE = 100_000  # the most addresses a log draws from
MAX_LINE = 1 << 20  # bytes, what ses-events reads by default
Sent = tuple[int, int, str]  # when the mail was sent, when the record arrives, and its line


def mails(options: argparse.Namespace, draw: Draw, plant: Draw) -> Iterator[Sent]:
    """At least `options.records` records, mail by mail; the period ends when they are made."""
    rates, rhythm, kinds = rates_for(options.shares), Rhythm(options.start, options.days), mailings()
    everyone = people(max(50, min(options.records // 2, PEOPLE)), options.tail, rates.dead, draw)
    single, batch = [kind for kind in kinds if not kind.batch], [kind for kind in kinds if kind.batch]
    made = 0
    while made < options.records:
        sent = rhythm.at(made / options.records)
        many = draw() >= SINGLE
        this = call(pick(batch if many else single, draw), sent, (sent - rhythm.begin) // 86400, draw)
        first = int(draw() * len(everyone))
        for number in range(first, first + 1 + (int(draw() * draw() * 50) if many else 0)):
            records = old_records if draw() < options.legacy else new_records
            to = planted(options.plant, this, everyone[number % len(everyone)], plant)
            for at, line in records(this, to, rates, draw):
                yield sent, at + int(2 / (1.01 - draw())), line
                made += 1


def repeat_some(arrivals: Iterable[Sent], portion: float, chance: Draw) -> Iterator[Sent]:
    """Add copies that arrive up to ten minutes later, so that they are this portion of all."""
    for sent, arrival, line in arrivals:
        yield sent, arrival, line
        if chance() < portion / (1 - portion):
            yield sent, arrival + 1 + int(chance() * 600), line


def in_order(arrivals: Iterable[Sent]) -> Iterator[str]:
    """The lines by time of arrival; nothing arrives before it is sent, so only what is on its way is held."""
    waiting: list[tuple[int, int, str]] = []
    for number, (sent, arrival, line) in enumerate(arrivals):
        while waiting and waiting[0][0] < sent:
            yield heapq.heappop(waiting)[2]
        heapq.heappush(waiting, (arrival, number, line))
    while waiting:
        yield heapq.heappop(waiting)[2]


def changed(line: str, **members: object) -> str:
    """The line with some members set."""
    return orjson.dumps(orjson.loads(line) | members).decode() + "\n"


BREAKS: dict[str, Callable[[str], str]] = {
    "not-utf8": lambda line: line.replace("@", "\udcff", 1),  # written as the byte ff
    "not-json": lambda line: line[: len(line) // 2] + "\n",
    "not-object": lambda line: f"[{line.rstrip()}]\n",
    "missing-field": lambda line: changed(line, email=None),
    "wrong-type": lambda line: changed(line, timestamp="1767578400"),
    "unknown-event": lambda line: changed(line, event="bounced"),
    "bad-email": lambda line: changed(line, email="no address"),
    "bad-timestamp": lambda line: changed(line, timestamp=1_767_578_400_000),
    "bad-bounce-type": lambda line: changed(line, event="bounce", eventid=3, bounceType="permanent"),
}


def break_some(lines: Iterable[str], options: argparse.Namespace, chance: Draw) -> Iterator[str]:
    """Break a share of the lines, each in another way, in turn; cut the last one off."""
    ways, broken = list(BREAKS.values()), 0
    for number, line in enumerate(lines, 1):
        if number == options.records:
            yield line[: len(line) // 2]
        elif chance() >= options.broken:
            yield line
        else:
            # a line too long is a megabyte: one in a thousand will do
            long = broken % 1000 == len(ways)
            yield changed(line, subject="x" * MAX_LINE) if long else ways[broken % len(ways)](line)
            broken += 1


def log(options: argparse.Namespace) -> Iterator[bytes]:
    """The log, in pieces. Copies, breaks and changes draw for themselves: the records stay the same."""
    main, copies, breaks, plants = (Random(options.seed + (n << 32)).random for n in range(4))
    arrivals = mails(options, main, plants)
    if options.duplicates:
        arrivals = repeat_some(arrivals, options.duplicates, copies)
    lines = in_order(islice(arrivals, options.records))
    if options.broken:
        lines = break_some(lines, options, breaks)
    while piece := "".join(islice(lines, 2000)):
        yield piece.encode("utf-8", "surrogateescape")


def number(least: float, most: float, kind: type[float] = float) -> Callable[[str], float]:
    """A reader of numbers within limits; `kind` is float or int."""

    def read(text: str) -> float:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not from {least:g} to {most:g}")
        return value

    read.__name__ = "number" if kind is float else "whole number"  # argparse names it: invalid number value
    return read


def share(text: str) -> tuple[str, float]:
    """Read `event=weight`."""
    event, _, weight = text.partition("=")
    if event not in EVENTS:
        raise argparse.ArgumentTypeError(f"{event!r} is none of {', '.join(EVENTS)}")
    return event, number(0, 1e9)(weight)


def change(text: str) -> Plant:
    """Read `domain=qq.com,template=100201,class=spam-content,since=2026-01-12T14,share=0.2`."""
    given = dict(part.partition("=")[::2] for part in text.split(","))
    unknown = given.keys() - {"domain", "template", "class", "since", "until", "share"}
    if unknown or given.get("class") not in TABLE["planted"]:
        raise argparse.ArgumentTypeError(f"{text}: expected a class, of {', '.join(TABLE['planted'])}")
    since, until = (moment(given[name]) if name in given else end for name, end in (("since", 0), ("until", 1 << 40)))
    template = int(given["template"]) if "template" in given else None
    refusal = TABLE["planted"][given["class"]]
    return Plant(number(0, 1)(given.get("share", "1")), refusal, since, until, given.get("domain"), template)


def moment(text: str) -> int:
    """Read an ISO date, or a date and time, on the clock of UTC+8; Unix seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=WALL).timestamp())


def day(text: str) -> date:
    """Read an ISO date."""
    value = date.fromisoformat(text)
    if not 1971 <= value.year <= 9000:
        raise argparse.ArgumentTypeError(f"{text} is not from 1971 to 9000")
    return value


def options_of(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s [options]",
    )

    def add(flag: str, kind: Callable[[str], object], default: object, metavar: str, text: str) -> None:
        parser.add_argument(flag, type=kind, default=default, metavar=metavar, help=text)

    add("--records", number(0, 1e12, int), 1000, "N", "lines, the broken and repeated among them (1000)")
    add("--seed", number(0, 2**32 - 1, int), 1, "N", "another seed, another log (1)")
    add("--start", day, date(2026, 1, 5), "DATE", "first day of sending, on the clock of UTC+8 (2026-01-05)")
    add("--days", number(1, 3660, int), 5, "N", "days of sending; the last events come a little later (5)")
    add("--tail", number(0, 10_000, int), 500, "N", "small recipient domains besides the providers (500)")
    add("--legacy", number(0, 1), 0.3, "P", "share of mails told of in the 2022 form, not the 2025 form (0.3)")
    add("--duplicates", number(0, 0.5), 0.0, "P", "share of lines that repeat an earlier one (0)")
    add(
        "--broken",
        number(0, 1),
        0.0,
        "P",
        "share of broken lines, each kind in turn; the last line is cut off (0)",
    )
    defaults = ", ".join(f"{event}={weight:g}" for event, weight in SHARES.items())
    text = f"how often an event occurs relative to the others; may be repeated ({defaults})"
    parser.add_argument("--share", type=share, action="append", default=[], metavar="EVENT=WEIGHT", help=text)
    text = "a change: from then on this share of the mail that fits bounces for a reason of the class; may be repeated"
    metavar = "domain=D,template=T,class=C,since=TIME,until=TIME,share=P"
    parser.add_argument("--plant", type=change, action="append", default=[], metavar=metavar, help=text)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    options = parser.parse_args(arguments)
    options.shares = SHARES | dict(options.share)
    if not any(options.shares.values()):
        parser.error("argument --share: no event has any weight left")
    return options


def main() -> int:
    """Write the log; the exit status."""
    options = options_of(sys.argv[1:])
    gc.disable()  # nothing here is cyclic, and the search for cycles takes time
    try:
        with options.output.open("wb") if options.output else os.fdopen(os.dup(1), "wb") as target:
            target.writelines(log(options))
    except BrokenPipeError:
        return 0  # the reader has seen enough
    except OSError as error:
        print(f"make_log.py: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
