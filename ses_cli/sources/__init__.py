"""Bytes in: files, standard input and compressed files, as pieces of whole lines."""

from ses_cli.sources.find import Source, find, reason
from ses_cli.sources.read import SPAN, Span, read, spans

__all__ = ["SPAN", "Source", "Span", "find", "read", "reason", "spans"]
