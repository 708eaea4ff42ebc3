"""All that docs/reliability.md describes, from one seed: hours of it, in pieces, with the figures as tables in the end.

    python -m tests.reliability                     goes on where it was left, from the record in reliability.ndjson
    python -m tests.reliability --part worlds       one part of it: crashes, calls, worlds, hostile or fuzz
    python -m tests.reliability --table             the figures so far, and nothing else

A piece is a scenario, or 20,000 worlds; one that is interrupted is begun again. What is wrong is printed at once with
the command that shows it, and counted; the status is then 1. A record is of one seed: another one needs another record.
"""

import argparse
import sys
from pathlib import Path

from tests.reliability.pieces import PARTS, Record, pieces
from tests.reliability.tables import tables
from tests.simulation.many import today


def main() -> int:
    """Plays what is left."""
    options = _options()
    record = Record(options.record, options.seed or today())
    print(f"seed {record.seed}, {len(record.done)} pieces are in {options.record}", flush=True)
    parts = () if options.table else options.part or PARTS
    for piece in pieces(parts, record.seed, options.jobs, options.worlds):
        if piece.name not in record.done:
            print(f"\n{piece.name}", flush=True)
            record.add(piece.name, piece.play())
    print("", *tables(record.done), sep="\n")
    return 1 if any(figures["wrong"] for figures in record.done.values()) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="of a new record  [default: the day's]")
    parser.add_argument("--record", type=Path, default=Path("reliability.ndjson"), metavar="FILE")
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--worlds", type=int, default=1_000_000, help="simulated worlds  [default: 1000000]")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--table", action="store_true", help="play nothing")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command goes on")
