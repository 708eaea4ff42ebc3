"""A request as it would go out, fit to be shown."""

from typing import NamedTuple
from urllib.parse import urlsplit

from ses_cli.replay.deliveries import Delivery
from ses_cli.replay.http.client import HttpOptions
from ses_cli.replay.http.headers import static_headers, webhook_headers
from ses_cli.replay.http.mask import MASK
from ses_cli.replay.http.target import Target

_SHOWN = frozenset({"accept", "content-type", "user-agent"})  # of the user's own: any other may be a secret


class Preview(NamedTuple):
    """The head line by line, without secrets, and the body as it is."""

    head: list[str]
    body: bytes


def preview(target: Target, wire: HttpOptions, delivery: Delivery, now: int) -> Preview:
    """The first attempt of a delivery at `now`, Unix seconds."""
    parts = urlsplit(target.masked)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    mine = {name.lower() for name, _ in wire.headers if name.lower() not in _SHOWN}
    names = {name.lower() for name, _ in wire.headers}
    head = [f"{wire.method} {path} HTTP/{'2' if wire.http2 else '1.1'}"]
    head += [] if "host" in names else [f"Host: {parts.netloc.rpartition('@')[2]}"]
    head += [] if "accept" in names else ["Accept: */*"]
    for header in [*webhook_headers(delivery, wire.keys, now), *static_headers(wire.headers)]:
        name, _, value = header.partition(":")
        is_secret = name.lower() in mine or name == "webhook-signature"
        head.append(f"{name}: {MASK}" if is_secret and value else header.removesuffix(";"))
    head.append(f"Content-Length: {len(delivery.body)}")
    return Preview(head, delivery.body)
