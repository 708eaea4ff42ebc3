"""The options of `listen`: where, who may post, how much, and what becomes of old logs."""

from typing import NamedTuple

import click

from ses_cli.cli.options import Duration, File, Size, grouped

TOKEN = "SES_EVENTS_TOKEN"
FORWARD = "SES_EVENTS_FORWARD_TO"
DAILY = 0


class Rotate(Size):
    """When to rotate: a size, or `daily`, which is 0."""

    name = "SIZE|daily"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return self.name

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return DAILY if str(value) == "daily" else super().convert(value, param, ctx)


class Serving(NamedTuple):
    """Where to listen, and who may post."""

    host: str
    port: int
    path: str
    token_file: str | None
    allow: tuple[str, ...]
    proxy_header: str | None
    tls_cert: str | None
    tls_key: str | None


class Bounding(NamedTuple):
    """Limits on what a client may do."""

    max_body: int
    reject_invalid: bool
    max_connections: int
    timeout: float


class Keeping(NamedTuple):
    """Where callbacks are stored, and how logs are rotated."""

    log: str | None
    rotate: tuple[int, ...]
    compress: str | None
    keep: int | None
    ship: str | None
    endpoint: str | None


class Forwarding(NamedTuple):
    """Where what is stored goes on to."""

    forward_to: str | None
    yes: bool


keeping = grouped(
    "keeping",
    Keeping,
    Keeping._fields,
    click.option("--log", type=File(), help="Append to FILE.  [default: the log that the other commands read]"),
    click.option(
        "--rotate", multiple=True, type=Rotate(), help="Begin a new log at this size, every day (UTC), or both."
    ),
    click.option("--compress", type=click.Choice(("zstd", "gzip")), help="Compress rotated logs."),
    click.option(
        "--keep",
        type=click.IntRange(1),
        metavar="N",
        help="Rotated logs to keep; older ones are deleted.  [default: all]",
    ),
    click.option(
        "--ship", metavar="PREFIX", help="Upload rotated logs and rejects to s3://BUCKET/..., cos://, gs:// or az://."
    ),
    click.option("--endpoint", metavar="URL", help="Endpoint of the object store.  [default: the provider's]"),
)
serving = grouped(
    "serving",
    Serving,
    Serving._fields,
    click.option(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        show_default=True,
        help="Address to listen on; 0.0.0.0 means all.",
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        metavar="N",
        default=8080,
        show_default=True,
        help="Port to listen on; 0 takes a free one.",
    ),
    click.option("--path", metavar="PATH", default="/", show_default=True, help="Path of the callback address."),
    click.option(
        "--token-file", type=File(), help=f"File with the secret that the URL must carry.  [default: ${TOKEN}]"
    ),
    click.option("--allow", multiple=True, metavar="CIDR", help="Accept only clients in this network (repeatable)."),
    click.option("--proxy-header", metavar="NAME", help="Header with the client's address, set by a trusted proxy."),
    click.option("--tls-cert", type=File(), help="Certificate chain (PEM); serves HTTPS."),
    click.option("--tls-key", type=File(), help="Private key (PEM), if it is in another file."),
)
bounding = grouped(
    "bounding",
    Bounding,
    Bounding._fields,
    click.option(
        "--max-body", type=Size(), default="1MiB", show_default=True, help="Maximum size of a body, decompressed too."
    ),
    click.option("--reject-invalid", is_flag=True, help="Answer 400, not 200, to invalid callbacks."),
    click.option(
        "--max-connections",
        type=click.IntRange(1),
        metavar="N",
        default=512,
        show_default=True,
        help="Maximum connections; beyond that, waiting ones are closed.",
    ),
    click.option(
        "--timeout",
        type=Duration(is_limit=True),
        default="20s",
        show_default=True,
        help="Maximum time for a request to arrive.",
    ),
)
forwarding = grouped(
    "forwarding",
    Forwarding,
    Forwarding._fields,
    click.option(
        "--forward-to",
        envvar=FORWARD,
        metavar="URL",
        help=f"Forward what is stored, as replay --follow does.  [default: ${FORWARD}]",
    ),
    click.option("--yes", is_flag=True, help="Forward to a public host without being asked."),
)


class Observing(NamedTuple):
    """How the receiver is watched."""

    metrics: tuple[str, int] | None
    log_format: str
    quiet: bool


class ListenAddress(click.ParamType[tuple[str, int]]):
    """`PORT` on the loopback address, or `HOST:PORT`."""

    name = "[HOST:]PORT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not port.isdecimal() or not 0 <= int(port) <= 65535:
            self.fail(f'expected a port, or an address such as 127.0.0.1:9091, got "{value}"', param, ctx)
        return host.strip("[]") or "127.0.0.1", int(port)


observing = grouped(
    "observing",
    Observing,
    Observing._fields,
    click.option("--metrics", type=ListenAddress(), help="Serve Prometheus metrics at http://HOST:PORT/metrics."),
    click.option(
        "--log-format",
        type=click.Choice(("text", "json")),
        default="text",
        show_default=True,
        help="What is printed while it runs; json has one object a line.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print errors only."),
)
