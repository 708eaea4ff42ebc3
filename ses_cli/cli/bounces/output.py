"""The three things `bounces` does: a report or an export of addresses, a listing of events, an explanation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from functools import partial
from typing import TYPE_CHECKING

from ses_cli.cli import scanning
from ses_cli.cli.bounces.options import BounceChoice, Exporting
from ses_cli.cli.options import Printing, Reading, Selecting, path_of
from ses_cli.errors import Exit, UsageError
from ses_cli.reasons import ACTIONS, CLASSES, Classifier
from ses_cli.render.formats import FORMATS
from ses_cli.render.output import Output, write
from ses_cli.render.text import safe
from ses_cli.reports.bounces import Bounces
from ses_cli.scan import Part
from ses_cli.times import shown

if TYPE_CHECKING:
    from ses_cli.reports.listing import Bounced, Listing


def report(
    reading: Reading, selecting: Selecting, printing: Printing, choosing: BounceChoice, exporting: Exporting
) -> Exit:
    """One row an address, or the suppression list made of them."""
    tz = selecting.zone()
    found = scanning.find_input(reading, printing, choosing.rules)
    make = partial(Bounces, choosing.wanted(selecting, tz, exporting.also(), reading.is_local))
    outcome = scanning.fold(found, reading, selecting, make, rules=choosing.rules)
    if exporting.export:
        from ses_cli.cli.bounces.export import export  # start-up

        export(
            outcome.fold,
            exporting,
            printing.output,
            lambda outputs: scanning.check_outputs(reading, found.sources, outputs, choosing.rules),
        )
    elif printing.form == "plain":
        write((f"{email}\n".encode() for email in outcome.fold.emails()), printing.output)
    else:
        line = scanning.account(outcome.ledger)
        write(scanning.rendered("bounces", outcome, printing, tz, line), printing.output)
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)


def each(reading: Reading, selecting: Selecting, printing: Printing, choosing: BounceChoice) -> Exit:
    """Every event as it comes, in the memory of one part."""
    from ses_cli.reports.listing import Listing  # start-up

    if printing.form in ("json", "markdown"):
        raise UsageError(f"--events is a stream, which {printing.form} cannot hold", "use -f ndjson")
    found = scanning.find_input(reading, printing, choosing.rules)
    tz = selecting.zone()
    make = partial(Listing, choosing.wanted(selecting, tz))
    with Output(printing.output) as output:
        output.write(_rows(make(), printing, tz, is_first=True))

        def see(part: Part[Listing]) -> None:
            output.write(_rows(part.fold, printing, tz))
            output.flush()

        outcome = scanning.fold(found, reading, selecting, make, see, is_streamed=True, rules=choosing.rules)
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)


def explain(reason: str, choosing: BounceChoice, printing: Printing) -> Exit:
    """What one reason means, with the evidence and all rules that matched."""
    classifier = Classifier.load(path_of(choosing.rules))
    found = classifier.explain(reason, choosing.bounce_type)
    verdict = found.verdict
    if printing.form == "json":
        from ses_cli.render import data  # start-up

        content = {
            "schema": "ses-events/explanation@1",
            "reason": reason,
            "shape": found.shape,
            "codes": [code.code for code in found.codes],
            "matched": [{"rule": rule.id, "class": rule.cls, "action": rule.action} for rule in found.matched],
            "class": verdict.cls,
            "action": verdict.action,
            "rule": verdict.rule,
            "reply_code": verdict.reply_code,
            "enhanced_code": verdict.enhanced_code,
            "note": found.note,
        }
        write(data.document(content), printing.output)
        return Exit.DONE
    lines = [
        f"class     {verdict.cls}: {CLASSES[verdict.cls]}",
        f"action    {verdict.action}: {ACTIONS[verdict.action]}",
        *([f"          {found.note}"] if found.note else []),
        f"rule      {verdict.rule or 'none matched'}",
        f"read as   {safe(found.shape)}",
        f"codes     {', '.join(code.code for code in found.codes) or 'none'}",
        "matched, in order of evidence:" if found.matched else "no rule matched",
        *(f"  {rule.tier:<9} {rule.id}: {rule.cls}, {rule.action}" for rule in found.matched),
    ]
    write([("\n".join(lines) + "\n").encode(errors="replace")], printing.output)
    return Exit.DONE


def _rows(listing: Listing, printing: Printing, tz: tzinfo | None, is_first: bool = False) -> Iterator[bytes]:
    if printing.form == "plain":
        yield from (f"{bounce.email}\n".encode() for bounce in listing.bounces)
    elif write_rows := FORMATS[printing.form].rows:
        yield from write_rows(listing.data(), printing.style(tz), is_first)
    else:
        yield from (_line(bounce, tz) for bounce in listing.bounces)


def _line(bounce: Bounced, tz: tzinfo | None) -> bytes:
    kind = bounce.bounce_type or ("untyped" if bounce.event == "bounce" else bounce.event)
    verdict = bounce.verdict
    said = (bounce.email, kind, verdict.cls, verdict.action, bounce.reason)
    return safe("  ".join((shown(bounce.time, tz), *said))).encode(errors="replace") + b"\n"
