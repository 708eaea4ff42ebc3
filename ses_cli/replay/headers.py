"""The headers that all requests of a run share."""

import re
from collections.abc import Sequence

from ses_cli import __version__
from ses_cli.errors import UsageError

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
            raise UsageError(f"no header: {name!r}", "like -H 'Authorization: Bearer …'")
        if name.lower() in _OWN:
            raise UsageError(f"the header {name} is set by the replay itself")
        found.append(f"{name}: {value}" if value else f"{name};")
    return found
