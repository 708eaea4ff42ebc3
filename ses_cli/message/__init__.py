"""What the callbacks of one message (`bulkId` and `email`) say together; nothing here depends on their order."""

from ses_cli.message.life import FLAGS, End, Flag, Life, life
from ses_cli.message.sent import Sent, bulk_time, sent_time
from ses_cli.message.steps import PROXIES, Step, proxy, step
from ses_cli.message.totals import FLAG_COUNTS, Count, Durations, Totals, merged

__all__ = [
    "FLAGS",
    "FLAG_COUNTS",
    "PROXIES",
    "Count",
    "Durations",
    "End",
    "Flag",
    "Life",
    "Sent",
    "Step",
    "Totals",
    "bulk_time",
    "life",
    "merged",
    "proxy",
    "sent_time",
    "step",
]
