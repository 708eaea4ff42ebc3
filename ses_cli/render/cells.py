"""A value as a person reads it: one short text, safe to print whatever the log held."""

from datetime import tzinfo

from ses_cli.render.text import safe
from ses_cli.table import Kind, Value
from ses_cli.times import duration, shown

_BAR = 20  # columns
_EIGHTHS = " ▏▎▍▌▋▊▉"


def cell(value: Value, kind: Kind, tz: tzinfo | None = None) -> str:
    """A table cell. What is not there is a dash."""
    if value is None:
        return "" if kind is Kind.BAR else "–"
    match kind, value:
        case Kind.SHARE, int() | float():
            return share(value)
        case Kind.BAR, int() | float():
            return bar(value)
        case Kind.TIME, int():
            return shown(value, tz)
        case Kind.DURATION, int():
            return duration(value)
        case Kind.FLAG, _:
            return "yes" if value else "no"
        case _, bool():
            return "yes" if value else "no"
        case _, int():
            return f"{value:,}" if kind is Kind.COUNT else str(value)
        case _, list():
            return safe(", ".join(map(str, value)))
        case _:
            return safe(str(value))


def share(value: float) -> str:
    """A share in percent that never rounds something to nothing, nor almost everything to everything."""
    if 0 < value < 0.001:
        return "<0.1%"
    return ">99.9%" if 0.999 < value < 1 else f"{value:.1%}"


def bar(value: float) -> str:
    """A bar as long as the value is large; anything above zero shows."""
    eighths = max(round(value * _BAR * 8), 1 if value else 0)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
