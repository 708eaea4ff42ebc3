"""The options of `listen`: where, who may post, how much, and what becomes of old logs."""

from dataclasses import dataclass

import click

from ses_cli.cli.options import Size, grouped

TOKEN = "SES_EVENTS_TOKEN"
FORWARD = "SES_EVENTS_FORWARD_TO"
DAILY = 0


class Rotate(Size):
    """When to rotate: a size, or `daily`, which is 0."""

    name = "SIZE|daily"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return DAILY if str(value) == "daily" else super().convert(value, param, ctx)


@dataclass(frozen=True, slots=True)
class Serving:
    """Where to listen, and who may post."""

    host: str
    port: int
    path: str
    token_file: str | None
    allow: tuple[str, ...]
    proxy_header: str | None
    tls_cert: str | None
    tls_key: str | None


@dataclass(frozen=True, slots=True)
class Bounding:
    """What a client may do."""

    max_body: int
    reject_invalid: bool
    max_connections: int
    timeout: int


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where callbacks are kept, and how logs are rotated."""

    log: str | None
    rotate: tuple[int, ...]
    compress: str | None
    keep: int | None


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Where what is stored goes on to."""

    forward_to: str | None
    yes: bool


keeping = grouped(
    "keeping",
    Keeping,
    Keeping.__slots__,
    click.option("--log", metavar="FILE", help="Append there.  [default: the log that the other commands read]"),
    click.option(
        "--rotate", multiple=True, type=Rotate(), help="Begin a new log at this size, each day (UTC), or both."
    ),
    click.option("--compress", type=click.Choice(("zstd", "gzip")), help="Compress rotated logs."),
    click.option("--keep", type=click.IntRange(1), help="Delete all but so many rotated logs."),
)
serving = grouped(
    "serving",
    Serving,
    Serving.__slots__,
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is every one."),
    click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one."),
    click.option("--path", default="/", show_default=True, help="The path that callbacks are posted to."),
    click.option("--token-file", metavar="FILE", help=f"Secret that the URL must carry.  [default: ${TOKEN}]"),
    click.option("--allow", multiple=True, metavar="CIDR", help="Only clients of this network."),
    click.option("--proxy-header", metavar="NAME", help="Take the client's address from it: X-Forwarded-For, ..."),
    click.option("--tls-cert", metavar="FILE", help="Serve HTTPS with this certificate chain (PEM)."),
    click.option("--tls-key", metavar="FILE", help="Its private key, if it is in another file."),
)
bounding = grouped(
    "bounding",
    Bounding,
    Bounding.__slots__,
    click.option("--max-body", type=Size(), default="1MiB", show_default=True, help="Larger bodies are answered 413."),
    click.option("--reject-invalid", is_flag=True, help="Answer 400, not 200, to what is no valid callback."),
    click.option("--max-connections", type=click.IntRange(1), default=512, show_default=True, help="More get 503."),
    click.option("--timeout", type=click.IntRange(1), default=20, show_default=True, help="Seconds for a request."),
)
forwarding = grouped(
    "forwarding",
    Forwarding,
    Forwarding.__slots__,
    click.option(
        "--forward-to",
        envvar=FORWARD,
        metavar="URL",
        help=f"Send what is stored on, as replay --follow does.  [default: ${FORWARD}]",
    ),
    click.option("--yes", is_flag=True, help="Forward to a public host without being asked."),
)
