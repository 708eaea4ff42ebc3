"""Reading commands beside DuckDB, Polars, ClickHouse local, jq and a plain loop, on one log in one run."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import zstandard

from tests.bench.measure import measure, table

ROOT = Path(__file__).parents[2]
PROGRAM = str(Path(sys.executable).with_name("ses-events"))

DUCKDB = """
import duckdb, sys
duckdb.sql(f"SET threads={sys.argv[2]}")
columns = "{event:'VARCHAR', email:'VARCHAR', bounceType:'VARCHAR', timestamp:'BIGINT'}"
log = f"read_json('{sys.argv[1]}', format='newline_delimited', columns={columns})"
print(duckdb.sql("SELECT event, bounceType, split_part(email, '@', 2) AS domain, count(*), min(timestamp), "
    f"max(timestamp) FROM {log} GROUP BY ALL").fetchall())
"""
POLARS = """
import polars as pl, sys
schema = {"event": pl.String, "email": pl.String, "bounceType": pl.String, "timestamp": pl.Int64}
domain = pl.col("email").str.split("@").list.last()
print(pl.scan_ndjson(sys.argv[1], schema=schema).group_by("event", "bounceType", domain).agg(pl.len(),
    pl.col("timestamp").min().alias("first"), pl.col("timestamp").max().alias("last")).collect())
"""
CHDB = """
import chdb, sys
columns = "event String, email String, bounceType Nullable(String), timestamp Int64"
print(chdb.query(f"SELECT event, bounceType, splitByChar('@', email)[-1] AS domain, count(), min(timestamp), "
    f"max(timestamp) FROM file('{sys.argv[1]}', 'JSONEachRow', '{columns}') GROUP BY ALL "
    f"SETTINGS max_threads = {sys.argv[2]}, input_format_skip_unknown_fields = 1"))
"""
LOOP = """
import orjson, sys
from collections import Counter
counts = Counter()
with open(sys.argv[1], "rb") as log:
    for line in log:
        record = orjson.loads(line)
        counts[record["event"], record.get("bounceType"), record["email"].rpartition("@")[2]] += 1
print(counts)
"""
JQ = """
jq -r '[.event, .bounceType, (.email | split("@")[1])] | @tsv' "$1" |
awk '{ n[$0]++ } END { for (k in n) print n[k], k }'
"""


PARQUET = """
import duckdb, sys
duckdb.sql(f"SET threads={sys.argv[2]}")
log = f"read_json('{sys.argv[1]}', format='newline_delimited', maximum_object_size=1048576)"
duckdb.sql(f"COPY (FROM {log}) TO '{sys.argv[3]}' (FORMAT parquet, COMPRESSION zstd)")
"""


def main() -> None:
    """Prints Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = str(Path(folder) / "log.jsonl")
        make = [sys.executable, str(ROOT / "examples" / "make_log.py"), "--seed", "1", "-o", log]
        subprocess.run([*make, "--records", str(options.records)], check=True)
        megabytes = Path(log).stat().st_size / 1e6
        print(
            f"{date.today()}, {platform.processor() or platform.machine()}, Python {platform.python_version()}, ",
            end="",
        )
        print(f"{options.cores} of {os.cpu_count()} cores; {options.records:,} records, {megabytes:,.0f} MB, cached\n")
        print(_plain(log, options.records, options.rounds, options.cores))
        print(_others(log, folder, options.records, options.rounds, options.cores))
        print(_compressed(log, folder, options.records, options.rounds, options.cores))
        print(_start(log, folder, options.rounds * 4))
        print(_addresses(folder, options.records // 2, options.cores))


def _plain(log: str, records: int, rounds: int, cores: int) -> str:
    python, threads = sys.executable, str(cores)
    commands = {
        "DuckDB": [python, "-c", DUCKDB, log, threads],
        "summarize": [PROGRAM, "summarize", "--json", log],
        "summarize -j 1": [PROGRAM, "summarize", "--json", "-j", "1", log],
        "summarize --by hour --by from-domain": [
            *(PROGRAM, "summarize", "--json", "--by", "hour", "--by", "from-domain", log)
        ],
        "bounces --hard": [PROGRAM, "bounces", "--hard", "--json", log],
        "validate": [PROGRAM, "validate", "--json", log],
        "summarize --dedupe": [PROGRAM, "summarize", "--json", "--dedupe", log],
        "summarize, pure Python": ["env", "SES_EVENTS_ENGINE=python", PROGRAM, "summarize", "--json", log],
        "Polars": [python, "-c", POLARS, log],
        "ClickHouse local (chdb)": [python, "-c", CHDB, log, threads],
        "plain orjson loop": [python, "-c", LOOP, log],
        "jq and awk": ["sh", "-c", JQ, "sh", log],
        "cat >/dev/null": ["sh", "-c", 'cat "$1" >/dev/null', "sh", log],
        "wc -l": ["wc", "-l", log],
    }
    return table("One plain log", measure(commands, rounds, cores), "DuckDB", records)


def _others(log: str, folder: str, records: int, rounds: int, cores: int) -> str:
    """The commands that do more with a record than count it."""
    page, columns = str(Path(folder) / "page.html"), str(Path(folder) / "log.parquet")
    commands = {
        "summarize": [PROGRAM, "summarize", "--json", log],
        "messages": [PROGRAM, "messages", "--json", log],
        "check": [PROGRAM, "check", "--json", log],
        "report": [PROGRAM, "report", "-o", page, log],
        "export to Parquet": [PROGRAM, "export", "-o", columns, log],
        "DuckDB, JSON to Parquet": [sys.executable, "-c", PARQUET, log, str(cores), columns],
        "export to CSV": [PROGRAM, "export", "-o", str(Path(folder) / "log.csv"), log],
    }
    return table("Other commands", measure(commands, rounds, cores), "summarize", records)


def _compressed(log: str, folder: str, records: int, rounds: int, cores: int) -> str:
    """The same log in eight files, each compressed with zstd."""
    directory = Path(folder) / "compressed"
    directory.mkdir()
    pieces = str(directory / "log-")
    split = ["split", "-n", "l/8", "-d", "--additional-suffix=.jsonl", log, pieces]
    subprocess.run(split, check=True)
    for piece in directory.iterdir():
        codec = zstandard.ZstdCompressor()
        with piece.open("rb") as plain, piece.with_name(piece.name + ".zst").open("wb") as compressed:
            codec.copy_stream(plain, compressed)
        piece.unlink()
    python, threads = sys.executable, str(cores)
    commands = {
        "DuckDB": [python, "-c", DUCKDB, str(directory / "*.zst"), threads],
        "summarize": [PROGRAM, "summarize", "--json", str(directory)],
        "zstd -dc | wc -l": ["sh", "-c", 'zstd -dc "$1"/*.zst | wc -l', "sh", str(directory)],
    }
    return table("Eight files compressed with zstd", measure(commands, rounds, cores), "DuckDB", records)


def _start(log: str, folder: str, rounds: int) -> str:
    small = str(Path(folder) / "small.jsonl")
    with open(log, "rb") as lines:
        Path(small).write_bytes(b"".join(next(lines) for _ in range(100)))
    commands = {
        'python -c "import click"': [sys.executable, "-c", "import click"],
        "ses-events --version": [PROGRAM, "--version"],
        "ses-events summarize, 100 lines": [PROGRAM, "summarize", small],
    }
    return table("Start", measure(commands, rounds), "ses-events --version")


def _addresses(folder: str, count: int, cores: int) -> str:
    log = Path(folder) / "bounced.jsonl"
    with log.open("w") as lines:
        for n in range(count):
            email = f"some.person{n:07d}@mail-{n % 5000:04d}.example"
            reason = f"550 5.1.1 <{email}>: Recipient address rejected: User unknown in virtual mailbox table"
            record = {
                "event": "bounce",
                "email": email,
                "bulkId": f"qcloudses-30-251200670-date-20260105142439-{n:013d}",
            }
            record |= {"reason": reason, "bounceType": "hard_bounce", "fromDomain": "news.example.net"}
            lines.write(json.dumps(record | {"timestamp": 1767575000 + n, "templateId": 100300 + n % 9}) + "\n")
    commands = {
        "bounces --json": [PROGRAM, "bounces", "--json", str(log)],
        "bounces --json, pure Python": ["env", "SES_EVENTS_ENGINE=python", PROGRAM, "bounces", "--json", str(log)],
        "bounces --export plain": [PROGRAM, "bounces", "--export", "plain", str(log)],
    }
    return table(f"{count:,} distinct bounced addresses", measure(commands, 1, cores), "bounces --json", count)


if __name__ == "__main__":
    main()
