"""When two spellings name the same thing: domains, addresses, messages, callbacks.

A domain is compared in lower case, without a trailing dot, its Unicode labels as punycode. The local part of an address
is compared as written (the receiver decides what its case means), and without case only where recipients are told apart
for a suppression list: no receiver in use gives `WANG@` and `wang@` to two people.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from ses_cli.callback import Callback

FINGERPRINT = 16  # bytes
_MOST_COMPARED = 1 << 14
_COMPARED: set[str] = set()  # domains met that are written as they are compared
_ODD = r"[^\w.-]"  # nothing of the sort stands in a domain: such a one is compared as it is written
_DOTS = str.maketrans(dict.fromkeys("。．｡", "."))  # what ends a label in other scripts


@lru_cache(1 << 14)
def domain_name(text: str) -> str:
    """A domain as it is compared: `Example.COM.` is `example.com`, `例子.cn` is `xn--fsqu00a.cn`."""
    name = text.lower()
    if not name.isascii():
        folded = normalize("NFKC", name).lower().translate(_DOTS)
        if not re.search(_ODD, folded):
            name = ".".join(label if label.isascii() else _punycode(label) for label in folded.split("."))
    return name.removesuffix(".")


def _punycode(label: str) -> str:
    return f"xn--{label.encode('punycode').decode()}"


def domain(email: str) -> str:
    """The domain of an address as it is compared, "" where there is none."""
    return domain_name(email.rpartition("@")[2])


def domains(emails: list[str]) -> list[str]:
    """The domain of each address, as it is compared."""
    return domain_names(_parts(emails))


def domain_names(names: list[str]) -> list[str]:
    """Domains as they are compared."""
    if _COMPARED.issuperset(names):
        return names
    text = "\n".join(names)
    is_plain = text.isascii() and text.islower() and ".\n" not in text and not text.endswith(".")
    if is_plain and len(_COMPARED) < _MOST_COMPARED:
        _COMPARED.update(names)
    return names if is_plain else list(map(domain_name, names))


def _parts(emails: list[str]) -> list[str]:
    parts = "@\n@".join(emails).split("@")  # where each has one @, this is all there is to do
    if len(parts) == 3 * len(emails) - 1 and parts[2::3].count("\n") == len(emails) - 1:
        return parts[1::3]
    return [email.rpartition("@")[2] for email in emails]


def address(email: str) -> str:
    """An address as it is compared: the local part as written."""
    local, at, host = email.rpartition("@")
    return f"{local}{at}{domain_name(host)}"


def recipient(email: str) -> str:
    """An address as recipients are told apart: without case."""
    local, at, host = email.rpartition("@")
    return f"{local.lower()}{at}{domain_name(host)}"


def recipients(emails: list[str]) -> list[str]:
    """Addresses as recipients are told apart."""
    text = "\n".join(emails)
    is_plain = text.isascii() and text.islower() and ".\n" not in text and not text.endswith(".")
    return emails if is_plain else list(map(recipient, emails))


def from_domain(record: Callback) -> str:
    """The sender's domain as it is compared, "" where the record names none."""
    return domain_name(record.from_domain or (record.sender or "").rpartition("@")[2])


def message_key(record: Callback) -> tuple[str, str]:
    """What tells one mail from another: one SendEmail call has one bulkId for up to 50 recipients."""
    return record.bulk_id, address(record.email)


def message_id(text: str) -> str:
    """A Message-ID without the angle brackets that some write around it."""
    return text[1:-1] if text.startswith("<") and text.endswith(">") and len(text) > 1 else text


def fingerprint(record: Callback) -> bytes:
    """16 bytes that are the same for a callback that arrived twice, and for no other in practice.

    BLAKE2b of `event NUL timestamp NUL address NUL N NUL bulkId link`, N being the length of bulkId in bytes of UTF-8:
    no two callbacks that differ in one of the five are spelt alike. No link is an empty one.
    """
    from hashlib import blake2b  # start-up: here and below

    bulk_id, email = message_key(record)
    size = len(bulk_id) if bulk_id.isascii() else len(bulk_id.encode())
    text = f"{record.event}\0{record.timestamp}\0{email}\0{size}\0{bulk_id}{record.link or ''}"
    return blake2b(text.encode(), digest_size=FINGERPRINT).digest()


def marks(keys: Iterable[str]) -> bytes:
    """For each of these recipients 8 bytes that stand for it, one after another: its BLAKE2b."""
    from hashlib import blake2b

    return b"".join([blake2b(key.encode(), digest_size=8).digest() for key in keys])


def times(values: Sequence[int]) -> bytes:
    """Unix seconds, 8 bytes each in the machine's order."""
    return array("Q", values).tobytes()


class Seen:
    """The fingerprints met so far."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def add(self, fingerprints: bytes) -> bytes:
        """Enters fingerprints, one after another; a byte for each, 1 where it is new."""
        seen, new = self._seen, bytearray()
        for at in range(0, len(fingerprints), FINGERPRINT):
            mark = fingerprints[at : at + FINGERPRINT]
            new.append(mark not in seen)
            seen.add(mark)
        return bytes(new)
