"""Signatures of requests, after the Standard Webhooks specification 1.0."""

import base64
import binascii
import hmac
from collections.abc import Sequence

from ses_cli.errors import UsageError

PREFIX = "whsec_"


def parse_secrets(text: str) -> tuple[bytes, ...]:
    """The keys in a secret file: one `whsec_` and base64 a line, several while keys are being changed.

    UsageError, without the text, if there are none or one is no such secret.
    """
    keys = tuple(_parse(line.strip(), number) for number, line in enumerate(text.splitlines(), 1) if line.strip())
    if not keys:
        raise UsageError("the signing secret is empty")
    return keys


def _parse(line: str, number: int) -> bytes:
    try:
        key = base64.b64decode(line.removeprefix(PREFIX), validate=True) if line.startswith(PREFIX) else b""
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise UsageError(f"line {number} of the signing secret is not {PREFIX} and base64")
    return key


def signature(keys: Sequence[bytes], identity: bytes, timestamp: int, body: bytes) -> bytes:
    """The value of `webhook-signature`: `v1,` and base64 HMAC-SHA256 for each key."""
    signed = b"%s.%d.%s" % (identity, timestamp, body)
    return b" ".join(b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys)
