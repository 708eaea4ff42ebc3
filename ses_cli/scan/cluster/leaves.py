"""Spans that follow one another, gathered to tasks of about one size."""

from collections.abc import Iterator, Sequence

from ses_cli.sources import Span

_MOST = 256  # spans of a task


def leaves(spans: Sequence[Span], size: int) -> Iterator[list[Span]]:
    """All spans in their order, so many together as make up `size` bytes."""
    leaf: list[Span] = []
    held = 0
    for span in spans:
        if leaf and (held + span.bytes > size or len(leaf) == _MOST):
            yield leaf
            leaf, held = [], 0
        leaf.append(span)
        held += span.bytes
    if leaf:
        yield leaf
