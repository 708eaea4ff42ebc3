"""Where requests would really go: the target's host resolved once, and classed."""

import re
import socket
from collections.abc import Mapping
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from ses_cli.errors import TargetError, UsageError
from ses_cli.replay.http.mask import mask_url
from ses_cli.replay.http.proxy import proxy

# RFC 1918, link-local, and shared address space (RFC 6598), where clouds keep inner services
_PRIVATE_4 = tuple(
    map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"))
)
_UNIQUE_LOCAL = IPv6Network("fc00::/7")
# where clouds answer every machine with its credentials: AWS and most others, AWS tasks, Tencent Cloud, Alibaba Cloud,
# Oracle Cloud; AWS and Google over IPv6
_METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",
            "169.254.170.2",
            "169.254.0.23",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd20:ce::254",
        ),
    )
)


class Reach(IntEnum):
    """How far away a host is, the worst last."""

    LOOPBACK = 0
    PRIVATE = 1
    PUBLIC = 2
    METADATA = 3  # of a cloud: a redirect or a slip of a name leads there, never a handler of callbacks

    @property
    def is_asked_about(self) -> bool:
        """Whether nothing goes there without a yes."""
        return self >= Reach.PUBLIC

    @property
    def label(self) -> str:
        """What such a host is, for a question."""
        return "a metadata service of a cloud" if self is Reach.METADATA else f"a {self.name.lower()} host"


class Target(NamedTuple):
    """A target that was looked at: connect to `addresses` and to nothing else, or by `proxy`."""

    url: str
    masked: str
    host: str
    port: int
    reach: Reach
    addresses: tuple[str, ...]  # empty behind a proxy: it resolves the name
    proxy: str  # "" for none


def resolve_target(url: str, environ: Mapping[str, str]) -> Target:
    """Resolve and class a target. UsageError if it is not a URL, TargetError if there is no such host."""
    parts, port = parse(url)
    host = parts.hostname or ""
    via = proxy(parts.scheme, host, environ)
    if via:
        # what the proxy makes of a name cannot be known here: a name counts as public
        literal = _literal(host)
        reach = classify([literal]) if literal else Reach.PUBLIC
        return Target(url, mask_url(url), host, port, reach, (), via)
    addresses = resolve(host, port)
    reach = classify([ip_address(address) for address in addresses])
    return Target(url, mask_url(url), host, port, reach, addresses, "")


def parse(url: str) -> tuple[SplitResult, int]:
    """The URL's parts and its port. UsageError, without the URL's secrets, if it is not an HTTP(S) URL."""
    shown = mask_url(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text has what stands for the port, which may be a part of a password
        raise UsageError(f"not an HTTP(S) URL: {shown}", "the host or the port is invalid") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"not an HTTP(S) URL: {shown}", "like http://127.0.0.1:8080/callback")
    if re.search(r"[\x00-\x20\x7f]", url) or not url.isascii():
        raise UsageError(f"a URL must be ASCII without spaces: {shown}", "percent-encode the rest")
    return parts, port if port is not None else {"http": 80, "https": 443}[parts.scheme]


def resolve(host: str, port: int) -> tuple[str, ...]:
    """All addresses of a host, in the order to try them. TargetError if there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = str(error.strerror).lower() if isinstance(error, OSError) else "not a host name"
        raise TargetError(f"{host}: {reason}", "check the host in --to") from None
    return tuple(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))


def classify(addresses: list[IPv4Address | IPv6Address]) -> Reach:
    """The worst class among them: one public address makes a target public."""
    return max((_reach(address) for address in addresses), default=Reach.PUBLIC)


def _reach(address: IPv4Address | IPv6Address) -> Reach:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address in _METADATA:
        return Reach.METADATA
    # the unspecified address reaches this host; documentation and benchmark nets are not "private" here
    if address.is_loopback or address.is_unspecified:
        return Reach.LOOPBACK
    if isinstance(address, IPv4Address):
        near = any(address in net for net in _PRIVATE_4)
    else:
        near = address.is_link_local or address in _UNIQUE_LOCAL
    return Reach.PRIVATE if near else Reach.PUBLIC


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
