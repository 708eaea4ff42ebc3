"""A small HTTP server in a thread: a bucket in memory, or a proxy before another server, with faults on demand."""

import asyncio
import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httptools


@dataclass
class Request:
    """What was asked."""

    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def range(self) -> tuple[int, int] | None:
        """The bytes asked for, the end exclusive."""
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        return (int(found[1]), int(found[2]) + 1) if found else None


@dataclass
class Response:
    """What is answered. `cut` leaves out the end of the body, and closes the connection."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int = 0
    is_held: bool = False  # never answered

    @classmethod
    def error(cls, status: int, code: str, more: str = "") -> Self:
        """An error as S3 tells it."""
        return cls(status, {}, f"<Error><Code>{code}</Code><Message>hush</Message>{more}</Error>".encode())


Answer = Callable[[Request], Response]
Fault = Callable[[Request, Answer], Response | None]
"""What to answer instead, None for what would be answered anyhow."""


class Memory:
    """Buckets in memory, as S3 shows them: enough of it to list, to read and to put."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}  # by bucket/key
        self._tags: dict[int, tuple[bytes, str]] = {}

    def __call__(self, request: Request) -> Response:
        parts = urlsplit(request.target)
        path, query = unquote(parts.path).lstrip("/"), parse_qs(parts.query)
        if "list-type" in query:
            return self._list(path.rstrip("/"), query)
        if request.method == "PUT":
            self.objects[path] = request.body
            return Response(200, {"ETag": self._tag(request.body)})
        if path not in self.objects:
            return Response.error(404, "NoSuchKey")
        data = self.objects[path]
        tag = self._tag(data)
        if request.headers.get("if-match", tag) != tag:
            return Response.error(412, "PreconditionFailed")
        headers = {"ETag": tag, "Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT"}
        if request.range is None:
            return Response(200, headers, data)
        start, end = request.range
        if start >= len(data):
            return Response.error(416, "InvalidRange")
        headers["Content-Range"] = f"bytes {start}-{min(end, len(data)) - 1}/{len(data)}"
        return Response(206, headers, data[start:end])

    def _tag(self, data: bytes) -> str:
        """An ETag, worked out once."""
        known, tag = self._tags.get(id(data), (b"", ""))
        if known is not data:
            tag = f'"{hashlib.md5(data).hexdigest()}"'
            self._tags[id(data)] = data, tag
        return tag

    def _list(self, bucket: str, query: dict[str, list[str]]) -> Response:
        begin = f"{bucket}/{query.get('prefix', [''])[0]}"
        after = f"{bucket}/{query.get('continuation-token', query.get('start-after', ['']))[0]}"
        names = sorted(name for name in self.objects if name.startswith(begin) and name > after)
        page, rest = names[:1000], names[1000:]
        found = "".join(
            f"<Contents><Key>{quote(name.partition('/')[2])}</Key><Size>{len(self.objects[name])}</Size>"
            "<LastModified>2026-10-21T07:28:00.000Z</LastModified></Contents>"
            for name in page
        )
        token = f"<NextContinuationToken>{page[-1].partition('/')[2]}</NextContinuationToken>" if rest else ""
        more = f"<IsTruncated>{str(bool(rest)).lower()}</IsTruncated>{token}"
        return Response(200, {}, f"<ListBucketResult>{more}{found}</ListBucketResult>".encode())


def forward_to(port: int) -> Answer:
    """Asks another server. Of Tencent's hosts, which name a bucket, it makes those of S3."""

    def answer(request: Request) -> Response:
        parts = urlsplit(request.target)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = dict(request.headers)
        if bucket := re.fullmatch(r"([a-z0-9-]+)\.cos\.[a-z0-9-]+\.myqcloud\.com", headers.get("host", "")):
            target = f"/{bucket[1]}{target}"
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request(request.method, target, request.body or None, {**headers, "host": f"127.0.0.1:{port}"})
        got = connection.getresponse()
        dropped = ("transfer-encoding", "connection", "content-length")
        kept = {name: value for name, value in got.getheaders() if name.lower() not in dropped}
        if request.method == "HEAD":
            kept["Content-Length"] = got.getheader("Content-Length", "0")
        response = Response(got.status, kept, got.read())
        connection.close()
        return response

    return answer


class Server:
    """Runs while it is a context. `seen` has all requests; each fault in `faults` is asked in turn."""

    def __init__(self, answer: Answer) -> None:
        self.seen: list[Request] = []
        self.faults: list[Fault] = []
        self.port = 0
        self.connections: list[asyncio.Transport] = []
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> int:
        self._server = await self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _close(self) -> None:
        self._server.close()
        for transport in self.connections:
            transport.abort()

    def answer(self, request: Request) -> Response:
        """What a request gets."""
        self.seen.append(request)
        for fault in self.faults:
            if response := fault(request, self._answer):
                return response
        return self._answer(request)


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.append(transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.write(b"HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n")
            self._transport.close()

    def on_message_begin(self) -> None:
        self._request = Request()

    def on_url(self, url: bytes) -> None:
        self._request.target += url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._request.body += body

    def on_message_complete(self) -> None:
        self._request.method = self._parser.get_method().decode()
        response = self._server.answer(self._request)
        if response.is_held:
            return
        is_head = self._request.method == "HEAD"
        headers = {"Content-Length": str(len(response.body)), **response.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body = b"" if is_head else response.body[: len(response.body) - response.cut]
        self._transport.write(f"HTTP/1.1 {response.status} X\r\n{head}\r\n".encode() + body)
        if response.cut:
            self._transport.close()
