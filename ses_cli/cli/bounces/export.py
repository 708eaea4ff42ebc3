"""A suppression list, written; and what it leaves out, said."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ses_cli.cli.bounces.options import Exporting
from ses_cli.errors import UsageError
from ses_cli.render import messages
from ses_cli.render.collisions import OutputFile
from ses_cli.render.output import STDOUT, write
from ses_cli.reports.bounces import ALSO, Bounces
from ses_cli.suppression import FORMATS, Dead, Format, leave_out


def export(
    report: Bounces, exporting: Exporting, output: str | None, check: Callable[[Sequence[OutputFile]], None]
) -> None:
    """Writes the list, in several files where the target takes no more in one, and tells what it left out.

    `check` raises UsageError for a file that must not be written.
    """
    target = FORMATS[exporting.export or "plain"]
    left: Counter[str] = Counter()
    dead: list[Dead] = []
    for one, objection in _candidates(report, target, exporting):
        why = objection or leave_out(target, one)
        if why:
            left[why] += 1
        else:
            dead.append(one)
    expire = exporting.expire.strftime("%Y-%m-%d") if exporting.expire else None
    files = list(_files(dead, target.most, output))
    check([OutputFile("-o", path) for path, _ in files])
    for path, part in files:
        write(target.write(part, exporting.chunk, expire), path)
    messages.note(f"{len(dead):,} {'address' if len(dead) == 1 else 'addresses'} exported")
    for why, n in left.most_common():
        messages.note(f"{n:,} left out: {why}")


def _candidates(report: Bounces, target: Format, exporting: Exporting) -> Iterator[tuple[Dead, str | None]]:
    """Every address with the reason, if any, why it should not be suppressed. Each that is has one event."""
    actions = report.wanted.actions or {"suppress"}
    exported: set[str] = set()
    for row in report.rows():
        verdict = row.verdict
        dead = Dead(row.email, "bounce", row.last, row.is_hard, verdict.reply_code, row.reason, verdict.cls)
        if verdict.action not in actions:
            yield dead, f"to {verdict.action} rather than suppress (--action {verdict.action} lists them)"
        elif row.delivered_since and not exporting.delivered_since:
            yield dead, "delivered to after the last hard bounce (--delivered-since exports them)"
        else:
            exported.add(row.email)
            yield dead, None
    for event in sorted(report.others, key=lambda event: (event not in target.events, ALSO.index(event))):
        for email, time in report.others[event].items():
            if email not in exported:
                exported.add(email)
                yield Dead(email, event, time), None


def _files(dead: list[Dead], most: int | None, output: str | None) -> Iterator[tuple[str | None, list[Dead]]]:
    if most is None or len(dead) <= most:
        yield output, dead
        return
    if output in (None, STDOUT):
        raise UsageError(f"{len(dead):,} addresses, and the target takes {most:,} in a file", "-o FILE writes several")
    path = Path(str(output))
    for number, start in enumerate(range(0, len(dead), most), 1):
        yield str(path.with_name(f"{path.stem}-{number}{path.suffix}")), dead[start : start + most]
