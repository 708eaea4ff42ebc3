"""A replay in a process of its own, to be killed: `child.py URL JOURNAL COUNT`."""

import sys
from pathlib import Path

from ses_cli.replay.engine import ReplayPolicy
from tests.replay.logs import lines, replay

if __name__ == "__main__":
    _, target, journal, count = sys.argv
    report = replay(lines(int(count)), target, ReplayPolicy(concurrency=8), path=Path(journal)).run()
    print(report.delivered, report.skipped, report.resent)
