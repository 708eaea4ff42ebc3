"""Steps of messages, packed by the engine in Python."""

from collections.abc import Sequence

from ses_cli.batch import Value
from ses_cli.batch.collected import Cause, Judge, MessageBlock, Parts, Sample
from ses_cli.callback import Callback
from ses_cli.events import FAILURES
from ses_cli.identity import domain, message_key
from ses_cli.message.row import KEY, PARTS, group_id, pack, pack_text, sample


class PythonMessages:
    """See `ses_cli.batch.CollectedMessages`."""

    def __init__(self, has_texts: bool, judge: Judge | None = None) -> None:
        self._has_texts = has_texts
        self._judge = judge
        self.unassigned = 0
        self._clear()

    def _clear(self) -> None:
        self.size = 0
        self._rows = [bytearray() for _ in range(PARTS)]
        self._texts = [bytearray() for _ in range(PARTS)]
        self._groups: dict[int, tuple[Value, ...]] = {}
        self._ids: dict[tuple[Value, ...], int] = {}
        self._met: set[bytes] = set()  # messages whose texts are there
        self._samples: dict[tuple[str, int], Sample] = {}

    def add(self, records: Sequence[Callback], groups: Sequence[tuple[Value, ...]]) -> None:
        """Takes in records, each with the values that it is grouped by."""
        for record, values in zip(records, groups, strict=True):
            if not (record.bulk_id and record.email):
                self.unassigned += 1
                continue
            row = pack(record, self._id(values), None if self._judge is None else self._meaning(record, self._judge))
            self._rows[row[0]] += row
            self.size += len(row)
            if self._has_texts and (key := row[:KEY]) not in self._met:
                self._met.add(key)
                text = pack_text(key, *message_key(record))
                self._texts[row[0]] += text
                self.size += len(text)

    def _meaning(self, record: Callback, judge: Judge) -> int:
        from ses_cli.reasons.own import hide  # start-up

        if record.event not in FAILURES:
            return 0
        bounce_type = (record.bounce_type or None) if record.event == "bounce" else None
        hidden, name = hide(record.reason or "", record.email), domain(record.email)
        cause: Cause = record.event, bounce_type, hidden, name, record.email
        (meaning,) = judge([cause])
        key, found = (name, meaning), (record.timestamp, sample(hidden))
        self._samples[key] = max(self._samples.get(key, found), found)
        return meaning

    def _id(self, values: tuple[Value, ...]) -> int:
        known = self._ids.get(values)
        if known is None:
            known = self._ids[values] = group_id(values)
            self._groups[known] = values
        return known

    def merge(self, later: "PythonMessages") -> None:
        """Takes in what was collected later."""
        self.unassigned += later.unassigned
        self.size += later.size
        for mine, theirs in zip(self._rows + self._texts, later._rows + later._texts, strict=True):
            mine.extend(theirs)
        self._groups |= later._groups
        self._met |= later._met
        for key, found in later._samples.items():
            self._samples[key] = max(self._samples.get(key, found), found)

    def take(self) -> MessageBlock:
        """All that was collected, which is held no more."""
        rows, texts = (Parts(b"".join(parts), list(map(len, parts))) for parts in (self._rows, self._texts))
        block = MessageBlock(rows, texts, self._groups, self._samples)
        self._clear()
        return block
