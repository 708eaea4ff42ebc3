"""Who may post, and to which address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hmac import compare_digest
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import parse_qsl

from ses_cli.errors import UsageError

Network = IPv4Network | IPv6Network
_MAX_QUERY = 4096  # bytes in which a token is looked for
_MAX_ADDRESS = 64  # characters, of what a header says is one
Headers = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Access:
    """The callback address, and the secret and the networks that guard it."""

    path: str = "/"
    token: str | None = field(default=None, repr=False)
    networks: tuple[Network, ...] = ()  # none: all may post
    proxy_header: str | None = None  # where a trusted proxy puts the client's address, such as X-Forwarded-For

    def __post_init__(self) -> None:
        if self.token is not None and not self.token.strip():
            raise UsageError("the token is empty")
        if not self.path.startswith("/"):
            raise UsageError(f"the path {self.path!r} does not begin with a slash")

    def client(self, peer: str, headers: Headers) -> str:
        """The client's address: the connection's, or the last one that the proxy's header names."""
        if self.proxy_header is None:
            return peer
        value = headers.get(self.proxy_header.lower().encode(), b"").rpartition(b",")[2]
        return _without_port(value.strip()[:_MAX_ADDRESS].decode("latin-1"))

    def admits(self, client: str) -> bool:
        """Whether an address is in one of the networks."""
        return not self.networks or _within(client, self.networks)

    def admits_peer(self, peer: str) -> bool:
        """Whether a connection from an address may be accepted: behind a proxy, each request says whose it is."""
        return self.proxy_header is not None or self.admits(peer)

    def matches(self, path: str, query: bytes) -> bool:
        """Whether these are of the callback address, token included, which is compared in constant time."""
        here, home = path.rstrip("/"), self.path.rstrip("/")
        if self.token is None:
            return here == home
        above, _, last = here.rpartition("/")
        offered = [last] if above == home else []
        if here == home and len(query) <= _MAX_QUERY:
            offered += [value for name, value in parse_qsl(query.decode("latin-1")) if name == "token"]
        token = self.token.encode()
        return True in [compare_digest(offer.encode("utf-8", "replace"), token) for offer in offered]


def _without_port(text: str) -> str:
    """An address alone: some proxies add the client's port, as in `203.0.113.9:4711` and `[2001:db8::1]:443`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def parse_network(text: str) -> Network:
    """A network such as 10.0.0.0/8 or 2001:db8::/32, or one address. Raise `UsageError`."""
    try:
        return ip_network(text)
    except ValueError:
        raise UsageError(f'invalid network: "{text}"', hint="write it as 203.0.113.0/24") from None


@lru_cache(maxsize=1024)
def network_of(peer: str) -> str:
    """What one client may have all addresses of: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, IPv6Address) and not address.ipv4_mapped:
        return str(int(address) >> 64)
    return peer


@lru_cache(maxsize=1024)
def _within(client: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(client)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
