"""Folds the logs and writes the page."""

from dataclasses import dataclass
from functools import partial
from typing import Self

from ses_cli.batch import Batch
from ses_cli.cli import scanning
from ses_cli.cli.baseline import read_other
from ses_cli.cli.comparing import baseline, other_log
from ses_cli.cli.options import Printing, Reading, Selecting, path_of
from ses_cli.cli.report.options import Designing
from ses_cli.errors import Exit, UsageError
from ses_cli.events import HARD
from ses_cli.render.output import Output, log_mode
from ses_cli.reports.bounces import Bounces, BouncesWanted
from ses_cli.reports.health.mails import MailCounts
from ses_cli.reports.health.report import Asked, Health


@dataclass(slots=True)
class Folded:
    """What a page is made of: the health of senders and, where it is asked for, the addresses that bounced."""

    health: Health
    bounces: Bounces | None = None

    def add(self, batch: Batch) -> None:
        """Counts the records of a batch."""
        self.health.add(batch)
        if self.bounces:
            self.bounces.add(batch)

    def merge(self, later: Self) -> None:
        """Counts what was found later in the log."""
        self.health.merge(later.health)
        if self.bounces and later.bounces:
            self.bounces.merge(later.bounces)

    def is_gathering(self) -> bool:
        """As the health of senders is."""
        return self.health.is_gathering()


def run(reading: Reading, selecting: Selecting, designing: Designing, output: str) -> Exit:
    """Writes the page. Raises UsageError where the libraries for it are not installed."""
    try:
        import jinja2  # noqa: F401
        import vl_convert  # noqa: F401
    except ImportError:
        raise UsageError("report: its libraries are not installed", "pip install 'ses-events[report]'") from None
    from ses_cli.report.page import HtmlPage, render

    tz, rules = selecting.zone(), path_of(designing.rules)
    printing = Printing("html", output, None)
    asked = Asked(designing.window, baseline(designing.baseline, tz), rules=rules, tz=tz, jobs=reading.jobs)
    name = other_log(designing.baseline)
    found = scanning.find_input(reading, printing, designing.rules, name)
    other = read_other(name, reading, selecting, printing, partial(Health, asked))
    outcome = scanning.fold(
        found, reading, selecting, partial(_make, asked, designing.addresses, reading.is_local), rules=designing.rules
    )
    folded = outcome.fold
    if other:
        folded.health.other = other.fold.counted()
        outcome.errors += other.errors
    addresses = None
    if folded.bounces:
        rows = folded.bounces.rows()
        addresses = [[row.email, row.verdict.cls, row.reason or ""] for row in rows if not row.delivered_since]
    page = HtmlPage(folded.health, outcome.ledger, outcome.sources, designing.title, designing.language, tz, addresses)
    mode = log_mode(source.path for source in found.sources) if designing.addresses else None
    with Output(output, mode) as file:
        file.write([render(page)])
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)


def _make(asked: Asked, with_addresses: bool, is_local: bool) -> Folded:
    wanted = BouncesWanted(bounce_type=HARD, actions=frozenset({"suppress"}), rules=asked.rules, is_local=is_local)
    return Folded(Health(asked, MailCounts(has_lives=True)), Bounces(wanted) if with_addresses else None)
