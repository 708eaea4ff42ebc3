"""Records as a stream of typed columns, for whatever takes Arrow: DuckDB, Polars, pandas, pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ses_cli.batch import Checks
from ses_cli.engine import threads
from ses_cli.errors import SesEventsError, SourcesError, UsageError
from ses_cli.export.columns import choose
from ses_cli.scan import Outcome, Task
from ses_cli.scan.scan import Stretch, stream
from ses_cli.selection import EVERYTHING, Selection
from ses_cli.sources import Source, find

if TYPE_CHECKING:
    import pyarrow as pa

    from ses_cli.export.arrow import Batches


def read(
    *files: str,
    columns: Sequence[str] = (),
    selection: Selection = EVERYTHING,
    strict: bool = False,
    jobs: int | None = None,
    endpoint: str | None = None,
) -> Records:
    """The selected records of logs, or of the default log, as columns: those named, or all that `export` has.

    `jobs` threads read, None for one a core; the engine in Python has one. `endpoint` is the address of the object
    store, where it is not the usual one. Raises UsageError for a column that is not there or where pyarrow is not
    installed, SourcesError where a log cannot be opened.
    """
    names = choose(columns, "columns")
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise UsageError("read: pyarrow is not installed", "pip install 'ses-events[export]'") from None
    sources, errors = find(files, endpoint=endpoint)
    if errors:
        raise SourcesError(errors)
    return Records(sources, names, Checks(strict=strict, selection=selection), threads(jobs))


class Records:
    """A table that is read when it is asked for, batch after batch, in bounded memory.

    Every iteration, and every query of a library that takes Arrow, reads the logs anew, as long as they were when they
    were found. What cannot be read to its end is an error there, after all that could be read.
    """

    def __init__(self, sources: Sequence[Source], names: tuple[str, ...], checks: Checks, jobs: int) -> None:
        from ses_cli.export.arrow import Batches, plain, schema_of  # start-up

        self._sources, self._jobs = sources, jobs
        self._task = Task(partial(Batches, names), checks, is_streamed=True)
        self.schema: pa.Schema = plain(schema_of(names))
        self.outcome = self._outcome()  # of the newest reading: the account of its lines, its first problems

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches in the order of the log."""
        outcome = self.outcome
        if outcome.ledger.lines and any(source.size is None for source in self._sources):
            raise SesEventsError("a pipe can be read once", "make a table of it, and query that")
        outcome = self.outcome = self._outcome()
        for part in stream(list(map(Stretch, self._sources)), outcome, self._task, self._jobs):
            yield from part.fold.take(part.source, part.above).cast(self.schema).to_batches()
        if outcome.errors:
            raise SourcesError(outcome.errors)

    def _outcome(self) -> Outcome[Batches]:
        return Outcome(self._task.fold(), [source.name for source in self._sources])

    def reader(self) -> pa.RecordBatchReader:
        """The same for pyarrow."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self.schema, self)

    def __arrow_c_schema__(self) -> object:
        """The types, for libraries that take Arrow."""
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The batches, for libraries that take Arrow."""
        return self.reader().__arrow_c_stream__(requested_schema)
