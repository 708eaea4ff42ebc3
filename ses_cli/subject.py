"""Subjects and other mail headers as people read them, without the encoding of RFC 2047."""

from email.errors import HeaderParseError
from email.header import decode_header, make_header


def decoded(text: str | None) -> str | None:
    """The text of a header; one that cannot be decoded as it is."""
    if text is None or "=?" not in text:
        return text
    try:
        found = str(make_header(decode_header(text)))
        found.encode()  # UTF-7 can spell what is no character
        return found
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text
