"""Values as JSON holds them, the same for the same value in any process: to tell whether options are the same."""

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import tzinfo
from enum import Enum
from functools import partial
from hashlib import sha256
from inspect import signature
from pathlib import Path

from ses_cli.times import zone_name


def digest(*values: object) -> str:
    """A hash of values. Raises TypeError where one of them cannot be told from others."""
    return sha256(json.dumps(plain(values), sort_keys=True).encode()).hexdigest()[:12]


def plain(value: object) -> object:
    """A value. Of data classes, and what makes one, the fields that are compared: not what is only shown, as `top`.

    Another class names them as `COMPARED`.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Enum():
            return [type(value).__name__, value.name]
        case partial(func=type() as made) if _is_data(made):
            given = signature(made).bind_partial(*value.args, **value.keywords).arguments
            return [made.__qualname__, {one: plain(given[one]) for one in _compared(made) if one in given}]
        case partial():
            return [plain(value.func), *map(plain, value.args), plain(value.keywords)]
        case tzinfo():
            return ["zone", zone_name(value)]
        case Path():
            return ["path", str(value)]
        case AbstractSet():
            return sorted(map(plain, value), key=json.dumps)
        case dict():
            return {str(key): plain(one) for key, one in value.items()}
        case tuple() | list():
            return [plain(one) for one in value]
        case _ if _is_data(type(value)):
            return [type(value).__qualname__, {one: plain(getattr(value, one)) for one in _compared(type(value))}]
        case _ if callable(value) and hasattr(value, "__qualname__"):
            return f"{value.__module__}.{value.__qualname__}"
        case _:
            raise TypeError(f"{type(value).__name__} has no plain form")


def _is_data(of: object) -> bool:
    return isinstance(of, type) and (is_dataclass(of) or hasattr(of, "COMPARED"))


def _compared(of: type) -> Sequence[str]:
    names: Sequence[str] | None = getattr(of, "COMPARED", None)
    return names or [one.name for one in fields(of) if one.compare]
