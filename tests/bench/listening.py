"""The receiver under wrk: what a durable answer costs. Every 200 has to be in the log."""

import argparse
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple, get_args

from ses_cli.capture.server import ReceiverSettings, serve
from ses_cli.capture.server_events import Listening, ServerEvent
from ses_cli.capture.store import Durability

WHAT = {"group": "one sync for all that waits (what `listen` does)", "each": "one sync a request", "none": "no sync"}
SCRIPT = """
wrk.method = "POST"
wrk.body = [[BODY]]
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() good, bad = 0, 0 end
function response(status) if status == 200 then good = good + 1 else bad = bad + 1 end end
function done(summary, latency)
  local good, bad = 0, 0
  for _, thread in ipairs(threads) do good = good + thread:get("good"); bad = bad + thread:get("bad") end
  local half, most = latency:percentile(50), latency:percentile(99)
  print(string.format("RESULT %d %d %d %f %f", good, bad, summary.duration, half, most))
end
"""


class Measured(NamedTuple):
    """What wrk saw, and what the log holds."""

    good: int  # answers with status 200
    bad: int
    seconds: float
    median: float  # milliseconds
    p99: float  # milliseconds
    lines: int


def main() -> None:
    """Prints a Markdown table, and fails where a 200 is not in the log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--cores", type=int, default=2, help="for the receiver; wrk has the others, if there are any")
    parser.add_argument("--folder", type=Path, help="on the disk to measure  [default: a temporary one]")
    parser.add_argument("--serve", help=argparse.SUPPRESS)  # this very script as the receiver: durability
    options = parser.parse_args()
    if options.serve:
        receive(options.serve, options.folder)
        return
    print(f"{date.today()}, {platform.machine()}, Python {platform.python_version()}, {options.cores} of", end=" ")
    print(f"{os.cpu_count()} cores for the receiver; {options.connections} connections, 400-byte bodies\n")
    print("| | 200s/s | median ms | p99 ms | answers 200 | lines in the log | other answers |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    lost = False
    for durability in get_args(Durability):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            found = measure(durability, Path(folder), options.seconds, options.connections, options.cores)
        print(
            f"| {WHAT[durability]} | {found.good / found.seconds:,.0f} | {found.median:.1f} | {found.p99:.1f} "
            f"| {found.good:,} | {found.lines:,} | {found.bad:,} |"
        )
        lost |= found.lines < found.good
    if lost:
        sys.exit("a callback that was answered 200 is not in the log")


def measure(durability: str, folder: Path, seconds: int, connections: int, cores: int) -> Measured:
    """One run. wrk leaves without its last answers: the log may hold as many lines more as it has connections."""
    script = folder / "post.lua"
    script.write_text(SCRIPT.replace("BODY", body()))
    everything = sorted(os.sched_getaffinity(0))
    ours, theirs = everything[:cores], everything[cores:] or everything
    command = [sys.executable, __file__, "--serve", durability, "--folder", str(folder)]
    with subprocess.Popen(pinned(ours, command), stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout
        url = f"http://127.0.0.1:{int(receiver.stdout.readline())}/"
        wrk = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), url]
        printed = subprocess.run(pinned(theirs, wrk), capture_output=True, text=True, check=True).stdout
        receiver.send_signal(signal.SIGTERM)
    result = re.search(r"RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", printed)
    assert result, printed
    with (folder / "log.jsonl").open("rb") as log:
        lines = sum(1 for line in log if line == body().encode() + b"\n")
    good, bad, microseconds = map(int, result.groups()[:3])
    return Measured(good, bad, microseconds / 1e6, float(result[4]) / 1e3, float(result[5]) / 1e3, lines)


def receive(durability: str, folder: Path) -> None:
    """The receiver, which prints its port."""

    def emit(event: ServerEvent) -> None:
        if isinstance(event, Listening):
            print(event.port, flush=True)

    for mode in get_args(Durability):
        if mode == durability:
            serve(ReceiverSettings(folder / "log.jsonl", port=0, durability=mode), emit)


def body() -> str:
    """A valid callback of 400 bytes."""
    sample = (Path(__file__).parents[2] / "examples" / "official.jsonl").read_text().splitlines()[1]
    return sample.replace('"reason":"', '"reason":"' + "x" * (400 - len(sample)))


def pinned(cores: Sequence[int], command: list[str]) -> list[str]:
    """A command that runs on these cores only."""
    return ["taskset", "-c", ",".join(map(str, cores)), *command]


if __name__ == "__main__":
    main()
