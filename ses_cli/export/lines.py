"""Records as lines: the very bytes that were captured, or a log of the same form in today's spelling."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Self

import orjson

from ses_cli.batch import BOM, Batch
from ses_cli.redact import Redactor
from ses_cli.schema.record import normalise


class Redaction(NamedTuple):
    """What pseudonyms depend on, and what gets them."""

    key: bytes
    with_domains: bool


@lru_cache(1)
def redactor(redaction: Redaction) -> Redactor:
    """The redactor, made once in each process."""
    return Redactor(redaction.key, redaction.with_domains)


def _normalised(line: bytes) -> bytes:
    record: dict[str, object] = orjson.loads(line.removeprefix(BOM))
    normalise(record)
    return orjson.dumps(record)


@dataclass(slots=True)
class Lines:
    """A fold that holds the lines of its own part only: what is merged into it was already written."""

    is_raw: bool  # the bytes as they were captured; else a compact record in today's spelling
    redaction: Redaction | None = None
    lines: list[bytes] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Takes in the counted records."""
        if self.is_raw:
            self.lines.append(batch.captured())
            return
        lines = [_normalised(line) for line in batch.captured().split(b"\n")[:-1]]
        if self.redaction:
            lines = [redactor(self.redaction).line(line) for line in lines]
        self.lines.append(b"".join(line + b"\n" for line in lines))

    def merge(self, later: Self) -> None:
        """Nothing to keep."""
