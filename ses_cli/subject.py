"""Subjects and other mail headers as people read them, without the encoding of RFC 2047."""

from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import lru_cache

_KEPT = 1024  # characters: a longer one is decoded each time


def decoded(text: str | None) -> str | None:
    """The text of a header; one that cannot be decoded as it is."""
    if text is None or "=?" not in text:
        return text
    return _known(text) if len(text) <= _KEPT else _decoded(text)


def _decoded(text: str) -> str:
    try:
        found = str(make_header(decode_header(text)))
        found.encode()  # UTF-7 can spell what is no character
        return found
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text


_known = lru_cache(1024)(_decoded)  # a campaign has one subject for all its mails
