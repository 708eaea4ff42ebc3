"""`messages` measured: CPU time beside `summarize`, one address beside reading, memory over very many messages.

    python -m tests.bench.messages --records 2000000 --messages 20000000

CPU time and not seconds, as medians of runs in turn, so that what else the machine does hardly matters. The log of very
many messages is made as it is read, through a pipe: what is needed on disk is the temporary file of `messages`, some 60
bytes a callback, which is looked for before.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PROGRAM = [sys.executable, "-m", "ses_cli"]
FOLLOWED_BY = 50_000  # messages that are sent before one is opened
LINE = (
    '{{"event":"{event}","email":"person{n}@mail-{domain}.example","bulkId":"qcloudses-30-251200670-date-20260105142439-'
    '{n:013d}","timestamp":{time},"username":"251200670","from":"no-reply@news.example.net","fromDomain":'
    '"news.example.net","templateId":{template},"useragent":"Mozilla/5.0 (X11; Linux x86_64)","subject":"This week in '
    'the shop","messageId":"5e066b7c-9d49-43e5-a0e7-{n:012d}@news.example.net","sentTimestamp":{sent}}}\n'
)


def main() -> None:
    """Prints Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2_000_000, help="of the log that is read in turn")
    parser.add_argument("--messages", type=int, default=20_000_000, help="0 leaves this out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        sys.stdout.writelines(lines(options.make))
        return
    if options.records:
        print(ratios(options.records, options.rounds))
    if options.messages:
        print(memory(options.messages))


def ratios(records: int, rounds: int) -> str:
    """CPU time of commands over one log, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        log = str(Path(folder) / "log.jsonl")
        make = [sys.executable, str(ROOT / "examples" / "make_log.py"), "--seed", "1", "-o", log]
        subprocess.run([*make, "--records", str(records)], check=True)
        commands = {
            "summarize": ["summarize", "--json", log],
            "messages": ["messages", "--json", log],
            "messages, tables": ["messages", log],
            "messages --by template --by from-domain": [
                *("messages", "--json", "--by", "template", "--by", "from-domain", log)
            ],
            "messages -f ndjson": ["messages", "-f", "ndjson", log],
            "messages --email": ["messages", "--json", "--email", "nobody@qq.com", log],
        }
        found: dict[str, list[float]] = {}
        peaks: dict[str, int] = {}
        for _ in range(rounds):
            for name, command in commands.items():
                spent, peak = cpu([*PROGRAM, *command])
                found.setdefault(name, []).append(spent)
                peaks[name] = max(peak, peaks.get(name, 0))
    base = statistics.median(found["summarize"])
    rows = [f"{records:,} records\n", "| | CPU seconds | ratio | peak MB |", "|---|---:|---:|---:|"]
    for name, times in found.items():
        middle = statistics.median(times)
        rows.append(f"| {name} | {middle:.2f} | {middle / base:.2f} | {peaks[name] / 1024:,.0f} |")
    return "\n".join(rows) + "\n"


def cpu(command: list[str], log: int = subprocess.DEVNULL) -> tuple[float, int]:
    """Seconds of CPU time of one run, and kilobytes of its peak."""
    process = subprocess.Popen(command, cwd=ROOT, stdin=log, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def memory(messages: int) -> str:
    """Peak memory over so many messages, two thirds of which have a second callback far behind the first."""
    needed, free = 120 * messages, shutil.disk_usage(tempfile.gettempdir()).free
    if free < needed:
        return f"{tempfile.gettempdir()}: {free / 1e9:.0f} GB free, {needed / 1e9:.0f} GB needed: not measured\n"
    rows = ["| messages | callbacks | log GB | peak MB | CPU seconds |", "|---:|---:|---:|---:|---:|"]
    for n in (messages // 10, messages):
        maker = subprocess.Popen([sys.executable, "-m", "tests.bench.messages", "--make", str(n)], cwd=ROOT, stdout=-1)
        assert maker.stdout
        started = time.perf_counter()
        spent, peak = cpu([*PROGRAM, "messages", "--json", "-"], maker.stdout.fileno())
        maker.wait()
        some = b"".join(line.encode() for line in islice(lines(1000), 1000))
        callbacks = n + n // 3 * 2
        size = callbacks * len(some) / 1000 / 1e9
        print(f"{n:,} messages: {time.perf_counter() - started:,.0f} s", file=sys.stderr)
        rows.append(f"| {n:,} | {callbacks:,} | {size:.1f} | {peak / 1024:,.0f} | {spent:,.0f} |")
    return "\n".join(rows) + "\n"


def lines(messages: int) -> Iterator[str]:
    """A callback for each message, and for two of three one more, `FOLLOWED_BY` messages behind."""
    for n in range(messages + FOLLOWED_BY):
        sent = 1_767_575_000 + n // 100
        if n < messages:
            event = "bounce" if n % 50 == 7 else "delivered"
            yield LINE.format(event=event, n=n, domain=n % 5000, time=sent + 5, template=n % 9, sent=sent)
        before = n - FOLLOWED_BY
        if before >= 0 and before % 3:
            sent -= FOLLOWED_BY // 100
            yield LINE.format(
                event="open", n=before, domain=before % 5000, time=sent + 600, template=before % 9, sent=sent
            )


if __name__ == "__main__":
    main()
