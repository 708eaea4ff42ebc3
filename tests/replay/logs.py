"""Callbacks to replay, and replays of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.json import decode

from ses_cli.batch import Located
from ses_cli.callback import Callback
from ses_cli.replay.dead_letters import DeadLetters
from ses_cli.replay.deliveries import Delivery, Lane, deliveries
from ses_cli.replay.engine import Policy, Replay
from ses_cli.replay.http.client import Client, HttpOptions
from ses_cli.replay.http.target import resolve_target
from ses_cli.replay.jsonl import Journal, NoJournal
from ses_cli.replay.past import Source
from ses_cli.replay.resume import fingerprint, open_journal

NAME = "log.jsonl"


def lines(count: int, lanes: int = 7, begin: int = 1_700_000_000) -> list[bytes]:
    """Different callbacks of `lanes` messages in turn, one a second."""
    return [
        b'{"event":"delivered","email":"u%d@example.com","bulkId":"b","timestamp":%d, "n":%d}'
        % (n % lanes, begin + n, n)
        for n in range(count)
    ]


def located(raws: Iterable[bytes]) -> Iterator[tuple[str, Located]]:
    """The rows of one log."""
    offset = 0
    for number, raw in enumerate(raws, 1):
        yield NAME, Located(decode(raw, type=Callback), number, offset, raw)
        offset += len(raw) + 1


def plan(raws: Iterable[bytes], lane: Lane = Lane.MESSAGE) -> Iterator[Delivery]:
    """Deliveries of one log."""
    return (delivery for delivery in deliveries(located(raws), lane) if delivery is not None)


def source(raws: list[bytes]) -> Source:
    """The log as a journal knows it."""
    return Source(NAME, fingerprint(raws[0]))


def journal(path: Path, url: str, raws: list[bytes]) -> Journal:
    """The journal of sending this log there."""
    return open_journal(path, url, resolve_target(url, {}).masked, [source(raws)])


def replay(
    raws: list[bytes],
    url: str,
    rules: Policy | None = None,
    *,
    path: Path | None = None,
    wire: HttpOptions | None = None,
    letters: DeadLetters | None = None,
    environ: dict[str, str] | None = None,
    lane: Lane = Lane.MESSAGE,
) -> Replay:
    """A run, not yet begun."""
    rules = rules or Policy()
    sender = Client(
        resolve_target(url, environ or {}), wire or HttpOptions(timeout=10, connect_timeout=5), rules.concurrency
    )
    log = journal(path, url, raws) if path else NoJournal()
    return Replay(plan(raws, lane), sender, log, rules, letters=letters, chance=lambda: 0.01)
