"""What is known of a request before its body."""

from dataclasses import dataclass
from urllib.parse import unquote

import httptools

Headers = dict[bytes, bytes]


@dataclass(slots=True)
class Request:
    """The head of a request. Names of headers are in lower case."""

    method: str
    path: str
    query: bytes
    headers: Headers
    peer: str  # the address at the other end of the connection
    keep_alive: bool
    expects_continue: bool  # the client waits to be asked for the body
    content_length: int | None  # bytes of the body; None where there is none, or where it comes in chunks


def parse_request(parser: httptools.HttpRequestParser, url: bytes, headers: Headers, peer: str) -> Request:
    """The request that a parser has read the head of. Raise `httptools.HttpParserError`."""
    parsed = httptools.parse_url(url)
    path = (parsed.path or b"/").decode("latin-1")
    version = parser.get_http_version()
    length, expected = headers.get(b"content-length"), headers.get(b"expect")
    return Request(
        method=parser.get_method().decode("latin-1"),
        path=unquote(path) if "%" in path else path,
        query=parsed.query or b"",
        headers=headers,
        peer=peer,
        keep_alive=version == "1.1" and parser.should_keep_alive(),
        # RFC 9110: in any case of letters, and not from a client of HTTP/1.0
        expects_continue=expected is not None and version == "1.1" and expected.strip().lower() == b"100-continue",
        content_length=None if length is None else int(length),
    )
