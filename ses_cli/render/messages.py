"""Narration on standard error: errors, hints and notes."""

import os
import sys

from ses_cli.errors import SesEventsError
from ses_cli.events import Problem
from ses_cli.render.cells import safe

_RED, _YELLOW, _DIM, _OFF = "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"


def error(cause: SesEventsError) -> None:
    """What went wrong and, where there is one, the next step."""
    _say("error", cause.message, _RED)
    hint(cause.hint)


def hint(text: str | None) -> None:
    """A next step."""
    if text:
        _say("hint", text, _DIM)


def note(text: str) -> None:
    """Something to know."""
    _say("note", text, _YELLOW)


def problem(found: Problem) -> str:
    """`log.jsonl:41: $.timestamp: expected an integer, got the string "1654064683" [wrong-type]`, and the hint."""
    where = f"{found.source}:{found.line}: {found.path}{': ' if found.path else ''}"
    hint = f"\n  hint: {found.hint}" if found.hint else ""
    return safe_lines(f"{where}{found.message} [{found.code}]{hint}")


def safe_lines(text: str) -> str:
    """Text whose line breaks are ours."""
    return "\n".join(map(safe, text.split("\n")))


def plain(text: str) -> None:
    """A line as it is."""
    print(text, file=sys.stderr, flush=True)


def _say(kind: str, text: str, colour: str) -> None:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty()
    label = f"{kind}:" if plain else f"{colour}{kind}:{_OFF}"
    print(f"{label} {safe_lines(text)}", file=sys.stderr, flush=True)
