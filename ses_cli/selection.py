"""Which events: by type, domain, sender, recipient, message, template and time, and each only once."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from ses_cli.batch import Batch
from ses_cli.callback import Callback

_Test = Callable[[Callback], bool]


def domain(email: str) -> str:
    """The domain of an address in lower case, "" where there is none."""
    return email.rpartition("@")[2].lower()


def domains_of(emails: list[str]) -> list[str]:
    """The domain of each address as it is written, "" where there is none."""
    parts = "@\n@".join(emails).split("@")  # where each has one @, this is all there is to do
    if len(parts) == 3 * len(emails) - 1 and parts[2::3].count("\n") == len(emails) - 1:
        return parts[1::3]
    return [email.rpartition("@")[2] for email in emails]


def address(email: str) -> str:
    """An address as it is compared: without case in the domain, as written in the local part."""
    local, at, host = email.rpartition("@")
    return f"{local}{at}{host.lower()}"


def from_domain(record: Callback) -> str:
    """The sender's domain in lower case, "" where the record names none."""
    return (record.from_domain or (record.sender or "").rpartition("@")[2]).lower()


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run counts. An empty set, or None, selects everything; times are Unix seconds, [since, until)."""

    events: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()  # lower case
    from_domains: frozenset[str] = frozenset()  # lower case
    emails: frozenset[str] = frozenset()  # as `address` gives them
    bulk_ids: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()  # template ids, as text
    since: int | None = None
    until: int | None = None
    dedupe: bool = False

    def tests(self) -> list[_Test]:
        """One test for each thing selected by."""
        since, until = self.since, self.until
        tests: list[tuple[object, _Test]] = [
            (self.events, lambda record: record.event in self.events),
            (since is not None, lambda record: since is None or record.timestamp >= since),
            (until is not None, lambda record: until is None or record.timestamp < until),
            (self.domains, lambda record: domain(record.email) in self.domains),
            (self.from_domains, lambda record: from_domain(record) in self.from_domains),
            (self.emails, lambda record: address(record.email) in self.emails),
            (self.bulk_ids, lambda record: record.bulk_id in self.bulk_ids),
            (self.templates, lambda record: str(record.template_id) in self.templates),
        ]
        return [test for wanted, test in tests if wanted]


EVERYTHING = Selection()


class Selector:
    """Applies a selection to batch after batch, and knows which callbacks it has seen."""

    def __init__(self, selection: Selection) -> None:
        self._tests = selection.tests()
        self._seen: set[bytes] | None = set() if selection.dedupe else None

    def narrow(self, batch: Batch) -> tuple[int, int]:
        """Leaves in a batch what is selected. Returns how many records were filtered out, how many seen before."""
        valid = len(batch.records)
        for test in self._tests:
            _keep(batch, [test(record) for record in batch.records])
        selected = len(batch.records)
        if self._seen is not None:
            _keep(batch, [_is_new(fingerprint(record), self._seen) for record in batch.records])
        return valid - selected, selected - len(batch.records)


def fingerprint(record: Callback) -> bytes:
    """16 bytes that are the same for a callback that arrived twice, and for no other in practice."""
    key = (record.bulk_id, record.email, record.event, record.timestamp, record.link or "")
    return blake2b(repr(key).encode(), digest_size=16).digest()


def _is_new(mark: bytes, seen: set[bytes]) -> bool:
    if mark in seen:
        return False
    seen.add(mark)
    return True


def _keep(batch: Batch, keep: list[bool]) -> None:
    if not all(keep):
        batch.rows = [row for row, kept in zip(batch.rows, keep, strict=True) if kept]
        batch.records = [record for record, kept in zip(batch.records, keep, strict=True) if kept]
