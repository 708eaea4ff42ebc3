"""Which proxy the environment names for a target, by the rules curl has."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network


def proxy(scheme: str, host: str, environ: Mapping[str, str]) -> str:
    """The proxy's URL, or "" for none.

    Decided here and handed to curl, so that the guard and the connection cannot disagree. HTTP_PROXY in
    capitals does not count (a CGI server fills it from a header named Proxy).
    """
    names = [f"{scheme}_proxy", *(["HTTPS_PROXY"] if scheme == "https" else []), "all_proxy", "ALL_PROXY"]
    found = next((environ[name] for name in names if environ.get(name)), "")
    if not found or _excepted(host, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return ""
    return found


def _excepted(host: str, exceptions: str) -> bool:
    host = host.lower().rstrip(".")
    return any(
        entry == "*" or _within(host, entry.strip("[].")) for entry in exceptions.replace(",", " ").lower().split()
    )


def _within(host: str, entry: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        return host == entry or host.endswith("." + entry)
