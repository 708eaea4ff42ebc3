"""Callbacks without the names of people: the same keyed pseudonym for the local part of the same address.

Joins, counts an address and bounce classes survive; whoever lacks the key cannot go back.
"""

import hmac
import re
from base64 import b32encode
from collections.abc import Mapping
from email.header import Header
from urllib.parse import unquote, urlsplit

import orjson

from ses_cli.errors import UsageError
from ses_cli.identity import domain_name, recipient
from ses_cli.reasons import Classifier
from ses_cli.subject import decoded

LEAST_KEY = 16  # bytes
_LENGTH = 12  # characters of a pseudonym: 60 bits
# an address in text, generously: a bad one must not be left in because it is a bad one
_LOCAL = r"""(?:"(?:[^"\\]|\\.){1,128}"|[^\s<>()\[\]"',;:@＠/?&]{1,256})"""
_DOMAIN = r"""(?:[^\s<>()\[\]"',;:@＠/?&#%!]{1,255}|\[[0-9A-Za-z.:]{1,64}\])"""
_ADDRESS = re.compile(rf"(?P<local>{_LOCAL})(?P<at>@|＠|%40|=40)(?P<domain>{_DOMAIN})", re.IGNORECASE)
# a name before an address in angle brackets: "Alice Smith" <alice@qq.com>
_NAMED = re.compile(r"""(?:"(?:[^"\\]|\\.){0,128}"|[^<>"@]{1,128})(<[^<>\s]{1,512}>)""")
_AT = re.compile("@|＠|%40|=40")
_MARK = "\x1d"  # white space to a pattern: what is marked is in no address
_ADDRESSES = ("email", "from", "messageId")  # fields that are one


class Redactor:
    """Makes redacted lines. `key` is the secret that the pseudonyms depend on."""

    def __init__(self, key: bytes, with_domains: bool = False) -> None:
        """Raises UsageError for a key that could be guessed."""
        if len(key) < LEAST_KEY:
            raise UsageError(
                f"the key has {len(key)} bytes, and {LEAST_KEY} are needed", "openssl rand -hex 32 >KEYFILE"
            )
        self._key = key
        self._with_domains = with_domains
        self._classifier = Classifier.load()

    def line(self, raw: bytes) -> bytes:
        """A valid record, in its own form and order of keys, redacted."""
        record: dict[str, object] = orjson.loads(raw)
        named = [str(record[name]) for name in _ADDRESSES if isinstance(record.get(name), str)]
        own = {email: self.email(email) for email in named if "@" in email}
        return orjson.dumps({self.text(name): self._field(name, value, own) for name, value in record.items()})

    def email(self, email: str) -> str:
        """The pseudonym of an address. The same for spellings that are one recipient."""
        local, at, domain = email.rpartition("@")
        if not at or not local:
            return email
        return f"{self._pseudonym('u', recipient(email))}@{self.domain(domain)}"

    def domain(self, domain: str) -> str:
        """The domain, or its pseudonym where domains are redacted."""
        if not self._with_domains or not domain:
            return domain
        return f"{self._pseudonym('d', domain_name(domain))}.example"

    def text(self, text: str) -> str:
        """Text with each address in it replaced."""
        return _ADDRESS.sub(self._replace, text) if _AT.search(text) else text

    def _texts(self, text: str, own: Mapping[str, str]) -> str:
        """The same, and the record's own addresses, however odd they are: no pattern has to know them."""
        found = [(email, made) for email, made in own.items() if email.lower() in text.lower()]
        if not found or _MARK in text:
            return self.text(text)
        for at, (email, _) in enumerate(found):
            text = re.sub(re.escape(email), f"{_MARK}{at}{_MARK}", text, flags=re.IGNORECASE)
        text = self.text(text)
        for at, (_, made) in enumerate(found):
            text = text.replace(f"{_MARK}{at}{_MARK}", made)
        return text

    def _replace(self, match: re.Match[str]) -> str:
        at, domain = match["at"], match["domain"]
        stripped = domain.rstrip(".!")  # the end of a sentence
        local = unquote(match["local"]) if at == "%40" else match["local"]
        return self.email(f"{local}@{stripped}").replace("@", at) + domain[len(stripped) :]

    def _field(self, name: str, value: object, own: Mapping[str, str]) -> object:
        match value:
            case str() if name == "email":
                return self.email(value)
            case str() if name == "fromDomain":
                return self.domain(value)
            case str() if name == "link":
                return self._link(value)
            case str() if name == "reason":
                return self._reason(value, own)
            case str():
                return self._header(value, own)
            case dict():
                return {self.text(key): self._field("", item, own) for key, item in value.items()}
            case list():
                return [self._field("", item, own) for item in value]
            case _:
                return value

    def _reason(self, reason: str, own: Mapping[str, str]) -> str:
        """A reason. Local parts of the record's addresses go where they stand alone, unless that changes its class."""
        text = self._texts(reason, own)
        for email, made in own.items():
            local = email.rpartition("@")[0]
            if local.lower() in text.lower():
                alone = re.compile(rf"(?<![\w.+-]){re.escape(local)}(?![\w+-]|\.\w)", re.IGNORECASE)
                less = alone.sub(made.rpartition("@")[0], text)
                text = less if self._means(less, made) == self._means(text, made) else text
        return text

    def _means(self, reason: str, email: str) -> tuple[str, str]:
        verdict = self._classifier.classify(reason, None, email)
        return verdict.cls, verdict.action

    def _link(self, link: str) -> str:
        """A link without its query, its fragment and its user."""
        head = re.split(r"[?#]", link, maxsplit=1)[0]
        try:
            authority = urlsplit(head).netloc
        except ValueError:
            authority = ""
        host = authority.rpartition("@")[2]
        shown = self.domain(host) if self._with_domains else host
        return self.text(head.replace(authority, shown, 1) if authority else head)

    def _header(self, text: str, own: Mapping[str, str]) -> str:
        """Any other text: encoded words are read, and the name before an address in angle brackets goes with it."""
        plain = decoded(text) or text
        made = self._texts(_NAMED.sub(self._unnamed, plain), own)
        if made == plain:
            return text
        return Header(made, "utf-8", maxlinelen=0x7FFFFFFF).encode() if plain != text else made

    def _unnamed(self, match: re.Match[str]) -> str:
        return match[1].lstrip() if _ADDRESS.search(match[1]) else match[0]

    def _pseudonym(self, kind: str, text: str) -> str:
        digest = hmac.digest(self._key, f"{kind}\0{text}".encode(errors="surrogatepass"), "sha256")
        return kind + b32encode(digest)[:_LENGTH].decode().lower()
