"""TLS to a scheduler, tried before Dask does: it says little about what is wrong with certificates."""

import socket
import ssl
from urllib.parse import urlsplit

from distributed.security import Security

from ses_cli.errors import TargetError

_SETTINGS = "DASK_DISTRIBUTED__COMM__TLS__"
_HINT = "docs/scale.md says how TLS is set up"


def check(address: str, patience: float) -> None:
    """Raises TargetError where TLS to a scheduler fails. Where nothing answers there is nothing to say."""
    parts, context = urlsplit(address), _context(address)
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 0), patience) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secured,
        ):
            secured.recv(1)  # a scheduler that takes this side's certificate begins to talk
    except ssl.SSLCertVerificationError as error:
        why = f"its certificate is not trusted: {error.verify_message}"
        raise TargetError(f"{address}: {why}", f"{_SETTINGS}CA_FILE names the authority's; {_HINT}") from None
    except ssl.SSLError as error:
        raise TargetError(f"{address}: {_why(error)}", _HINT) from None
    except (OSError, ValueError):
        return


def _context(address: str) -> ssl.SSLContext:
    """The certificates of this side."""
    try:
        context = Security().get_connection_args("client").get("ssl_context")  # type: ignore[no-untyped-call]
    except OSError as error:
        why = error.strerror or str(error)
        raise TargetError(f"{address}: the certificates for TLS cannot be read: {why}", _HINT) from None
    if isinstance(context, ssl.SSLContext):
        return context
    names = ", ".join(f"{_SETTINGS}{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY"))
    raise TargetError(f"{address}: TLS takes a certificate of this side, and none is set", f"set {names}")


def _why(error: ssl.SSLError) -> str:
    reason = (error.reason or str(error)).lower().replace("_", " ")
    if reason == "wrong version number":
        return "a scheduler without TLS: its address begins with tcp://"
    return f"TLS failed: {reason}"
