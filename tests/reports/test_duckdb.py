"""On a clean log the counts are those of an independent engine."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from ses_cli.render.data import document
from ses_cli.reports.summary import Summary
from ses_cli.scan import Task, scan
from ses_cli.sources import find
from tests.logs import log, record

duckdb = pytest.importorskip("duckdb")


def test_counts_are_those_of_duckdb(tmp_path: Path) -> None:
    """Events, domains, bounce types, rates and period are what DuckDB counts on the same log."""
    chance = random.Random(5)
    events = ("delivered", "open", "click", "bounce", "deferred", "dropped", "spamreport", "unsubscribe")
    records = [
        record(
            event=chance.choice(events),
            email=f"u{n}@{chance.choice(('qq.com', 'QQ.com', '163.com', 'gmail.com'))}",
            timestamp=chance.randrange(1_760_000_000, 1_761_000_000),
            bounceType=chance.choice(("hard_bounce", "soft_bounce")),
        )
        for n in range(5000)
    ]
    path = tmp_path / "log.jsonl"
    path.write_bytes(log(*records))
    summary = scan(find([str(path)])[0], Task(Summary)).fold
    found: Any = json.loads(b"".join(document(summary.document())))
    rows = duckdb.sql(
        f"""select lower(split_part(email, '@', 2)) as domain, count(*) as total,
        {", ".join(f"count(*) filter (event = '{event}') as {event}" for event in events)},
        count(*) filter (event = 'bounce' and bounceType = 'hard_bounce') as hard_bounce,
        count(*) filter (event = 'bounce' and bounceType = 'soft_bounce') as soft_bounce,
        count(*) filter (event in ('delivered', 'bounce', 'dropped')) as outcomes,
        round(count(*) filter (event = 'delivered') / outcomes, 6) as delivery_rate,
        round(count(*) filter (event = 'bounce') / outcomes, 6) as bounce_rate,
        round(count(*) filter (event = 'spamreport') / count(*) filter (event = 'delivered'), 6) as complaint_rate
        from read_json('{path}', format = 'newline_delimited') group by 1"""
    )
    expected = [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]
    assert sorted(found["domains"], key=lambda row: str(row["domain"])) == sorted(
        expected, key=lambda row: str(row["domain"])
    )
    counts = duckdb.sql(f"select event, count(*) from '{path}' group by 1").fetchall()
    assert found["events"] == dict(counts)
    first, last = duckdb.sql(
        f"select strftime(to_timestamp(min(timestamp)) at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ'), "
        f"strftime(to_timestamp(max(timestamp)) at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ') from '{path}'"
    ).fetchall()[0]
    assert found["period"] == {"first": first, "last": last}
