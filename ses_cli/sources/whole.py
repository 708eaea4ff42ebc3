"""Small files and objects that are read and written whole."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from ses_cli.errors import SourceError, TargetError, reason
from ses_cli.sources.read import read_bytes
from ses_cli.sources.source import is_address, shown
from ses_cli.sources.storage import Found, storage


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
            case Found(source, _):
                return read_bytes(source, 0, source.size or 0)
            case Missing():
                return None
            case SourceError():
                raise item
    return None


def write_whole(name: str, data: bytes, endpoint: str | None = None) -> None:
    """Puts it there whole, or not at all. Raises TargetError, UsageError."""
    if is_address(name):
        from ses_cli.sources.objects.upload import Target

        Target(name, endpoint).put(data)
        return
    path = Path(os.path.realpath(name))
    part = path.with_name(f".{path.name[:200]}.{uuid4().hex[:12]}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise TargetError(f"{shown(name)}: {reason(error)}") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
