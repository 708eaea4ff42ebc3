"""On a log out of order and with doubles, the funnel and the quantiles are those of an independent engine."""

import json
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ses_cli.message.totals import EXACT
from ses_cli.render.data import document
from ses_cli.reports.messages.report import Messages
from ses_cli.reports.messages.wanted import MessagesWanted
from ses_cli.scan import Task, scan
from ses_cli.sources import find
from tests.logs import ABSENT, Record, log, record

duckdb = pytest.importorskip("duckdb")

START = 1_760_000_000
AGENTS = ("Mozilla/5.0", "Mozilla/5.0 (X11; Linux x86_64)", "(via ggpht.com GoogleImageProxy)", "YahooMailProxy; x")
EVENTS = (
    *["delivered"] * 6,
    *["open"] * 4,
    *["click", "deferred", "bounce"] * 2,
    "dropped",
    "spamreport",
    "unsubscribe",
)
TYPES = dict.fromkeys(("bulkId", "email", "event", "bounceType", "link", "useragent"), "VARCHAR")
TYPES |= dict.fromkeys(("timestamp", "sentTimestamp"), "BIGINT")
QUERY = """
with steps as (
    select distinct bulkId, email, event, timestamp, if(event = 'bounce', bounceType, '') as kind,
        if(event = 'click', link, '') as link, event = 'open' and (useragent = 'Mozilla/5.0'
        or contains(useragent, 'GoogleImageProxy') or contains(useragent, 'YahooMailProxy')) as machine
    from logged
), known as (
    select bulkId, email, min(sentTimestamp) filter (sentTimestamp > 0) as told,
        any_value(epoch(try_strptime(regexp_extract(bulkId, '-date-([0-9]+)', 1), '%Y%m%d%H%M%S')) - 28800) as wall
    from logged group by all
), messages as (
    select bulkId, email,
        min(timestamp) filter (event = 'delivered') as delivered,
        min(timestamp) filter (event = 'bounce' and kind = 'hard_bounce') as hard,
        bool_or(event = 'bounce') as bounced, bool_or(event = 'dropped') as dropped,
        min(timestamp) filter (event = 'open') as opened,
        min(timestamp) filter (event = 'open' and not machine) as opened_by_person,
        bool_or(event = 'click') as clicked, bool_or(event = 'spamreport') as complained,
        bool_or(event = 'unsubscribe') as unsubscribed
    from steps group by all
), ended as (
    select *, coalesce(told, wall) as sent, case when hard is not null then 'bounced'
        when delivered is not null then 'delivered' when dropped then 'dropped' when bounced then 'bounced'
        when opened is not null or clicked or complained or unsubscribed then 'read' end as ended
    from messages join known using (bulkId, email)
)
select {values} from ended
"""
COUNTS = {
    "total": "count(*)",
    "delivered": "count(*) filter (ended = 'delivered')",
    "bounced": "count(*) filter (ended = 'bounced')",
    "dropped": "count(*) filter (ended = 'dropped')",
    "pending": "count(*) filter (ended is null)",
    "end_not_logged": "count(*) filter (ended = 'read')",
    "opened": "count(opened)",
    "opened_by_machine_only": "count(opened) - count(opened_by_person)",
    "clicked": "count(*) filter (clicked)",
    "complained": "count(*) filter (complained)",
    "unsubscribed": "count(*) filter (unsubscribed)",
}
TIMES = {
    "to_delivered_s": "delivered - sent",
    "to_first_open_s": "opened - delivered",
    "to_first_open_by_person_s": "opened_by_person - delivered",
}


def made(chance: random.Random) -> list[Record]:
    """Messages with anything that may happen to them, within some days."""
    records = []
    for n in range(1500):
        sent = START + chance.randrange(100_000)
        wall = datetime.fromtimestamp(sent, timezone(timedelta(hours=8)))
        bulk = chance.choice((f"q-{n}", f"qcloudses-30-251200670-date-{wall:%Y%m%d%H%M%S}-{n:013d}"))
        email = f"u{n % 700}@{chance.choice(('qq.com', '163.com', 'gmail.com'))}"
        told = chance.choice((sent, sent, ABSENT))
        for _ in range(chance.choice((1, 1, 2, 2, 3, 5))):
            event = chance.choice(EVENTS)
            at = sent + int(min(chance.lognormvariate(3, 3), EXACT - 1))
            kind = chance.choice(("hard_bounce", "soft_bounce")) if event == "bounce" else ABSENT
            agent, link = chance.choice(AGENTS), f"https://a.example/{n % 3}"
            more = {"useragent": agent, "link": link, "sentTimestamp": told, "bounceType": kind}
            records.append(record(event=event, email=email, bulkId=bulk, timestamp=at, **more))
    return records


def test_the_funnel_and_the_times_are_those_of_duckdb(tmp_path: Path) -> None:
    """Messages by what became of them, and p50, p90, p99 and the longest of each time, are what DuckDB makes of it."""
    chance = random.Random(7)
    records = made(chance)
    records += chance.sample(records, 400)
    chance.shuffle(records)
    path = tmp_path / "log.jsonl"
    path.write_bytes(log(*records))
    summary = scan(find([str(path)])[0], Task(lambda: Messages(MessagesWanted(), 100_000)), span_size=200_000).fold
    found: Any = json.loads(b"".join(document(summary.document())))
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in TYPES.items())
    logged = f"read_json('{path}', format = 'newline_delimited', columns = {{{columns}}})"
    duckdb.sql(f"create or replace temp table logged as select * from {logged}")
    counted = dict(zip(COUNTS, duckdb.sql(QUERY.format(values=", ".join(COUNTS.values()))).fetchall()[0], strict=True))
    assert {name: n for name, n in found["messages"].items() if name != "impossible"} == counted
    assert all(counted.values())
    for name, length in TIMES.items():
        where = f"filter (ended = 'delivered' and {length} >= 0)"
        shares = ", ".join(f"quantile_disc({length}, {share}) {where}" for share in (0.5, 0.9, 0.99))
        values = f"count({length}) {where}, {shares}, max({length}) {where}"
        assert list(found[name].values()) == list(duckdb.sql(QUERY.format(values=values)).fetchall()[0]), name
