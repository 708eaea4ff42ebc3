"""The settings of the receiver, as the options of `listen` give them, and what is printed when it starts."""

import os
import re
import resource
from ipaddress import ip_address
from pathlib import Path

from ses_cli.capture.access import Access, parse_network
from ses_cli.capture.handler import ReceiverPolicy
from ses_cli.capture.pool import Limits
from ses_cli.capture.rotation import Compression, Rotation
from ses_cli.capture.server import ReceiverSettings
from ses_cli.capture.server_events import Listening
from ses_cli.capture.shipping import Ship
from ses_cli.cli.given import refuse
from ses_cli.cli.listen.options import DAILY, TOKEN, Bounding, Keeping, Serving
from ses_cli.errors import TargetError, UsageError, reason
from ses_cli.replay.http.mask import mask_url
from ses_cli.sources.find import default_log
from ses_cli.sources.objects.upload import Uploader
from ses_cli.sources.source import is_address

PORTS = (8080, 8081, 8082)  # the ones that callback addresses support
_FILES = 256  # descriptors for everything else, and for connections that are just being closed
_COMPRESSIONS: dict[str | None, Compression | None] = {None: None, "zstd": "zstd", "gzip": "gzip"}


def settings(serving: Serving, bounding: Bounding, keeping: Keeping) -> ReceiverSettings:
    """The settings of the receiver. Raises UsageError, and TargetError where the log cannot be."""
    if not re.fullmatch(r"/[^?#\s]*", serving.path):
        raise UsageError(f'--path: expected a path such as /callbacks, got "{serving.path}"')
    if not re.fullmatch(
        r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", "X-Real-IP" if serving.proxy_header is None else serving.proxy_header
    ):
        raise UsageError(f'--proxy-header: expected a name such as X-Forwarded-For, got "{serving.proxy_header}"')
    if serving.tls_key and not serving.tls_cert:
        raise UsageError("--tls-key needs --tls-cert")
    _allow_files(bounding.max_connections)
    networks = tuple(map(parse_network, serving.allow))
    return ReceiverSettings(
        log=_log(keeping.log),
        host=serving.host,
        port=serving.port,
        policy=ReceiverPolicy(
            Access(serving.path, _token(serving.token_file), networks, serving.proxy_header),
            bounding.max_body,
            bounding.reject_invalid,
        ),
        rotation=_rotation(keeping),
        ship=_ship(keeping),
        tls_cert=Path(serving.tls_cert) if serving.tls_cert else None,
        tls_key=Path(serving.tls_key) if serving.tls_key else None,
        limits=Limits(connections=bounding.max_connections, request_timeout=bounding.timeout),
    )


def greeting(settings: ReceiverSettings, forward_to: str | None, metrics: str | None, at: Listening) -> list[str]:
    """Where it listens, what to enter in the console, and what may be missing. The token is not printed."""
    access = settings.policy.access
    here, scheme = _is_local(at.host), "https" if at.tls else "http"
    host = "YOUR-HOST" if here or at.host in ("0.0.0.0", "::") else at.host
    path = f"{at.port}{access.path}"
    lines = [
        f"listening on {scheme}://{_bracketed(at.host)}:{path}{'?token=***' if access.token else ''}",
        f"writing to {settings.log}",
        f"callback address for Tencent's console: {scheme}://{_bracketed(host)}:{path}"
        f"{'?token=TOKEN' if access.token else ''}",
    ]
    if settings.ship:
        lines.append(f"shipping rotated logs to {settings.ship.address}")
    if forward_to:
        lines.append(f"forwarding what is stored to {mask_url(forward_to)}")
    if metrics:
        lines.append(f"metrics at {metrics}")
    if here:
        lines.append(
            f"note: {at.host} can be reached from this machine only: put a proxy in front, or use --host 0.0.0.0"
        )
    elif not access.token:
        lines.append("note: anybody who finds this address can post to it: --token-file FILE requires a secret")
    if at.port not in PORTS:
        lines.append(f"note: Tencent posts to the ports {PORTS[0]}, {PORTS[1]} and {PORTS[2]} only")
    return lines


def _token(file: str | None) -> str | None:
    if file is None:
        token, source = os.environ.get(TOKEN), TOKEN
    else:
        try:
            token, source = Path(file).read_text(errors="replace"), file
        except OSError as error:
            raise UsageError(f"{file}: {reason(error)}", "make one: openssl rand -hex 24") from None
    if token is None:
        return None
    if not re.fullmatch(r"[A-Za-z0-9._~-]+", token.strip()):
        what = "holds more than letters, digits and - . _ ~, which URLs would change" if token.strip() else "is empty"
        raise UsageError(f"{source}: the token {what}", "make one: openssl rand -hex 24")
    return token.strip()


def _log(name: str | None) -> Path:
    log = default_log() if name is None else Path(name)
    try:
        if name is None:
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise TargetError(f"{log.parent}: {reason(error)}", "--log FILE writes somewhere else") from None
    if not log.parent.is_dir():
        raise TargetError(f"{log.parent}: no such directory", f"mkdir -p {log.parent}")
    return log


def _rotation(keeping: Keeping) -> Rotation:
    sizes = [size for size in keeping.rotate if size != DAILY]
    if len(sizes) > 1:
        raise UsageError("--rotate: expected one size", "--rotate 256MB --rotate daily rotates on both")
    if not keeping.rotate and (keeping.compress or keeping.keep):
        raise UsageError("--compress and --keep need --rotate", "add --rotate SIZE or --rotate daily")
    return Rotation(
        size=next(iter(sizes), None),
        daily=DAILY in keeping.rotate,
        compress=_COMPRESSIONS[keeping.compress],
        keep=keeping.keep,
    )


def _ship(keeping: Keeping) -> Ship | None:
    """Where rotated files go. A store that cannot be reached now must not keep callbacks from being received."""
    if keeping.ship is None:
        refuse("without --ship", "endpoint")
        return None
    if not is_address(keeping.ship):
        raise UsageError(f'--ship: expected a prefix such as s3://BUCKET/callbacks/, got "{keeping.ship}"')
    if not keeping.rotate:
        raise UsageError("--ship needs --rotate: only rotated logs are shipped", "add --rotate daily")
    Uploader(keeping.ship, keeping.endpoint)
    return Ship(keeping.ship, keeping.endpoint)


def _allow_files(connections: int) -> None:
    """Raises the limit on open files, so that there is one for every connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + _FILES
    if resource.RLIM_INFINITY not in (soft, hard) and needed > hard:
        raise UsageError(
            f"{connections} connections need {needed} open files, the system allows {hard}", "ulimit -Hn raises it"
        )
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
