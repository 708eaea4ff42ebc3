"""CSV and TSV from an engine's columns, and from rows where it has none: the same bytes."""

from collections.abc import Iterable
from datetime import tzinfo
from operator import attrgetter

import orjson

from ses_cli.batch.collected import CollectedColumns
from ses_cli.export.columns import COLUMNS, others
from ses_cli.export.held import Held
from ses_cli.export.rows import PartRows
from ses_cli.export.verdicts import verdicts
from ses_cli.render.data import separated
from ses_cli.subject import decoded


class Separated(Held):
    """A fold that holds the records of its own part only: what is merged into it was already written."""

    def take(self, source: str, above: int, delimiter: str, tz: tzinfo | None) -> list[bytes]:
        """The lines, which the fold holds no more; `above` lines of the source stand before the part."""
        held, self.held = self.held, []
        return [lines for some in held for lines in self._lines(some, source, above, delimiter, tz)]

    def _lines(
        self, some: CollectedColumns | PartRows, source: str, above: int, delimiter: str, tz: tzinfo | None
    ) -> Iterable[bytes]:
        if isinstance(some, PartRows):
            return separated(some.cells(source, above, tz), delimiter, False)
        return [some.rows(list(self.names), delimiter, source, above, self._words(some), self._odd(some))]

    def _words(self, found: CollectedColumns) -> dict[str, list[str]]:
        words = {"subject": [decoded(word) or "" for word in found.known("subject")]} if "subject" in self.names else {}
        names = [name for name in self.names if COLUMNS[name].verdict]
        if names:
            told = verdicts(found)
            words |= {name: list(map(attrgetter(COLUMNS[name].verdict), told)) for name in names}
        return words

    def _odd(self, found: CollectedColumns) -> dict[int, str]:
        odd = [(at, others(raw)) for at, raw in found.odd()] if "extra" in self.names else []
        return {at: orjson.dumps(values).decode() for at, values in odd if values}
