"""Narration on standard error: errors, hints and notes."""

import os
import sys

from ses_cli.errors import SesEventsError
from ses_cli.events import Problem, severity
from ses_cli.render.text import safe_lines

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


def problem(found: Problem, strict: bool = False) -> str:
    """`log.jsonl:41: error: $.timestamp: expected an integer, got the string "1" [wrong-type]`, and the hint."""
    path = f"{found.path}: " if found.path else ""
    where = f"{found.source}:{found.line}: {severity(found.code, strict)}: {path}"
    hint = f"\n  hint: {found.hint}" if found.hint else ""
    return safe_lines(f"{where}{found.message} [{found.code}]{hint}")


def plain(text: str) -> None:
    """A line as it is; lost where standard error is closed or full."""
    if not sys.stderr:
        return
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:  # or the interpreter tries again at the end, and changes the exit status
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _say(kind: str, text: str, colour: str) -> None:
    is_terminal = bool(sys.stderr) and sys.stderr.isatty()
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not is_terminal
    label = f"{kind}:" if is_plain else f"{colour}{kind}:{_OFF}"
    plain(f"{label} {safe_lines(text)}")
