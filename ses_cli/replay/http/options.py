"""How requests go out."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How requests go out. Times are seconds; files are PEM."""

    method: str = "POST"
    headers: Sequence[tuple[str, str]] = ()
    keys: Sequence[bytes] = field(default=(), repr=False)  # to sign with
    timeout: float = 30.0
    connect_timeout: float = 5.0
    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False
    http2: bool = False
    lookup_period: float | None = None  # between two look-ups of the target's name; None: it is looked up once
