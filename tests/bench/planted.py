"""Whether `check` finds the changes that were planted in logs, and tells of none where there are none.

    python -m tests.bench.planted --logs 1000 --write

Half of the logs have one or two planted changes: from some hour of the last day on, a share of the mail to a receiver,
of a template, or of both bounces for reasons of one class. The other half has none. A log is found right where the
first change is told by just the planted values: no wider segment, and no part of it. The size of a change is how many
mails bounced for it. With --write the numbers go into docs/check.md. A log depends on its number only.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "examples"))

import make_log  # noqa: E402
from traffic import TABLE, WALL  # noqa: E402

from ses_cli.batch import Checks, Piece  # noqa: E402
from ses_cli.engine import engine  # noqa: E402
from ses_cli.reports.health.changes import Cause, Change  # noqa: E402
from ses_cli.reports.health.cube import ANY  # noqa: E402
from ses_cli.reports.health.mails import ENDS  # noqa: E402
from ses_cli.reports.health.meanings import HOUR  # noqa: E402
from ses_cli.reports.health.report import Asked, Health  # noqa: E402

PAGE = ROOT / "docs" / "check.md"
BEGIN, END = "<!-- made by tests/bench/planted.py -->\n", "<!-- end -->"
DAYS = 8
MAILS = (15_000, 40_000)  # records of a log
SIZES = (10, 20, 40, 80, 160)  # mails that are to bounce
LEAST = 20  # the size from which on the promise holds
BOUNDS = (0, 15, 30, 60, 120, 10**9)  # of the sizes that came of it
DOMAINS = tuple(domain for receiver in TABLE["receivers"] for domain in receiver["domains"])
TEMPLATES = tuple(mailing["template"] for mailing in TABLE["mailings"])


class Plan(NamedTuple):
    """A change that is planted."""

    domain: str | None
    template: int | None
    cls: str
    since: int  # hours since 1970
    share: float

    def option(self) -> str:
        """As make_log.py takes it."""
        time = datetime.fromtimestamp(self.since * HOUR, UTC).astimezone(WALL)
        told = [f"domain={self.domain}"] if self.domain else []
        told += [f"template={self.template}"] if self.template else []
        return ",".join([*told, f"class={self.cls}", f"since={time:%Y-%m-%dT%H}", f"share={self.share:.4f}"])

    def is_told_by(self, cause: Cause) -> bool:
        """Whether a cause has just these values."""
        domain, template, cls = cause.segment[1:4]
        return (domain, template, cls) == (self.domain or ANY, self.template or ANY, self.cls)


class Result(NamedTuple):
    """What was found of a log."""

    number: int
    sizes: tuple[int, ...]  # of the planted changes
    is_first: bool  # the first change told is a planted one
    found: int  # planted changes that were told
    told: int  # changes that were told
    off: int | None  # hours that the first one's beginning is off


def log(number: int, records: int, plans: Sequence[Plan] = ()) -> bytes:
    """The log of a number."""
    options = ["--records", f"{records}", "--seed", f"{number}", "--days", f"{DAYS}"]
    options += [word for plan in plans for word in ("--plant", plan.option())]
    return b"".join(make_log.log(make_log.options_of(options)))


def health(data: bytes) -> Health:
    """The report on a log."""
    report = Health(Asked(tz=UTC))
    report.add(engine(Checks()).check(Piece("log", 0, data)))
    return report


def try_log(number: int) -> Result:
    """Makes a log, plants changes in every other one, and looks for them."""
    random = Random(number)
    records = random.randrange(*MAILS)
    plans: list[Plan] = []
    if number % 2:
        clean = health(log(number, records))
        classes = random.sample(list(TABLE["planted"]), random.choice((1, 1, 2)))
        plans = [plan(random, clean, cls) for cls in classes]
    data = log(number, records, plans)
    report = health(data)
    changes = report.found().changes
    causes = [cause for change in changes for cause in change.causes]
    first = next((one for one in plans if changes and one.is_told_by(changes[0].causes[0])), None)
    return Result(
        number,
        tuple(data.count(TABLE["planted"][one.cls].encode()) for one in plans),
        first is not None,
        sum(any(map(one.is_told_by, causes)) for one in plans),
        len(changes),
        _off(changes, first),
    )


def _off(changes: Sequence[Change], first: Plan | None) -> int | None:
    span = changes[0].causes[0].span if first else None
    return abs(span.start - first.since) if span and first else None


def plan(random: Random, clean: Health, cls: str) -> Plan:
    """A change of about one of the sizes, which the mail of a log is enough for."""
    periods = _periods(clean)
    while True:
        domain, template = random.choice(DOMAINS), random.choice(TEMPLATES)
        kept = random.choice(((True, False), (False, True), (True, True)))
        since, wanted = random.randrange(periods[0] + 1, periods[1] - 2), random.choice(SIZES)
        one = Plan(domain if kept[0] else None, template if kept[1] else None, cls, since, 0.0)
        mails = sum(_mails(clean, one))
        if mails * 0.9 >= wanted:
            return one._replace(share=wanted / mails)


def _mails(report: Health, one: Plan) -> Iterator[int]:
    """How many mails there are of those that a change would be of, by place."""
    for kind, (_, domain, template), hour, n in report.found().mails.by(lambda place: place).counts():
        is_of = one.domain in (None, domain) and one.template in (None, template)
        if kind in ENDS - {"dropped"} and hour >= one.since and is_of:
            yield n


def _periods(report: Health) -> tuple[int, int]:
    context = report.found().context
    assert context
    return context.compared.periods[:2]


def page(results: Sequence[Result]) -> str:
    """What the page says of them."""
    clean = [one for one in results if not one.sizes]
    changed = [one for one in results if one.sizes]
    large = [one for one in changed if min(one.sizes) >= LEAST]
    alarms, right = sum(one.told > 0 for one in clean), sum(one.is_first for one in large)
    lines = [
        f"Of {len(clean):,} logs without a change {alarms} had one told ({alarms / max(len(clean), 1):.1%}).",
        f"Of {len(large):,} logs with one or two planted changes of at least {LEAST} mails each, the first change told",
        f"was a planted one, by just its values, in {right:,} ({right / max(len(large), 1):.1%}).",
        "By the size of the change, of logs with one:\n",
        "| mails that bounced | logs | told first, by just its values | nothing told | hour right, or the next |",
        "|---:|---:|---:|---:|---:|",
    ]
    for low, high in pairwise(BOUNDS):
        some = [one for one in changed if len(one.sizes) == 1 and low <= one.sizes[0] < high]
        told = [one for one in some if one.off is not None]
        if some:
            name = f"{low}-{high - 1}" if high < BOUNDS[-1] else f"{low} or more"
            firsts, none = sum(one.is_first for one in some), sum(not one.told for one in some)
            near = sum(one.off is not None and one.off <= 1 for one in told)
            lines.append(f"| {name} | {len(some)} | {firsts} | {none} | {near} of {len(told)} |")
    both = [one for one in large if len(one.sizes) == 2]
    found = sum(one.found == 2 for one in both)
    lines.append(f"\nOf {len(both)} logs with two changes of at least {LEAST} mails, both were told in {found}.")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Tries the logs, and prints or writes what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first (0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="try no more logs after this time")
    parser.add_argument("--write", action="store_true", help="write the numbers into docs/check.md")
    options = parser.parse_args()
    numbers = range(options.first, options.first + options.logs)
    results, until = [], monotonic() + options.seconds
    with ProcessPoolExecutor(options.jobs) as pool:
        for one in pool.map(try_log, numbers):
            results.append(one)
            if one.told > 0 if not one.sizes else not one.is_first:
                print(one, file=sys.stderr, flush=True)
            if monotonic() > until:
                pool.shutdown(cancel_futures=True)
                break
    print(page(results))
    if options.write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}{page(results)}{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
