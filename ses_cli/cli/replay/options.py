"""The options of `replay`: where to, how fast, and what is remembered."""

from dataclasses import dataclass

import click

from ses_cli.cli.options import Duration, Patience, grouped

TARGET = "SES_EVENTS_TO"  # the URL may be a secret, and a process's arguments can be seen by all


@dataclass(frozen=True, slots=True)
class Sending:
    """Where requests go, and what they look like."""

    to: str
    headers: tuple[str, ...]
    method: str
    secret_file: str | None
    cacert: str | None
    cert: str | None
    key: str | None
    insecure: bool
    http2: bool
    timeout: float
    connect_timeout: float
    yes: bool


@dataclass(frozen=True, slots=True)
class Pacing:
    """In which order, how fast, and what is done about failures."""

    lane: str
    concurrency: int
    rate: float | None
    speed: float | None
    max_gap: float | None
    follow: bool
    parent: int | None
    begin_fd: int | None
    retries: int
    retry_on: str
    give_up_after: int
    give_up_time: float
    grace: float


@dataclass(frozen=True, slots=True)
class Remembering:
    """What is written down, and read again when a run resumes."""

    journal: str | None
    no_journal: bool
    unknown: str
    failed: str | None
    raw: bool
    dry_run: bool


sending = grouped(
    "sending",
    Sending,
    Sending.__slots__,
    click.option("--to", required=True, envvar=TARGET, metavar="URL", help=f"Where to send.  [default: ${TARGET}]"),
    click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Send this header too."),
    click.option("--method", default="POST", show_default=True),
    click.option("--secret-file", metavar="FILE", help="whsec_... to sign with.  [default: $SES_EVENTS_SECRET]"),
    click.option("--cacert", metavar="FILE", help="Trust this authority (PEM)."),
    click.option("--cert", metavar="FILE", help="Client certificate (PEM)."),
    click.option("--key", metavar="FILE", help="Its private key."),
    click.option("--insecure", is_flag=True, help="Do not check the target's certificate."),
    click.option("--http2", is_flag=True, help="HTTP/2 over TLS."),
    click.option("--timeout", type=Duration(), default="30s", show_default=True, help="For one request."),
    click.option("--connect-timeout", type=Duration(), default="5s", show_default=True),
    click.option("--yes", is_flag=True, help="Send to a public host without being asked."),
)
pacing = grouped(
    "pacing",
    Pacing,
    Pacing.__slots__,
    click.option(
        "--lane",
        type=click.Choice(("message", "email", "domain", "none")),
        default="message",
        show_default=True,
        help="What keeps its order: message is bulkId and email.",
    ),
    click.option("-c", "--concurrency", type=click.IntRange(1, 512), default=16, show_default=True),
    click.option("--rate", type=click.FloatRange(0, min_open=True), help="At most so many a second."),
    click.option("--speed", type=click.FloatRange(0, min_open=True), help="The recorded pace, so many times as fast."),
    click.option("--max-gap", type=Duration(), help="With --speed: the longest idle stretch."),
    click.option(
        "-F", "--follow", is_flag=True, help="At the log's end wait for more, through rotation, until Ctrl-C."
    ),
    click.option("--parent", type=int, hidden=True, help="Stop when this process is no longer the parent."),
    click.option("--begin-fd", type=int, hidden=True, help="With a new journal, begin with this open file."),
    click.option("--retries", type=click.IntRange(0), default=5, show_default=True),
    click.option("--retry-on", default="408,425,429,5xx", show_default=True, metavar="STATUSES"),
    click.option("--give-up-after", type=click.IntRange(1), default=20, show_default=True, help="Failures in a row."),
    click.option(
        "--give-up-time", type=Patience(), default="60s", show_default=True, help="Probe for so long, or never end."
    ),
    click.option("--grace", type=Duration(), default="10s", show_default=True, help="After Ctrl-C, for what is out."),
)
remembering = grouped(
    "remembering",
    Remembering,
    Remembering.__slots__,
    click.option("--journal", metavar="FILE", help="[default: NAME.replay-HOST.jsonl beside the first log]"),
    click.option("--no-journal", is_flag=True, help="Remember nothing: a second run sends all again."),
    click.option(
        "--unknown",
        type=click.Choice(("resend", "skip")),
        default="resend",
        show_default=True,
        help="What was in flight when a run before was killed.",
    ),
    click.option("--failed", metavar="FILE", help="Write the undelivered callbacks there, to be replayed."),
    click.option("--raw", is_flag=True, help="Every line that is not blank, valid or not."),
    click.option("--dry-run", is_flag=True, help="Say what would be sent; send nothing."),
)
