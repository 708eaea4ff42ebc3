"""URLs, headers and answers fit to be shown: passwords, query values and what looks like a token are hidden."""

import base64
import binascii
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

MASK = "***"
SHOWN_HEADERS = frozenset({"accept", "content-type", "user-agent"})  # of the user's own: any other may be a secret
# long, and with a digit, or longer than a word gets
_TOKEN = re.compile(r"(?=[^\d]*\d)[A-Za-z0-9_.~=%+-]{16,}|[A-Za-z0-9_~=%+-]{24,}")
_NO_PORT = re.compile(r":[^\]]*[^\]0-9][^\]]*$")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_SHORT = 4  # characters of a secret: a shorter one is hidden only where it stands as a word of its own


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
    """The parts of a URL that `mask_url` hides, as written, decoded and encoded."""
    parts = urlsplit(url)
    hidden = {parts.username or "", parts.netloc.rpartition("@")[0], parts.query}
    for pair in parts.query.split("&"):
        name, equals, value = pair.partition("=")
        hidden.add(value if equals else name)
    hidden.update(part for part in parts.path.split("/") if _TOKEN.fullmatch(part))
    long = {form for part in hidden for form in _forms(part) if len(form) >= _SHORT}
    return long | _forms(parts.password or "")


def header_secrets(headers: Iterable[tuple[str, str]]) -> set[str]:
    """What must not be shown of the user's headers: each value, and its parts after the scheme.

    `Basic` is decoded, so that a target which answers "no user admin" with the password beside it is masked too.
    """
    hidden: set[str] = set()
    for name, value in headers:
        if name.lower() in SHOWN_HEADERS or not value:
            continue
        hidden |= _forms(value)
        scheme, _, rest = value.partition(" ")
        if not rest or not scheme.replace("-", "").isalnum():
            scheme, rest = "", value
        for part in re.split(r"[\s,;]+", rest):
            key, equals, text = part.partition("=")
            is_pair = equals and text.strip('="')  # not the padding of base64
            hidden |= _forms((text if is_pair else part).strip('"'))
            hidden |= _forms(key) if not is_pair and len(key) >= _SHORT else set()
        if scheme.lower() == "basic":
            user, _, password = _decode(rest).partition(":")
            hidden |= {f"{user}:{password}"} | _forms(password) | (_forms(user) if len(user) >= _SHORT else set())
    return hidden - {"", ":"}


def _forms(secret: str) -> set[str]:
    return {secret, unquote(secret), quote(unquote(secret), safe="")} - {""}


def _decode(text: str) -> str:
    try:
        return base64.b64decode(text.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


class Scrubber:
    """Hides secrets in texts that come from outside, in one pass: the longest first, so that none shows in part."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)
        patterns = (
            re.escape(one) if len(one) >= _SHORT else rf"(?<!\w){re.escape(one)}(?!\w)" for one in self._secrets
        )
        self._pattern = re.compile("|".join(patterns)) if self._secrets else None

    def scrub(self, text: str, is_cut: bool = False) -> str:
        """One line of text without secrets and control characters. `is_cut`: its end may be a part of a secret."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
            text = self._without_start(text) if is_cut else text
        return _UNSEEN.sub(" ", text).strip()

    def _without_start(self, text: str) -> str:
        """The text without the beginning of a secret at its end."""
        longest = max(
            (size for one in self._secrets for size in range(1, len(one)) if text.endswith(one[:size])), default=0
        )
        return text[: len(text) - longest]
