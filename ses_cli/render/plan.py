"""What a replay would send, for eyes."""

from collections.abc import Mapping, Sequence

from ses_cli.render.text import safe
from ses_cli.table import Column, Kind, Table, Value

_DOMAINS = 20  # listed by name
_BODY = 2000  # characters of a body that are shown


def tables(plan: Mapping[str, object]) -> list[Table]:
    """The facts of a plan, and its callbacks by event type and recipient domain."""
    return [_facts(plan), *_counts("event", plan["events"]), *_counts("domain", plan["domains"])]


def request(head: Sequence[str], body: bytes) -> str:
    """A request, line by line."""
    text = body.decode(errors="replace")
    more = f"\n... {len(text) - _BODY:,} more characters" if len(text) > _BODY else ""
    return "\n".join(
        ["the first request", "", *(f"  {safe(line)}" for line in head), "", f"  {safe(text[:_BODY])}{more}", ""]
    )


def _facts(plan: Mapping[str, object]) -> Table:
    send, skipped, unknown, resent = (int(str(plan[name])) for name in ("send", "skipped", "unknown", "resent"))
    failed = int(str(plan["failed_before"]))
    rows: list[tuple[str, str]] = [("to", str(plan["to"])), ("journal", str(plan["journal"] or "none"))]
    rows.append(("callbacks", f"{send:,} ({int(str(plan['bytes'])):,} bytes)"))
    rows += [("", f"{failed:,} of them failed in a run before")] if failed else []
    rows += [("", f"{resent:,} of them were in flight when a run before ended (unknown)")] if resent else []
    rows += [("left out", f"{skipped:,} delivered by a run before")] if skipped else []
    rows += [("left out", f"{unknown:,} in flight when a run before ended (unknown)")] if unknown else []
    rows += [("first event", str(plan["first"])), ("last event", str(plan["last"]))] if plan["first"] else []
    rows += [("at this pace", f"{plan['seconds']} s")] if plan["seconds"] else []
    return Table("", (Column("what would be sent", Kind.KEY), Column("")), rows)


def _counts(name: str, counted: object) -> list[Table]:
    counts = {str(key): int(n) for key, n in counted.items()} if isinstance(counted, dict) else {}
    total = sum(counts.values())
    if not total:
        return []
    columns = (Column(name, Kind.KEY), Column("count", Kind.COUNT), Column("share", Kind.SHARE))
    rows: list[Sequence[Value]] = [(key, n, n / total) for key, n in counts.items()]
    left = sum(int(str(row[1])) for row in rows[_DOMAINS:])
    rest = (f"{len(rows) - _DOMAINS:,} more", left, left / total) if left else None
    return [Table(f"by {name}", columns, rows[:_DOMAINS], rest=rest, total=("total", total, 1.0))]
