"""The rates that are watched for changes."""

from typing import NamedTuple

from ses_cli.events import HARD, SOFT
from ses_cli.reports.health.mails import ENDS
from ses_cli.reports.kinds import UNTYPED

_DELIVERED = frozenset({"delivered"})


class Metric(NamedTuple):
    """A rate: kinds of records (see `tally.kind`) by other kinds."""

    name: str
    title: str
    parts: frozenset[str]
    whole: frozenset[str]
    event: str = ""  # whose reasons tell more about it
    harm: int = 1  # 1 where more of it is worse, -1 where less is


METRICS = (
    Metric("bounce_rate", "bounces", frozenset({HARD, SOFT, UNTYPED}), ENDS, "bounce"),
    Metric("dropped_rate", "drops", frozenset({"dropped"}), ENDS, "dropped"),
    Metric("deferral_rate", "deferrals", frozenset({"deferred"}), ENDS, "deferred"),
    Metric("complaint_rate", "complaints", frozenset({"spamreport"}), _DELIVERED),
    Metric("open_rate", "openings", frozenset({"open"}), _DELIVERED, harm=-1),
)
