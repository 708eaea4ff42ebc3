"""URLs and answers fit to be shown: user info, query values and what looks like a token are hidden."""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

MASK = "***"
# long, and with a digit, or longer than a word gets
_TOKEN = re.compile(r"(?=[^\d]*\d)[A-Za-z0-9_.~=%+-]{16,}|[A-Za-z0-9_~=%+-]{24,}")
_NO_PORT = re.compile(r":[^\]]*[^\]0-9][^\]]*$")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def mask_url(url: str) -> str:
    """The URL without its secrets. Takes anything, a broken URL too."""
    rest, hash_mark, _ = url.partition("#")
    rest, question, query = rest.partition("?")
    scheme = _SCHEME.match(rest)
    start = scheme.end() if scheme and rest[scheme.end() :].startswith("//") else 0
    head, rest = rest[:start], rest[start:]
    slashes = "//" if rest.startswith("//") else ""
    authority, slash, path = rest[len(slashes) :].partition("/")
    _, at, host = authority.rpartition("@")
    if _NO_PORT.search(host):  # a password with a slash in it, cut short: no URL, but shown in an error
        host = MASK
    shown = head + slashes + (MASK + at if at else "") + host + slash
    shown += "/".join(MASK if "@" in part or _TOKEN.fullmatch(part) else part for part in path.split("/"))
    if question:
        shown += "?" + "&".join(_mask_pair(pair) for pair in query.split("&"))
    return _UNSEEN.sub("?", shown + (hash_mark + MASK if hash_mark else ""))


def _mask_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if equals:
        return f"{name}={MASK}" if value else pair
    return MASK if name else ""


def secrets_of(url: str) -> set[str]:
    """The parts of a URL that `mask_url` hides, as written and decoded."""
    parts = urlsplit(url)
    hidden = {parts.password or "", parts.username or "", parts.netloc.rpartition("@")[0], parts.query}
    for pair in parts.query.split("&"):
        name, equals, value = pair.partition("=")
        hidden.add(value if equals else name)
    hidden.update(part for part in parts.path.split("/") if _TOKEN.fullmatch(part))
    return {text for part in hidden for text in (part, unquote(part)) if len(text) >= 4}


def scrub(text: str, secrets: Iterable[str]) -> str:
    """One line of text that came from outside, without the secrets and without control characters."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _UNSEEN.sub(" ", text).strip()
