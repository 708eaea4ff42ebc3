"""The figures of what was played, as tables in Markdown."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.faults.playing import Figures


def tables(done: Mapping[str, Figures]) -> Iterator[str]:
    """The lines of a table for each part of which something was played."""
    of_part: dict[str, dict[str, Figures]] = {}
    for piece, figures in done.items():
        part, _, name = piece.partition(" ")
        of_part.setdefault(part, {})[name] = figures
    if calls := of_part.get("calls"):
        yield from _calls(calls)
    if states := of_part.get("crashes"):
        yield from ("| scenario | crash states | wrong |", "|---|---:|---:|")
        yield from (f"| `{name}` | {figures['states']:,} | {figures['wrong']} |" for name, figures in states.items())
        yield f"| all | {_sum(states, 'states'):,} | {_sum(states, 'wrong')} |\n"
    if worlds := of_part.get("worlds"):
        yield from _worlds(worlds)
    others = {
        f"{part} {name}".strip(): one for part in ("hostile", "fuzz") for name, one in of_part.get(part, {}).items()
    }
    if others:
        yield from ("| other | seconds | wrong |", "|---|---:|---:|")
        yield from (f"| {name} | {figures['seconds']:,} | {figures['wrong']} |" for name, figures in others.items())


def _calls(calls: Mapping[str, Figures]) -> Iterator[str]:
    yield "| scenario | failed | killed at | not met | ambiguous | wrong | failed, by call |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    total = Counter[str]()
    for name, figures in calls.items():
        row = _row(figures)
        total += row
        by_call = [
            f"{call.split()[0]} {count}"
            for call, count in sorted(figures.items())
            if call.endswith(" failed") and count
        ]
        yield f"| `{name}` | {_cells(row)} | {', '.join(by_call)} |"
    yield f"| all | {_cells(total)} | |\n"


def _row(figures: Figures) -> Counter[str]:
    ends = {
        end: sum(count for call, count in figures.items() if call.endswith(f" {end}")) for end in ("failed", "killed")
    }
    return Counter({**ends, **{name: figures.get(name, 0) for name in ("missed", "ambiguous", "wrong")}})


def _cells(row: Counter[str]) -> str:
    return " | ".join(f"{row[name]:,}" for name in ("failed", "killed", "missed", "ambiguous", "wrong"))


def _worlds(worlds: Mapping[str, Figures]) -> Iterator[str]:
    names = {"worlds": "worlds", "begins": "runs", "arrives": "requests that arrived", "stored": "groups stored"}
    names |= {"killed": "kills", "power cut": "power cuts", "fails": "calls that failed", "wrong": "wrong"}
    yield f"| first seed | {' | '.join(names.values())} |"
    yield f"|---:|{'---:|' * len(names)}"
    first = min(int(name.partition("+")[0]) for name in worlds)
    yield f"| {first} | {' | '.join(f'{_sum(worlds, name):,}' for name in names)} |\n"


def _sum(all_figures: Mapping[str, Figures], name: str) -> int:
    return sum(figures.get(name, 0) for figures in all_figures.values())
