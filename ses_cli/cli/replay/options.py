"""The options of `replay`: where to, how fast, and what is remembered."""

from typing import NamedTuple

import click

from ses_cli.cli.options import Duration, File, Patience, grouped

TARGET = "SES_EVENTS_TO"  # the URL may be a secret, and a process's arguments can be seen by all


class Sending(NamedTuple):
    """Where requests go, and what they look like."""

    to: str | None
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


class Pacing(NamedTuple):
    """In which order, how fast, and what is done about failures."""

    lane: str
    concurrency: int
    rate: float | None
    speed: float | None
    max_gap: float | None
    follow: bool
    parent: int | None
    begin_fd: int | None
    status_fd: int | None
    retries: int
    retry_on: str
    give_up_after: int
    give_up_time: float
    shutdown_timeout: float


class Remembering(NamedTuple):
    """What is written down, and read again when a run resumes."""

    journal: str | None
    no_journal: bool
    same_target: bool
    unknown: str
    failed: str | None
    results: str | None
    metrics: str | None
    raw: bool
    dry_run: bool
    status: str | None


sending = grouped(
    "sending",
    Sending,
    Sending._fields,
    click.option("--to", envvar=TARGET, metavar="URL", help=f"Where to send.  [default: ${TARGET}]"),
    click.option(
        "-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Add a header to each request."
    ),
    click.option("--method", metavar="METHOD", default="POST", show_default=True, help="HTTP method."),
    click.option("--secret-file", type=File(), help="Signing secret (whsec_...).  [default: $SES_EVENTS_SECRET]"),
    click.option("--cacert", type=File(), help="CA certificate to trust (PEM)."),
    click.option("--cert", type=File(), help="Client certificate (PEM)."),
    click.option("--key", type=File(), help="Private key of the client certificate (PEM)."),
    click.option("--insecure", is_flag=True, help="Do not verify the target's certificate."),
    click.option("--http2", is_flag=True, help="Use HTTP/2 over TLS."),
    click.option(
        "--timeout",
        type=Duration(is_limit=True),
        default="30s",
        show_default=True,
        help="Maximum time for one request.",
    ),
    click.option(
        "--connect-timeout",
        type=Duration(is_limit=True),
        default="5s",
        show_default=True,
        help="Maximum time to connect.",
    ),
    click.option("--yes", is_flag=True, help="Send to a public host without asking."),
)
pacing = grouped(
    "pacing",
    Pacing,
    Pacing._fields,
    click.option(
        "--lane",
        type=click.Choice(("message", "email", "domain", "none")),
        default="message",
        show_default=True,
        help="Keep the order within each message (bulkId and email), recipient or domain.",
    ),
    click.option(
        "-c",
        "--concurrency",
        type=click.IntRange(1, 512),
        metavar="N",
        default=16,
        show_default=True,
        help="Maximum in-flight requests.",
    ),
    click.option(
        "--rate",
        type=click.FloatRange(0, min_open=True),
        metavar="N",
        help="Maximum requests per second (with retries).",
    ),
    click.option(
        "--speed",
        type=click.FloatRange(0, min_open=True),
        metavar="N",
        help="Replay at this multiple of the recorded pace.",
    ),
    click.option("--max-gap", type=Duration(), help="With --speed: longest pause between callbacks."),
    click.option(
        "-F", "--follow", is_flag=True, help="Keep sending what is added to the log, across rotations, until Ctrl-C."
    ),
    click.option("--parent", type=int, hidden=True, help="Stop when this process is no longer the parent."),
    click.option("--status-fd", type=int, hidden=True, help="Write there how it stands, as NDJSON."),
    click.option("--begin-fd", type=int, hidden=True, help="With a new journal, begin with this open file."),
    click.option(
        "--retries", type=click.IntRange(0), metavar="N", default=5, show_default=True, help="Retries of each callback."
    ),
    click.option(
        "--retry-on", default="408,425,429,5xx", show_default=True, metavar="STATUSES", help="Statuses to retry."
    ),
    click.option(
        "--give-up-after",
        type=click.IntRange(1),
        metavar="N",
        default=20,
        show_default=True,
        help="Consecutive failures before it pauses.",
    ),
    click.option(
        "--give-up-time",
        type=Patience(),
        default="60s",
        show_default=True,
        help="Maximum time to probe a failing target.",
    ),
    click.option(
        "--shutdown-timeout",
        type=Duration(),
        default="10s",
        show_default=True,
        help="After Ctrl-C: maximum wait for in-flight requests.",
    ),
)
remembering = grouped(
    "remembering",
    Remembering,
    Remembering._fields,
    click.option(
        "--journal",
        type=File(),
        help="Where to remember what was delivered.  [default: NAME.replay-HOST.db beside the first log]",
    ),
    click.option("--no-journal", is_flag=True, help="Keep no journal: a second run sends everything again."),
    click.option("--same-target", is_flag=True, help="Resume with this log's journal although the URL has changed."),
    click.option(
        "--unknown",
        type=click.Choice(("resend", "skip")),
        default="resend",
        show_default=True,
        help="Callbacks whose outcome is unknown, for example after a kill.",
    ),
    click.option("--failed", type=File(), help="Write undelivered callbacks to FILE atomically."),
    click.option("--results", type=File(), help="Append each outcome to FILE, as NDJSON."),
    click.option("--metrics", type=File(), help="At the end, write the numbers to FILE for Prometheus."),
    click.option("--raw", is_flag=True, help="Send every line that is not blank, valid or not."),
    click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing."),
    click.option("--status", metavar="JOURNAL", help="Show what a journal records, and send nothing."),
)
