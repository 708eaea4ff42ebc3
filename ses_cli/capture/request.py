"""What is known of a request before its body."""

from dataclasses import dataclass
from urllib.parse import unquote

import httptools

Headers = list[tuple[bytes, bytes]]


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

    def header(self, name: bytes) -> bytes | None:
        """The value of a header, the last one where there are several."""
        return next((value for key, value in reversed(self.headers) if key == name), None)

    @property
    def content_length(self) -> int | None:
        """Bytes of the body; None where there is none, or where it comes in chunks."""
        value = self.header(b"content-length")
        return None if value is None else int(value)


def parse_request(parser: httptools.HttpRequestParser, url: bytes, headers: Headers, peer: str) -> Request:
    """The request that a parser has read the head of. Raise `httptools.HttpParserError`."""
    parsed = httptools.parse_url(url)
    path = (parsed.path or b"/").decode("latin-1")
    version = parser.get_http_version()
    request = Request(
        method=parser.get_method().decode("latin-1"),
        path=unquote(path) if "%" in path else path,
        query=parsed.query or b"",
        headers=headers,
        peer=peer,
        keep_alive=version == "1.1" and parser.should_keep_alive(),
        expects_continue=False,
    )
    if version == "1.1" and (expected := request.header(b"expect")):
        request.expects_continue = expected.strip().lower() == b"100-continue"  # RFC 9110: in any case
    return request
