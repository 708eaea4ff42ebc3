"""The receiver as a program: pickled settings in the first argument, events as JSON lines on stdout."""

import base64
import pickle
import sys

import orjson

from ses_cli.capture.server import ReceiverSettings, serve
from ses_cli.capture.server_events import Answered, Rejected, ServerEvent, Stored, Synced
from ses_cli.errors import SesEventsError


def emit(event: ServerEvent) -> None:
    """One line for each event, but not for each callback."""
    if not isinstance(event, Stored | Rejected | Answered | Synced):
        show({"event": type(event).__name__, **event._asdict()})


def show(value: object) -> None:
    """A line."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS) + b"\n")
    sys.stdout.buffer.flush()


def main(settings: ReceiverSettings) -> int:
    """Run until told to stop."""
    try:
        totals = serve(settings, emit)
    except SesEventsError as error:
        show({"event": "Error", "message": error.message})
        return error.status
    counts = {"stored": totals.stored, "rejected": totals.rejected, "refused": totals.refused}
    show({"event": "Totals", **counts, "evicted": totals.evicted})
    return 0


if __name__ == "__main__":
    sys.exit(main(pickle.loads(base64.b64decode(sys.argv[1]))))
