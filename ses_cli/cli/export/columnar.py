"""Parquet, Arrow and DuckDB: typed columns, to a file, a pipe or a folder."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ses_cli.cli import scanning
from ses_cli.cli.export.options import ExportChoice
from ses_cli.cli.given import refuse
from ses_cli.cli.options import Printing, Reading, Selecting, split
from ses_cli.engine import threads
from ses_cli.errors import Exit, TargetError, UsageError, reason
from ses_cli.export.ahead import Ahead
from ses_cli.export.columns import choose
from ses_cli.leftovers import forget_leftover, register_leftover
from ses_cli.render.output import Output, log_mode
from ses_cli.scan import Part

if TYPE_CHECKING:
    import pyarrow as pa

    from ses_cli.export.arrow import Batches

FORMATS = ("parquet", "arrow", "duckdb")
_INSTALL = "pip install 'ses-events[export]'"
Write = Callable[["pa.Table"], None]


def run(reading: Reading, selecting: Selecting, printing: Printing, choosing: ExportChoice) -> Exit:
    """Exports. Raises UsageError where the libraries are not installed, or there is no place for the format."""
    names = choose(split(choosing.columns))
    check(printing, choosing)
    if choosing.partition_by:
        _check_partition(choosing.partition_by, names)
    found = scanning.find_input(reading, printing)
    mode = log_mode(source.path for source in found.sources)
    from ses_cli.export.arrow import Batches, schema_of

    with (
        writer(printing, "callbacks", schema_of(names), mode, choosing.partition_by) as write,
        Ahead(write, threads(reading.jobs)) as ahead,
    ):

        def see(part: "Part[Batches]") -> None:
            if part.ledger.counted:
                ahead.put(partial(part.fold.take, part.source, part.above))

        outcome = scanning.fold(found, reading, selecting, partial(Batches, names), see, is_streamed=True)
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)


def check(printing: Printing, choosing: ExportChoice) -> None:
    """Raises UsageError where the libraries are not installed, or the format does not go there."""
    refuse(f"with --format {printing.form}, which has times in UTC", "tz")
    try:
        import pyarrow  # noqa: F401

        if printing.form == "duckdb":
            import duckdb  # noqa: F401
    except ImportError as error:
        raise UsageError(f"--format {printing.form}: {error.name} is not installed", _INSTALL) from None
    if choosing.partition_by and printing.form != "parquet":
        raise UsageError(f"--partition-by does nothing with --format {printing.form}", "it is for parquet")
    is_file = printing.output not in (None, "-")
    if (choosing.partition_by or printing.form == "duckdb") and not is_file:
        raise UsageError(f"--format {printing.form} needs -o: it cannot be streamed")
    if not is_file and sys.stdout and sys.stdout.isatty():
        raise UsageError(f"--format {printing.form} cannot go to a terminal", "use -o FILE or a pipe")


def _check_partition(by: str, names: tuple[str, ...]) -> None:
    from ses_cli.export.partitions import BY

    if BY[by] not in names:
        raise UsageError(f"--partition-by {by} needs the column {BY[by]}")


@contextmanager
def writer(printing: Printing, table: str, schema: "pa.Schema", mode: int, by: str | None = None) -> Iterator[Write]:
    """Takes rows; what it writes is there at the end, whole, or not at all. It is divided `by` something."""
    if by:
        from ses_cli.export.partitions import PartitionWriter

        with _replaced(str(printing.output), is_folder=True) as part:
            folder = PartitionWriter(Path(part), schema, by)
            yield folder.write
            folder.close()
        return
    if printing.form == "duckdb":
        from ses_cli.export.database import DatabaseWriter

        with _replaced(str(printing.output), is_folder=False, mode=mode) as part:
            database = DatabaseWriter(part, schema, table)
            try:
                yield database.write
                database.finish()
            finally:
                database.close()
        return
    from ses_cli.export.files import ParquetWriter, Sink, StreamWriter

    with Output(printing.output, mode) as output:
        sink = Sink(output.write)
        file = (ParquetWriter if printing.form == "parquet" else StreamWriter)(sink, schema)
        try:
            yield file.write
            file.close()
        except BaseException:
            sink.let_go()
            raise


@contextmanager
def _replaced(path: str, is_folder: bool, mode: int | None = None) -> Iterator[str]:
    """A path beside this one, which takes its place when all went well. Raises TargetError."""
    target = Path(path).resolve()  # what is behind a link, not the link
    if is_folder and target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise TargetError(f"{path}: not an empty directory", "name one that does not exist")
    if not is_folder and target.exists() and not target.is_file():
        raise TargetError(f"{path}: not a regular file", "a database cannot be streamed: name a file")
    part = str(target.with_name(f".{target.name[:200]}.{os.urandom(6).hex()}"))
    clear = partial(_remove, part)
    register_leftover(clear)
    try:
        if is_folder:
            Path(part).mkdir()
        yield part
        if mode is not None:
            Path(part).chmod(mode & 0o666)
        _sync(Path(part))
        os.replace(part, target)
    except OSError as error:
        raise TargetError(f"{path}: {reason(error)}", f"{path} was left unchanged") from None
    finally:
        clear()
        forget_leftover(clear)


def _sync(path: Path) -> None:
    """A file, or a directory with all that is in it, onto the disk: a power cut must not leave the name alone."""
    for one in [*path.rglob("*"), path]:
        fd = os.open(one, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _remove(path: str) -> None:
    for name in (path, f"{path}.wal"):  # DuckDB's log
        with suppress(OSError):
            os.unlink(name)
    shutil.rmtree(path, ignore_errors=True)
