"""The certificate of an HTTPS server."""

import ssl
from pathlib import Path

from ses_cli.errors import UsageError, reason


def server_context(cert: Path, key: Path | None) -> ssl.SSLContext:
    """What a server with this certificate chain needs. Raise `UsageError` where it is not one."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.options |= ssl.OP_NO_RENEGOTIATION  # a client could ask for one handshake after another
    named = f"certificate {cert}" + (f", key {key}" if key else "")
    try:
        for path in filter(None, (cert, key)):
            path.open("rb").close()  # the library does not say which of them
        context.load_cert_chain(cert, key, password=_refuse_password)
    except ssl.SSLError as error:
        why = (error.reason or "").replace("_", " ").lower() or "no certificate, or no key for it, in PEM form"
        raise UsageError(f"{named}: {why}", _HINT) from error
    except OSError as error:
        raise UsageError(f"{error.filename}: {reason(error)}") from error
    return context


def _refuse_password() -> str:
    raise UsageError("the key of the certificate is encrypted", hint="openssl pkey -in KEY -out PLAIN")


_HINT = "the certificate and those that vouch for it in one file; the key, not encrypted, there or in another"
