"""What a fold has found, as bytes that travel and are kept: they say what they fit, and nothing else is taken in.

A pickle of data alone, behind a line of JSON. Reading one looks at that line first, and makes nothing but the program's
own data classes and containers: it calls nothing, whoever wrote the bytes.
"""

import io
import json
import pickle
from collections.abc import Mapping
from enum import Enum
from hashlib import sha256
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

from ses_cli.callback import Callback
from ses_cli.errors import SesEventsError

FORMAT = "ses-events/fold@1"
_DATA = (
    "batch callback errors events export ledger message reasons reports "
    "scan.covered scan.kept scan.parts selection cli.report.output"
)
_OWN = tuple(f"ses_cli.{name}." for name in _DATA.split())  # modules whose classes hold data
_PLAIN = {
    "array": ("array", "_array_reconstructor"),
    "builtins": ("bytearray", "frozenset", "set", "complex"),
    "collections": ("Counter", "OrderedDict", "defaultdict", "deque"),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "msgspec._utils": ("rebuild",),  # of a class that has to be one of these too
    "pathlib": ("PosixPath", "PurePosixPath", "Path"),
    "pathlib._local": ("PosixPath", "PurePosixPath", "Path"),  # Python 3.13
    "zoneinfo": ("ZoneInfo",),
}


_WRONG = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)


class StateError(SesEventsError):
    """Bytes that are no state, or one that does not fit."""


def dump(value: object, fits: Mapping[str, str]) -> bytes:
    """A value, and what has to be the same where it is taken in."""
    head = json.dumps({"format": FORMAT, **fits}).encode()
    stream = io.BytesIO()
    _Pickler(stream, 5).dump(value)
    payload = stream.getvalue()
    return b"".join((head, b"\n", sha256(payload).digest(), payload))


def load(data: bytes, fits: Mapping[str, str]) -> object:
    """Raises StateError where it is none, or was made otherwise: it says what differs."""
    head, _, rest = data.partition(b"\n")
    try:
        found = json.loads(head)
        is_state = isinstance(found, dict) and "format" in found
    except ValueError:
        is_state = False
    if not is_state:
        raise StateError("not a state of this program")
    for name, value in {"format": FORMAT, **fits}.items():
        if found.get(name) != value:
            raise StateError(f"another {name}: expected {value}, got {found.get(name)}")
    digest, payload = rest[:32], rest[32:]
    if sha256(payload).digest() != digest:
        raise StateError("damaged")
    try:
        return _Unpickler(io.BytesIO(payload)).load()
    except _WRONG as error:
        raise StateError(f"not what it says ({error})") from None


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:
        """What could not be read back: Python 3.11.2 makes some members of enumerations calls of `getattr`.

        A time zone goes by its name, a decoder's own kind of callback as a callback, a member by its value.
        """
        if isinstance(value, Enum):
            return type(value), (value.value,)
        if isinstance(value, ZoneInfo):
            return ZoneInfo, (value.key,)
        if isinstance(value, SesEventsError):  # Dask has errors pickled in a way of its own
            return value.__reduce__()
        if isinstance(value, Callback) and type(value) is not Callback:
            return value.plain().__reduce__()
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if name in _PLAIN.get(module, ()):
            return super().find_class(module, name)
        if f"{module}.".startswith(_OWN) and "." not in name:
            found = getattr(import_module(module), name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no data")
