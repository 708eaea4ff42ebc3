"""Small files and objects that are read whole."""

from pathlib import Path

from ses_cli.errors import SourceError, reason
from ses_cli.sources.read import read_bytes
from ses_cli.sources.source import is_address, shown
from ses_cli.sources.storage import SourceFound, storage


def read_whole(name: str, endpoint: str | None = None) -> bytes | None:
    """All there is of a file or an object; None where there is none. Raises SourceError, UsageError."""
    if not is_address(name):
        try:
            return Path(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceError(f"{shown(name)}: {reason(error)}") from None
    from ses_cli.sources.objects.trouble import Missing

    for item in storage(name, endpoint).find(name):
        match item:
            case SourceFound(source, _):
                return read_bytes(source, 0, source.size or 0)
            case Missing():
                return None
            case SourceError():
                raise item
    return None
