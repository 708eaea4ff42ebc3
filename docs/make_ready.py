"""Writes what bounce reasons need in a form that is read fast, from the rules: `python docs/make_ready.py [FILE]`."""

import sys
from pathlib import Path

from ses_cli.reasons import text, words
from ses_cli.reasons.phrases import Phrases
from ses_cli.reasons.ready import READY, written
from ses_cli.reasons.rules import read_builtin


def write(path: Path) -> None:
    """Writes it there."""
    values = [*vars(text).values(), *vars(words).values()]
    lines = written(read_builtin(), (one.pattern for one in values if isinstance(one, Phrases)))
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else READY))
