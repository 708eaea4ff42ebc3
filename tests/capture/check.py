"""A small validation: an object with an event and an address is a callback."""

from collections.abc import Sequence

import orjson

from ses_cli.callback import Callback
from ses_cli.capture.validator import Validated
from ses_cli.events import Problem


def check_all(lines: Sequence[bytes]) -> list[Validated]:
    """A results on each."""
    return list(map(check, lines))


def check(line: bytes) -> Validated:
    """A record, or one problem."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return [Problem("", 0, 0, "not-json", "", str(error))]
    if not isinstance(record, dict):
        return [Problem("", 0, 0, "not-object", "", "no object")]
    if not isinstance(record.get("event"), str) or not isinstance(record.get("email"), str):
        return [Problem("", 0, 0, "missing-field", "$.event", "no event, or no address")]
    return Callback(event=record["event"], email=record["email"], bulk_id="", timestamp=1)
