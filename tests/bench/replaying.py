"""Replay beside hey, wrk and loops of other HTTP clients, against nginx on loopback; lateness at a pace; memory."""

import argparse
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path

from tests.bench.measure import once

ROOT = Path(__file__).parents[2]
PROGRAM = str(Path(sys.executable).with_name("ses-events"))
CONNECTIONS = 64

NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_in_single_buffer on; client_body_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ return 200; }} }}
}}
"""
WRK = 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[{body}]]\n'
PYCURL = """
import pycurl, select, sys
lines = iter(open(sys.argv[1], "rb").read().splitlines())
multi, left = pycurl.CurlMulti(), 0
def begin(curl):
    global left
    body = next(lines, None)
    if body is not None:
        curl.setopt(pycurl.POSTFIELDS, body)
        multi.add_handle(curl)
        left += 1
for _ in range(64):
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, sys.argv[2])
    curl.setopt(pycurl.WRITEFUNCTION, lambda data: None)
    begin(curl)
while left:
    multi.perform()
    more = 1
    while more:
        more, good, _ = multi.info_read(256)
        for curl in good:
            multi.remove_handle(curl)
            left -= 1
            begin(curl)
    readable, writable, _ = multi.fdset()
    select.select(readable, writable, [], 0.05)
"""
AIOHTTP = """
import aiohttp, asyncio, sys
async def send(session, lines):
    for body in lines:
        async with session.post(sys.argv[2], data=body, headers={"Content-Type": "application/json"}) as answer:
            await answer.read()
async def main():
    lines = iter(open(sys.argv[1], "rb").read().splitlines())
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:
        await asyncio.gather(*(send(session, lines) for _ in range(64)))
asyncio.run(main())
"""
HTTPX = """
import asyncio, httpx, sys
async def send(client, lines):
    for body in lines:
        await client.post(sys.argv[2], content=body, headers={"Content-Type": "application/json"})
async def main():
    lines = iter(open(sys.argv[1], "rb").read().splitlines())
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(limits=limits) as client:
        await asyncio.gather(*(send(client, lines) for _ in range(64)))
asyncio.run(main())
"""


def main() -> None:
    """Prints Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", type=int, default=0, metavar="RECORDS", help="also replay a log of this size")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, nginx(Path(name)) as url:
        folder = Path(name)
        log = make(folder / "log.jsonl", options.records)
        size = log.stat().st_size / options.records
        print(
            f"{date.today()}, {platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores: ",
            end="",
        )
        print(f"one for the sender, one for nginx; {options.records:,} callbacks of {size:.0f} bytes on average\n")
        print(rates(folder, log, url, options.records, options.rounds))
        print(lateness(folder, log, url, options.rounds))
        if options.large:
            print(memory(folder, url, options.records, options.large))


def rates(folder: Path, log: Path, url: str, records: int, rounds: int) -> str:
    """Callbacks a second of each sender, in turn."""
    tenth = head(log, folder / "tenth.jsonl", records // 10)
    hundredth = head(log, folder / "hundredth.jsonl", records // 100)
    body = folder / "body.json"
    body.write_bytes(log.open("rb").readline().rstrip())
    (folder / "wrk.lua").write_text(WRK.format(body=body.read_text()))
    hey = [
        "hey",
        "-n",
        str(records),
        "-c",
        str(CONNECTIONS),
        "-m",
        "POST",
        "-T",
        "application/json",
        "-D",
        str(body),
        url,
    ]
    commands: dict[str, tuple[int, list[str]]] = {
        "replay, journal and lanes": (records, replay(url, log, "--journal", str(folder / "journal"))),
        "replay --no-journal": (records, replay(url, log, "--no-journal")),
        "bare pycurl loop": (records, [sys.executable, "-c", PYCURL, str(log), url]),
        "hey": (records, hey),
        "aiohttp loop": (records // 10, [sys.executable, "-c", AIOHTTP, str(tenth), url]),
        "httpx loop": (records // 100, [sys.executable, "-c", HTTPX, str(hundredth), url]),
    }
    found: dict[str, list[float]] = {}
    peaks: dict[str, float] = {}
    for _ in range(rounds):
        for name, (count, command) in commands.items():
            (folder / "journal").unlink(missing_ok=True)
            seconds, peak = once(command, 1)
            if seconds is not None:
                found.setdefault(name, []).append(count / seconds)
                peaks[name] = max(peak, peaks.get(name, 0.0))
        found.setdefault("wrk", []).append(wrk(folder, url))
    base = statistics.median(found["hey"]) if "hey" in found else 0.0
    rows = [
        "### Callbacks a second, 64 connections, one core",
        "",
        "| | a second | of hey | peak MB |",
        "|---|---:|---:|---:|",
    ]
    for name, values in found.items():
        rate, most = statistics.median(values), f"{peaks[name]:,.0f}" if name in peaks else ""
        rows.append(f"| {name} | {rate:,.0f} | {rate / base if base else 0:.2f} | {most} |")
    return "\n".join(rows) + "\n"


def lateness(folder: Path, log: Path, url: str, rounds: int) -> str:
    """Of first attempts at 5,000 a second, for eight seconds."""
    few = head(log, folder / "paced.jsonl", 40_000)
    rows = ["### Lateness at --rate 5000", "", "| | p50 ms | p99 ms | max ms |", "|---|---:|---:|---:|"]
    for name, options in (("journal", ("--journal", str(folder / "journal"))), ("no journal", ("--no-journal",))):
        found = []
        for _ in range(rounds):
            (folder / "journal").unlink(missing_ok=True)
            command = ["taskset", "-c", "0", *replay(url, few, "--rate", "5000", *options)]
            done = subprocess.run(command, capture_output=True, check=True)
            found.append(json.loads(done.stdout)["replay"]["lateness_ms"])
        cells = [f"{statistics.median(one[key] for one in found):.1f}" for key in ("p50", "p99", "max")]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def memory(folder: Path, url: str, small: int, large: int) -> str:
    """Peak memory over logs of two sizes."""
    rows = ["### Memory", "", "| callbacks | log MB | peak MB |", "|---:|---:|---:|"]
    for records in (small, large):
        log = make(folder / "size.jsonl", records)
        (folder / "journal").unlink(missing_ok=True)
        _, peak = once(replay(url, log, "--journal", str(folder / "journal")), 1)
        rows.append(f"| {records:,} | {log.stat().st_size / 1e6:,.0f} | {peak:,.0f} |")
    return "\n".join(rows) + "\n"


def replay(url: str, log: Path, *options: str) -> list[str]:
    """A replay over all connections."""
    return [PROGRAM, "replay", "--json", "--to", url, "-c", str(CONNECTIONS), *options, str(log)]


def wrk(folder: Path, url: str) -> float:
    """Requests a second of wrk on the sender's core."""
    command = ["taskset", "-c", "0", "wrk", "-t1", f"-c{CONNECTIONS}", "-d5s", "-s", str(folder / "wrk.lua"), url]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert found, printed
    return float(found[1])


def head(log: Path, path: Path, records: int) -> Path:
    """The beginning of a log."""
    with log.open("rb") as lines:
        path.write_bytes(b"".join(islice(lines, records)))
    return path


def make(path: Path, records: int) -> Path:
    """A log of so many callbacks."""
    command = [sys.executable, str(ROOT / "examples" / "make_log.py"), "--seed", "1", "-o", str(path)]
    subprocess.run([*command, "--records", str(records)], check=True)
    return path


@contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """A server that answers 200, on a core of its own; its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    command = ["taskset", "-c", "1", "nginx", "-c", str(folder / "nginx.conf")]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
