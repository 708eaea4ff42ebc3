"""A suppression list, written; and what it leaves out, said."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ses_cli.cli.bounces.options import Exporting
from ses_cli.errors import UsageError
from ses_cli.render import messages
from ses_cli.render.collisions import OutputFile
from ses_cli.render.output import STDOUT, write
from ses_cli.reports.addresses import Address, Rows
from ses_cli.reports.bounces import ALSO, Bounces
from ses_cli.suppression import FORMATS, Dead, Format, leave_out


class Export:
    """The addresses of a list: of those that bounced only the places among the rows are held, there may be millions."""

    def __init__(self, report: Bounces, exporting: Exporting) -> None:
        self.target = FORMATS[exporting.export or "plain"]
        self.left: Counter[str] = Counter()  # why addresses are left out -> how many
        self._rows = report.rows()
        self._kept = array("q")
        self._others: list[Dead] = []
        actions = report.wanted.actions or {"suppress"}
        for place, row in enumerate(self._rows):
            why = _objection(row, actions, exporting) or leave_out(self.target, _dead(row))
            if why:
                self.left[why] += 1
            else:
                self._kept.append(place)
        self._add_others(report.others, self._rows)

    def _add_others(self, events: dict[str, dict[str, int]], rows: Rows) -> None:
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
                    self.left[why] += 1
                else:
                    self._others.append(dead)

    def __len__(self) -> int:
        return len(self._kept) + len(self._others)

    def part(self, start: int, stop: int) -> Iterator[Dead]:
        """Some of them, by their places."""
        yield from (_dead(self._rows[place]) for place in self._kept[start:stop])
        yield from self._others[max(start - len(self._kept), 0) : max(stop - len(self._kept), 0)]


def _objection(row: Address, actions: frozenset[str] | set[str], exporting: Exporting) -> str | None:
    """Why an address that bounced should not be suppressed, if there is a reason."""
    action = row.verdict.action
    if action not in actions:
        return f"to {action} rather than suppress (--action {action} lists them)"
    if row.delivered_since and not exporting.delivered_since:
        return "delivered to after the last hard bounce (--delivered-since exports them)"
    return None


def _dead(row: Address) -> Dead:
    verdict = row.verdict
    return Dead(row.email, "bounce", row.last, row.is_hard, verdict.reply_code, row.reason, verdict.cls)


def export(
    report: Bounces, exporting: Exporting, output: str | None, check: Callable[[Sequence[OutputFile]], None]
) -> None:
    """Writes the list, in several files where the target takes no more in one, and tells what it left out.

    `check` raises UsageError for a file that must not be written.
    """
    dead = Export(report, exporting)
    expire = exporting.expire.strftime("%Y-%m-%d") if exporting.expire else None
    files = list(_files(len(dead), dead.target, output))
    check([OutputFile("-o", path) for path, _, _ in files])
    for path, start, stop in files:
        write(dead.target.write(dead.part(start, stop), exporting.chunk, expire), path)
    messages.note(f"{len(dead):,} {'address' if len(dead) == 1 else 'addresses'} exported")
    for why, n in dead.left.most_common():
        messages.note(f"{n:,} left out: {why}")


def _files(count: int, target: Format, output: str | None) -> Iterator[tuple[str | None, int, int]]:
    """Each file with the places of its first address and of that after its last."""
    most = target.most
    if most is None or count <= most:
        yield output, 0, count
        return
    if output in (None, STDOUT):
        raise UsageError(f"{count:,} addresses, and the target takes {most:,} in a file", "-o FILE writes several")
    path = Path(str(output))
    for number, start in enumerate(range(0, count, most), 1):
        yield str(path.with_name(f"{path.stem}-{number}{path.suffix}")), start, start + most
