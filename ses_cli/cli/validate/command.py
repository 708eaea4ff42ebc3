"""`ses-events validate`."""

import click

from ses_cli.cli.given import refuse
from ses_cli.cli.options import Printing, Reading, Selecting, printing, reading, selecting


@click.command()
@click.option("-q", "--quiet", is_flag=True, help="Print the counts only, not every problem.")
@reading
@selecting
@printing
def validate(reading: Reading, selecting: Selecting, printing: Printing, quiet: bool) -> int:
    """Check every line and report every problem.

    \b
    ses-events validate log.jsonl
    ses-events validate --strict --quiet log.jsonl || mail -s "callbacks went bad" ops@example.com
    ses-events validate --rejects bad.ndjson log.jsonl     save invalid lines, with the reasons
    ses-events validate --json log.jsonl | jq '.fields | map_values(.types)'

    Prints each problem as it is found, then how many lines are valid, the problems counted by code, and every field
    found with its JSON types. json has the counts and the fields; ndjson, csv and tsv have the problems. Exits with
    status 1 if a record is invalid.
    """
    from ses_cli.cli import scanning
    from ses_cli.cli.validate.output import shown
    from ses_cli.render.output import Output
    from ses_cli.reports.validation import Validation, codes
    from ses_cli.scan import Part

    if printing.form in ("ndjson", "csv", "tsv"):
        refuse(f"with --format {printing.form}, which has the problems and nothing else", "quiet", hint="use --json")
    if not (selecting.since or selecting.until):
        refuse("without --since or --until: no times are shown", "tz")
    tz = selecting.zone()
    found = scanning.find_input(reading, printing)
    with Output(printing.output) as output:
        output.write(shown([], printing, reading.strict, is_first=True))

        def see(part: Part[Validation]) -> None:
            output.write(shown(part.problems(), printing, reading.strict))
            output.flush()

        outcome = scanning.fold(found, reading, selecting, Validation, watch=None if quiet else see, explain=not quiet)
        line = scanning.account(outcome.ledger)
        if printing.form in ("table", "markdown", "json"):
            output.write(scanning.rendered("validation", outcome, printing, tz, line, codes(outcome.ledger)))
    scanning.tell(outcome, has_shown_problems=True)
    return scanning.status(outcome, outcome.ledger.invalid > 0)
