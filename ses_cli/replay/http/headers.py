"""The headers of a request: those that are its own, and those that all of a run share."""

import re
from collections.abc import Sequence
from functools import lru_cache

from ses_cli import __version__
from ses_cli.errors import UsageError
from ses_cli.replay.http.signing import signature

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_OWN = frozenset(
    {
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "content-length",
        "transfer-encoding",
        "connection",
        "expect",
    }
)


def static_headers(headers: Sequence[tuple[str, str]]) -> list[str]:
    """The headers that all requests share; the user's take the place of the defaults.

    UsageError, without the value, for one that is no header or is set by the replay itself.
    """
    given = {name.lower() for name, _ in headers}
    found = [] if "content-type" in given else ["Content-Type: application/json"]
    if "user-agent" not in given:
        found.append(f"User-Agent: ses-events/{__version__}")
    for name, value in headers:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            shown = f"the value of {name}" if _NAME.fullmatch(name) else "the name"  # which may hold a secret
            raise UsageError(f"invalid header: {shown} is not valid", "like -H 'Authorization: Bearer …'")
        if name.lower() in _OWN:
            raise UsageError(f"the header {name} is set by the replay itself")
        found.append(f"{name}: {value}" if value else f"{name};")
    return found


def webhook_headers(identity: bytes, body: bytes, keys: Sequence[bytes], now: int) -> list[bytes]:
    """What tells a receiver which callback it is, of Standard Webhooks; `now` is the attempt's, Unix seconds."""
    headers = [b"webhook-id: " + identity, _timestamp(now)]
    if keys:
        headers.append(b"webhook-signature: " + signature(keys, identity, now, body))
    return headers


@lru_cache(maxsize=1)
def _timestamp(now: int) -> bytes:
    return b"webhook-timestamp: %d" % now
