"""`bounces --learn`: rules made of the user's own verdicts."""

import sys
from pathlib import Path

from ses_cli.cli.bounces.options import BounceChoice
from ses_cli.cli.options import Printing
from ses_cli.errors import Exit, UsageError, reason
from ses_cli.reasons.decisions import read_decisions
from ses_cli.reasons.learning import learn, write_rules
from ses_cli.reasons.rules import load_rules
from ses_cli.render import messages
from ses_cli.render.collisions import OutputFile, refuse_collisions
from ses_cli.render.output import write
from ses_cli.render.text import plural
from ses_cli.sources.source import STDIN, shown


def learned(file: str, choosing: BounceChoice, printing: Printing) -> Exit:
    """Writes the rules that the verdicts of a file become, and tells what became of the others."""
    refuse_collisions(filter(None, (file, choosing.rules)), [OutputFile("-o", printing.output)])
    name = "standard input" if file == STDIN else shown(file)
    rules = load_rules(Path(choosing.rules) if choosing.rules else None)
    found = learn(read_decisions(_text(file, name), name), rules)
    if not found.rules:
        raise UsageError(f"{name}: no verdict to learn{_left(found.undecided, found.known)}", _HINT)
    write((part.encode() for part in write_rules(found.rules)), printing.output)
    messages.note(f"{plural(len(found.rules), 'rule')} written{_left(found.undecided, found.known)}")
    return Exit.DONE


_HINT = "change the class or the action of a reason"


def _left(undecided: int, known: int) -> str:
    said = [f"{plural(undecided, 'reason')} still for review"] if undecided else []
    said += [f"{plural(known, 'verdict')} the rules give already"] if known else []
    return f"; {', '.join(said)}" if said else ""


def _text(file: str, name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
        return data.decode()
    except OSError as error:
        raise UsageError(f"{name}: cannot read the verdicts: {reason(error)}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{name}: cannot read the verdicts: not UTF-8") from None
