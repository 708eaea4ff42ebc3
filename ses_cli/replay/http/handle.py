"""A libcurl handle: how requests go out on it, and what comes back."""

from io import BytesIO

import pycurl

from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.target import Target
from ses_cli.replay.job import Job

BODY = 1 << 20  # bytes of an answer that are read; nobody needs more
SAMPLE = 4096  # bytes of it that are kept, to show why something failed

_fill = BytesIO.__init__  # makes a buffer one of other bytes, without a copy


class Handle:
    """A libcurl handle, used again and again, and what goes out and comes back on it."""

    __slots__ = (
        "addresses",
        "body",
        "curl",
        "deadline",
        "head",
        "job",
        "sample",
        "second",
        "sent",
        "size",
    )

    def __init__(self, target: Target, options: HttpOptions) -> None:
        self.curl = pycurl.Curl()
        self.addresses: tuple[str, ...] = ()  # to connect to, as libcurl was told
        self.job: Job | None = None
        self.body = BytesIO()  # of the request, as far as libcurl has read it
        self.head: list[bytes] = []  # lines of the answer's head
        self.sample = b""
        self.size = 0  # of the answer's body
        self.sent = -1  # the size of a request's body, as libcurl was told
        self.second = 0  # Unix seconds, which its headers have
        self.deadline = 0.0  # on the client's clock
        self._set(target, options)

    def load(self, data: bytes) -> None:
        """Make ready for a request with this body."""
        if self.size:
            self.sample, self.size = b"", 0
        _fill(self.body, data)
        if self.head:
            self.head.clear()
        size = len(data)
        if size != self.sent:
            self.curl.setopt(pycurl.POSTFIELDSIZE_LARGE, size)
            self.sent = size

    def has_left(self) -> bool:
        """Whether any of the body may have: libcurl reads it once the connection stands.

        Its times do not tell: since curl/curl#21843 PRETRANSFER_TIME is set though nobody took the connection.
        """
        return self.job is not None and self.body.tell() > 0

    def take(self, data: bytes) -> int | None:
        """A piece of the answer's body."""
        self.size += len(data)
        if len(self.sample) < SAMPLE:
            self.sample += data[:SAMPLE]
        return None if self.size <= BODY else -1  # -1 ends the transfer; the status stands

    def has_head(self) -> bool:
        """Whether the head of the answer came whole: libcurl takes one that is cut off for an answer."""
        head = self.head
        starts = [at for at, line in enumerate(head) if line.startswith(b"HTTP/")]  # informational ones come before
        return bool(starts) and any(line in (b"\r\n", b"\n") for line in head[starts[-1] :])

    def direct(self, target: Target, addresses: tuple[str, ...]) -> None:
        """What was classed is what is connected to, whatever the name resolves to by now."""
        self.addresses = addresses
        joined = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
        self.curl.setopt(pycurl.RESOLVE, [f"{target.host}:{target.port}:{joined}"])

    def _set(self, target: Target, options: HttpOptions) -> None:
        curl = self.curl
        curl.setopt(pycurl.URL, target.url)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.CUSTOMREQUEST, options.method)
        curl.setopt(pycurl.READFUNCTION, self.body.read)  # written in C: no frame of Python's for each
        curl.setopt(pycurl.HEADERFUNCTION, self.head.append)
        curl.setopt(pycurl.WRITEFUNCTION, self.take)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(options.connect_timeout * 1000)))
        curl.setopt(pycurl.PROXY, target.proxy)
        curl.setopt(pycurl.NOPROXY, "")
        if options.lookup_period is not None:
            # a connection that is kept goes where the name led when it was opened
            curl.setopt(pycurl.MAXLIFETIME_CONN, max(1, int(options.lookup_period)))
        _secure(curl, options)


def _secure(curl: pycurl.Curl, options: HttpOptions) -> None:
    version = pycurl.CURL_HTTP_VERSION_2TLS if options.http2 else pycurl.CURL_HTTP_VERSION_1_1
    curl.setopt(pycurl.HTTP_VERSION, version)
    if options.http2:
        curl.setopt(pycurl.PIPEWAIT, 1)  # a stream of the connection there is, not one more connection
    if options.insecure:
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
    for option, path in (
        (pycurl.CAINFO, options.cacert),
        (pycurl.SSLCERT, options.cert),
        (pycurl.SSLKEY, options.key),
    ):
        if path is not None:
            curl.setopt(option, path)
