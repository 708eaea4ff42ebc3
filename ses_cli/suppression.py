"""Suppression lists in the formats that they are imported from.

Sources: Tencent Cloud SES CreateCustomBlacklist (API 2020-10-02); Amazon SES v2 import jobs for suppression lists;
Mailgun "Import list of bounces"; listmonk "Bounces" (POST /webhooks/bounce).
"""

import csv
import io
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from email.utils import formatdate
from itertools import islice
from typing import NamedTuple

import orjson

from ses_cli.reports.addresses import Address, AddressRows
from ses_cli.reports.bounces import ALSO, Bounces

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@")
DEFAULT_CHUNK = 100  # addresses in one body for Tencent, which documents no maximum
MOST_IN_A_FILE = 100_000  # Amazon SES


class Dead(NamedTuple):
    """An address to stop mailing, and why."""

    email: str
    event: str  # bounce, spamreport or unsubscribe
    time: int  # Unix seconds
    is_hard: bool = True
    reply_code: str = ""
    reason: str = ""
    cls: str = ""


class ListFormat(NamedTuple):
    """One target: what it takes, and how its file is written."""

    write: Callable[[Iterable[Dead], int, str | None], Iterator[bytes]]  # (list, chunk, expiry date)
    events: frozenset[str] = frozenset({"bounce", "spamreport", "unsubscribe"})
    most: int | None = None  # addresses in a file
    has_cells: bool = False  # people may open it in a spreadsheet


class SuppressionList:
    """The addresses of a report that a target is to be given: those to suppress, or that need one of `actions`.

    An address with a delivery after its last hard bounce is left out, unless `delivered_since`. Of those that bounced
    only the places among the rows are held: there may be millions.
    """

    def __init__(
        self,
        report: Bounces,
        target: ListFormat,
        actions: AbstractSet[str] = frozenset(),
        delivered_since: bool = False,
    ) -> None:
        self.target = target
        self.left_out: Counter[str] = Counter()  # why addresses are left out -> how many
        self._rows = report.rows()
        self._kept = array("q")
        self._others: list[Dead] = []
        for place, row in enumerate(self._rows):
            why = _objection(row, actions or {"suppress"}, delivered_since) or leave_out(self.target, _dead(row))
            if why:
                self.left_out[why] += 1
            else:
                self._kept.append(place)
        self._add_others(report.others, self._rows)

    def _add_others(self, events: dict[str, dict[str, int]], rows: AddressRows) -> None:
        """The recipients of other events, each once, and first of those that the target takes."""
        if not events:
            return
        exported = {rows[place].email for place in self._kept}
        for event in sorted(events, key=lambda event: (event not in self.target.events, ALSO.index(event))):
            for email, time in events[event].items():
                if email in exported:
                    continue
                exported.add(email)
                if why := leave_out(self.target, dead := Dead(email, event, time)):
                    self.left_out[why] += 1
                else:
                    self._others.append(dead)

    def __iter__(self) -> Iterator[Dead]:
        return self.part(0, len(self))

    def __len__(self) -> int:
        return len(self._kept) + len(self._others)

    def part(self, start: int, stop: int) -> Iterator[Dead]:
        """Some of them, by their places."""
        yield from (_dead(self._rows[place]) for place in self._kept[start:stop])
        yield from self._others[max(start - len(self._kept), 0) : max(stop - len(self._kept), 0)]


def _objection(row: Address, actions: AbstractSet[str], delivered_since: bool) -> str | None:
    """Why an address that bounced should not be suppressed, if there is a reason."""
    action = row.verdict.action
    if action not in actions:
        return f"to {action} rather than suppress (--action {action} lists them)"
    if row.delivered_since and not delivered_since:
        return "delivered to after the last hard bounce (--delivered-since exports them)"
    return None


def _dead(row: Address) -> Dead:
    verdict = row.verdict
    return Dead(row.email, "bounce", row.last, row.is_hard, verdict.reply_code, row.reason, verdict.cls)


def leave_out(target: ListFormat, dead: Dead) -> str | None:
    """Why a target cannot be given an address, None if it can."""
    if not dead.email:
        return "has no address"
    if dead.event not in target.events:
        return f"{dead.event}, which the target does not take"
    if target.has_cells and dead.email.startswith(RUN_BY_SPREADSHEETS):
        return "begins with a character that a spreadsheet would run"
    return None


def _plain(dead: Iterable[Dead], _chunk: int, _expire: str | None) -> Iterator[bytes]:
    return (f"{one.email}\n".encode() for one in dead)


def _tencent(dead: Iterable[Dead], chunk: int, expire: str | None) -> Iterator[bytes]:
    for emails in _chunks((one.email for one in dead), chunk):
        yield _line({"Emails": emails} | ({"ExpireDate": expire} if expire else {}))


def _aws_ses(dead: Iterable[Dead], _chunk: int, _expire: str | None) -> Iterator[bytes]:
    """Amazon knows BOUNCE and COMPLAINT; who unsubscribed asked not to be mailed, which is the latter."""
    return (
        _line({"emailAddress": one.email, "reason": "BOUNCE" if one.event == "bounce" else "COMPLAINT"}) for one in dead
    )


def _mailgun(dead: Iterable[Dead], _chunk: int, _expire: str | None) -> Iterator[bytes]:
    yield _row("address", "code", "error", "created_at")
    for one in dead:
        text = " ".join(one.reason.split())
        reason = f"'{text}" if text.startswith(RUN_BY_SPREADSHEETS) else text
        yield _row(one.email, one.reply_code or "550", reason, formatdate(one.time))


def _listmonk(dead: Iterable[Dead], _chunk: int, _expire: str | None) -> Iterator[bytes]:
    for one in dead:
        kind = "complaint" if one.event == "spamreport" else "hard" if one.is_hard else "soft"
        meta = {"class": one.cls, "reason": one.reason} if one.event == "bounce" else {}
        yield _line({"email": one.email, "source": "tencent-ses", "type": kind, "meta": meta})


def _line(content: object) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def _row(*cells: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


def _chunks(emails: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(emails)
    while chunk := list(islice(rest, size)):
        yield chunk


FORMATS: dict[str, ListFormat] = {
    "plain": ListFormat(_plain),
    "tencent": ListFormat(_tencent),
    "aws-ses": ListFormat(_aws_ses, most=MOST_IN_A_FILE),
    "mailgun": ListFormat(_mailgun, events=frozenset({"bounce"}), has_cells=True),
    "listmonk": ListFormat(_listmonk, events=frozenset({"bounce", "spamreport"})),
    "cloudflare": ListFormat(_plain),
}
