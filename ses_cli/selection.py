"""Which events: by type, domain, sender, recipient, message, template and time, and each only once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ses_cli.identity import address, domain, from_domain, message_id

if TYPE_CHECKING:
    from ses_cli.callback import Callback

_Test = Callable[["Callback"], bool]


class Selection(NamedTuple):
    """What a run counts. An empty set, or None, selects everything; times are Unix seconds, [since, until)."""

    events: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()  # as `identity.domain_name` gives them, like the next
    from_domains: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()  # as `identity.address` gives them
    bulk_ids: frozenset[str] = frozenset()
    message_ids: frozenset[str] = frozenset()  # as `identity.message_id` gives them
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
            (self.message_ids, lambda record: message_id(record.message_id or "") in self.message_ids),
            (self.templates, lambda record: str(record.template_id) in self.templates),
        ]
        return [test for wanted, test in tests if wanted]


EVERYTHING = Selection()
