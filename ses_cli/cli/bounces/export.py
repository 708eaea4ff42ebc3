"""A suppression list, written; and what it leaves out, said."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ses_cli.cli.bounces.options import Exporting
from ses_cli.errors import UsageError
from ses_cli.render import messages
from ses_cli.render.collisions import OutputFile
from ses_cli.render.output import STDOUT, write
from ses_cli.reports.bounces import Bounces
from ses_cli.suppression import FORMATS, ListFormat, SuppressionList


def export(
    report: Bounces, exporting: Exporting, output: str | None, check: Callable[[Sequence[OutputFile]], None]
) -> None:
    """Writes the list, in several files where the target takes no more in one, and tells what it left out.

    `check` raises UsageError for a file that must not be written.
    """
    target = FORMATS[exporting.export or "plain"]
    dead = SuppressionList(report, target, report.wanted.actions, exporting.delivered_since)
    expire = exporting.expire.strftime("%Y-%m-%d") if exporting.expire else None
    files = list(_files(len(dead), target, output))
    check([OutputFile("-o", path) for path, _, _ in files])
    for path, start, stop in files:
        write(target.write(dead.part(start, stop), exporting.chunk, expire), path)
    messages.note(f"{len(dead):,} {'address' if len(dead) == 1 else 'addresses'} exported")
    for why, n in dead.left_out.most_common():
        messages.note(f"{n:,} left out: {why}")


def _files(count: int, target: ListFormat, output: str | None) -> Iterator[tuple[str | None, int, int]]:
    """Each file with the places of its first address and of that after its last."""
    most = target.most
    if most is None or count <= most:
        yield output, 0, count
        return
    if output in (None, STDOUT):
        raise UsageError(
            f"{count:,} addresses, but the target takes at most {most:,} per file", "-o FILE writes several files"
        )
    path = Path(str(output))
    for number, start in enumerate(range(0, count, most), 1):
        yield str(path.with_name(f"{path.stem}-{number}{path.suffix}")), start, start + most
