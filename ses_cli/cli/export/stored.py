"""Exports to an object: to a temporary file first, which is uploaded when it is whole."""

import shutil
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from ses_cli.cli.export import output as exporting
from ses_cli.cli.export.options import ExportChoice
from ses_cli.cli.given import refuse
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.errors import Exit, UsageError
from ses_cli.leftovers import forget_leftover, register_leftover
from ses_cli.sources.names import is_log
from ses_cli.sources.objects.upload import UploadTarget
from ses_cli.sources.source import is_address


def run(reading: Reading, selecting: Selecting, printing: Printing, choosing: ExportChoice) -> Exit:
    """Exports. Raises UsageError, before anything is read, where it cannot go there; TargetError."""
    address = str(printing.output)
    refuse("with an object for -o", "partition_by", hint="write a folder, and copy it there")
    if is_log(Path(address.rpartition("/")[2])) and any(map(is_address, reading.files)):
        hint = "give it a name that does not end in .jsonl or .ndjson"
        raise UsageError(f"-o {address}: named like a log, and may be read as one", hint)
    if address in reading.files:
        raise UsageError(f"-o {address}: this object is an input", "choose another one")
    target = UploadTarget(address, reading.endpoint)
    folder = mkdtemp(prefix="ses-events-")
    clear = partial(shutil.rmtree, folder, ignore_errors=True)
    register_leftover(clear)
    try:
        file = Path(folder, "export")
        status = exporting.run(reading, selecting, printing._replace(output=str(file)), choosing)
        target.put(file)
    finally:
        clear()
        forget_leftover(clear)
    return status
