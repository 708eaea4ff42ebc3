"""How the events of `listen` read: as lines for people, or as JSON lines for programs."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from ses_cli.capture.server_events import (
    Listening,
    Note,
    ReceiverFailure,
    ReceiverTotals,
    Refused,
    Rejected,
    ServerEvent,
    Shipping,
    Stored,
)
from ses_cli.cli.listen.forward_status import ForwardStatus
from ses_cli.render.live import passing
from ses_cli.render.text import safe_lines


@dataclass(slots=True)
class Alongside:
    """How what goes on beside receiving stands; None where that was not asked for."""

    forward: ForwardStatus | None = None
    shipping: Shipping | None = None

    def see(self, event: ForwardStatus | Shipping) -> None:
        """Takes in how one of them stands now."""
        if isinstance(event, Shipping):
            self.shipping = event
        else:
            self.forward = event

    @property
    def texts(self) -> tuple[str, ...]:
        """A line for each."""
        return tuple(str(each) for each in (self.forward, self.shipping) if each is not None)

    def changed(self, told: tuple[str, ...]) -> "Alongside":
        """Without what these lines tell already."""
        return Alongside(
            None if str(self.forward) in told else self.forward, None if str(self.shipping) in told else self.shipping
        )


class LineWriter(Protocol):
    """Makes lines, without their ends."""

    def event(self, event: ServerEvent, columns: int) -> list[str]:
        """One event; `columns` is the width of a terminal, 0 elsewhere."""
        ...

    def since(self, new: ReceiverTotals | None, stored: int, standing: Alongside) -> list[str]:
        """What came since the last such line, of `stored` in all, None where nothing did; and what has changed."""
        ...

    def stopped(self, totals: ReceiverTotals, standing: Alongside) -> list[str]:
        """What all of the run did."""
        ...


class TextLines:
    """Lines for people. `greet` says what stands above all others."""

    def __init__(self, greet: Callable[[Listening], list[str]]) -> None:
        self._greet = greet

    def event(self, event: ServerEvent, columns: int) -> list[str]:
        match event:
            case Stored(at, record):
                parts = [record.email, record.bounce_type or "", record.reason or ""]
                return [passing(at, record.event, parts, columns)]
            case Rejected(at, problems):
                problem = problems[0]
                return [passing(at, "rejected", [problem.path, f"{problem.message} [{problem.code}]"], columns)]
            case Refused(at, status, why, client):
                return [passing(at, "refused", [client, f"{status} {why}"], columns)]
            case ReceiverFailure(message):
                return [safe_lines(f"error: {message}")]
            case Note(message):
                return [safe_lines(f"note: {message}")]
            case Listening():
                return list(map(safe_lines, self._greet(event)))
            case _:
                return []

    def since(self, new: ReceiverTotals | None, stored: int, standing: Alongside) -> list[str]:
        lines = [f"{account(new)}; {stored:,} in all"] if new else []
        return [*lines, *map(safe_lines, standing.texts)]

    def stopped(self, totals: ReceiverTotals, standing: Alongside) -> list[str]:
        lines, forward, shipping = [f"stopped: {account(totals)}"], standing.forward, standing.shipping
        if shipping is not None:
            lines.append(safe_lines(f"{shipping}{' until listen runs again' if shipping.waiting else ''}"))
        if forward is not None:
            waiting = f", {forward.waiting} until listen runs again" if forward.now.waiting else ""
            lines.append(f"forwarding: {forward.totals}{waiting}")
        return lines


class JsonLines:
    """A JSON object a line: `time` (UTC), `level`, `event`, and what belongs to it. No addresses stand in it."""

    def event(self, event: ServerEvent, columns: int) -> list[str]:
        match event:
            case ReceiverFailure(message):
                return [_json("failure", {"message": message}, "error")]
            case Note(message):
                return [_json("note", {"message": message})]
            case Listening():
                return [_json("listening", event._asdict())]
            case _:
                return []

    def since(self, new: ReceiverTotals | None, stored: int, standing: Alongside) -> list[str]:
        lines = [_json("received", {**_counts(new), "stored_in_all": stored})] if new else []
        return lines + [_json(name, values) for name, values in _standing(standing).items()]

    def stopped(self, totals: ReceiverTotals, standing: Alongside) -> list[str]:
        return [_json("stopped", {**_counts(totals), **_standing(standing)})]


def _json(event: str, values: Mapping[str, object], level: str = "info") -> str:
    at = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": at, "level": level, "event": event, **values})  # ASCII only: nothing to escape besides


def _counts(totals: ReceiverTotals) -> dict[str, object]:
    refused = {str(status): count for status, count in sorted(totals.refused.items())}
    return {"stored": totals.stored, "events": dict(totals.events), "rejected": totals.rejected, "refused": refused}


def _standing(standing: Alongside) -> dict[str, Mapping[str, object]]:
    found: dict[str, Mapping[str, object]] = {}
    if standing.forward is not None:
        found["forwarding"] = _forwarding(standing.forward)
    if standing.shipping is not None:
        found["shipping"] = standing.shipping._asdict()
    return found


def _forwarding(status: ForwardStatus) -> dict[str, object]:
    now = status.now
    return {
        "forwarded": status.forwarded,
        "refused": status.refused,
        "waiting": now.waiting,
        "down_since": None if status.since is None else int(status.since),
        "cause": now.cause if status.is_down else None,
    }


def account(totals: ReceiverTotals) -> str:
    """Totals in a line."""
    events = ", ".join(f"{n:,} {event}" for event, n in totals.events.most_common())
    statuses = ", ".join(f"{n:,} with {status}" for status, n in sorted(totals.refused.items()))
    parts = [f"{totals.stored:,} stored" + (f" ({events})" if events else "")]
    parts += [f"{totals.rejected:,} invalid, in the rejects file"] if totals.rejected else []
    parts += [f"refused: {statuses}"] if statuses else []
    if totals.evicted:
        parts.append(f"{totals.evicted:,} connection{'s' if totals.evicted > 1 else ''} closed to make room")
    return "; ".join(parts)
