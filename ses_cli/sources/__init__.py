"""Bytes in: files, standard input and compressed files, as pieces of whole lines."""

from ses_cli.sources.find import find
from ses_cli.sources.read import SPAN, Span, has_grown, read, spans
from ses_cli.sources.source import Source

__all__ = ["SPAN", "Source", "Span", "find", "has_grown", "read", "spans"]
