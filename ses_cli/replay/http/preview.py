"""A request as it would go out, fit to be shown."""

from typing import NamedTuple
from urllib.parse import urlsplit

from ses_cli.replay.http.headers import static_headers, webhook_headers
from ses_cli.replay.http.mask import MASK, SHOWN_HEADERS
from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.target import Target
from ses_cli.replay.job import Job


class Preview(NamedTuple):
    """The head line by line, without secrets, and the body as it is."""

    head: list[str]
    body: bytes


def preview(target: Target, options: HttpOptions, job: Job, now: int) -> Preview:
    """The first attempt of a job at `now`, Unix seconds."""
    parts = urlsplit(target.masked)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    mine = {name.lower() for name, _ in options.headers if name.lower() not in SHOWN_HEADERS}
    names = {name.lower() for name, _ in options.headers}
    head = [f"{options.method} {path} HTTP/{'2' if options.http2 else '1.1'}"]
    head += [] if "host" in names else [f"Host: {parts.netloc.rpartition('@')[2]}"]
    head += [] if "accept" in names else ["Accept: */*"]
    own = webhook_headers(job.id.encode(), job.body, options.keys, now)
    for header in [*(header.decode() for header in own), *static_headers(options.headers)]:
        name, _, value = header.partition(":")
        is_secret = name.lower() in mine or name == "webhook-signature"
        head.append(f"{name}: {MASK}" if is_secret and value else header.removesuffix(";"))
    head.append(f"Content-Length: {len(job.body)}")
    return Preview(head, job.body)
