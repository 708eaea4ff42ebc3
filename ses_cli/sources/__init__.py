"""Bytes in: files, standard input and compressed files, as pieces of whole lines."""

from ses_cli.sources.find import Source, find
from ses_cli.sources.read import Span, read, spans

__all__ = ["Source", "Span", "find", "read", "spans"]
