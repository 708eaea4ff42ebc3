"""The native engine, the one in Python and the definition, asked the same about the same lines."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from operator import attrgetter
from random import Random
from typing import NamedTuple

from ses_cli.batch import Batch, Checks, Counts, Engine, Key, Piece, Value
from ses_cli.batch.records import Lane
from ses_cli.callback import Callback
from ses_cli.identity import domain, fingerprint, recipient
from ses_cli.native.engine import NativeEngine
from ses_cli.schema.check import PythonEngine
from ses_cli.selection import Selection
from tests.fuzz.mutations import lines
from tests.schema.spelt import LANES, SPELT, Spelt, firsts

BLOCK = 500  # lines in a piece
BLOCKS = 20  # pieces in a round, for which an engine is kept: it learns
_KEYS = list(Key)
_values = attrgetter(*Callback.__struct_fields__)
Answers = dict[str, object]
Groups = list[tuple[tuple[Value, ...], int]]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where engines disagree."""

    block: int
    engine: str
    questions: list[str]
    data: bytes  # the line if one alone shows it, else the piece


class Asked(NamedTuple):
    """What varies in the questions."""

    lane: Lane
    keys: Sequence[Key]


def play(seed: int, number: int) -> tuple[int, list[Difference]]:
    """A round: how many lines it had, and the differences."""
    random = Random(f"{seed}:{number}")
    checks = _checks(random)
    engines: dict[str, Engine] = {"native": NativeEngine(checks), "python": PythonEngine(checks)}
    n, found = 0, list[Difference]()
    for block in range(BLOCKS):
        data = b"\n".join(lines(random, BLOCK)) + random.choice([b"\n", b"\n", b"", b"\r\n"])
        asked = Asked(random.choice(list(Lane)), random.sample(_KEYS, random.randrange(1, len(_KEYS))))
        wanted = _defined(data, checks, asked)
        n += data.count(b"\n") + (not data.endswith(b"\n"))
        for name, engine in engines.items():
            if questions := _differing(wanted, _asked(engine, data, asked)):
                found.append(Difference(block, name, questions, _shrunk(name, data, checks, asked)))
    return n, found


def differences(data: bytes) -> list[str]:
    """Where engines differ from the definition on some lines."""
    checks, asked = Checks(), Asked(Lane.MESSAGE, _KEYS[:3])
    wanted = _defined(data, checks, asked)
    engines: dict[str, Engine] = {"native": NativeEngine(checks), "python": PythonEngine(checks)}
    return [
        f"{name}: {question}"
        for name, engine in engines.items()
        for question in _differing(wanted, _asked(engine, data, asked))
    ]


def _checks(random: Random) -> Checks:
    strict = random.random() < 0.2
    selection = random.choice(
        [
            Selection(),
            Selection(),
            Selection(events=frozenset({"bounce", "open"})),
            Selection(domains=frozenset({"qq.com", "xn--fsqu00a.cn", "mail-3.cn"})),
            Selection(templates=frozenset({"123456"}), since=1654060000, until=1654900000),
        ]
    )
    return Checks(random.choice([1 << 20, 1 << 20, 700]), strict, not strict and random.random() < 0.5, selection)


def _differing(wanted: Answers, got: Answers) -> list[str]:
    return [question for question, answer in wanted.items() if got.get(question) != answer]


def _shrunk(name: str, data: bytes, checks: Checks, asked: Asked) -> bytes:
    """The line that shows a difference by itself, if there is one."""
    for line in data.split(b"\n"):
        for text in (line + b"\n", line):
            engine = NativeEngine(checks) if name == "native" else PythonEngine(checks)
            if text and _differing(_defined(text, checks, asked), _asked(engine, text, asked)):
                return text
    return data


def _asked(engine: Engine, data: bytes, asked: Asked) -> Answers:
    try:
        batch = engine.check(Piece("log", 0, data))
        return _answers(batch, engine, asked)
    except Exception as error:
        return {"error": repr(error)}


def _answers(batch: Batch, engine: Engine, asked: Asked) -> Answers:
    rows = batch.rows(asked.lane)
    answers: Answers = {
        "lines": (batch.lines, batch.blank, batch.filtered, batch.count),
        "problems": batch.problems,
        "warnings": batch.warnings,
        "invalid": [(list(bad.problems), bad.raw) for bad in batch.invalid],
        "explained": list(batch.explained),
        "period": batch.period(),
        "counts": dict(batch.counts(_KEYS)),
        "groups": _groups(batch, asked.keys),
        "fields": list(batch.fields().items()),
        "callbacks": list(map(_values, batch.callbacks())),
        "located": [(at.line - 1, at.offset, at.raw) for at in batch.located()],
        "rows": [(row.line - 1, row.offset, row.length, row.timestamp, row.event, row.domain, row.id) for row in rows],
        "lanes": firsts(row.lane for row in rows),
        "deliveries": batch.deliveries(),
        "fingerprints": batch.fingerprints(),
    }
    batch.deduplicate(engine.seen(is_local=True))
    answers["duplicates"] = batch.duplicates, [row.line - 1 for row in batch.rows(Lane.NONE)]
    return answers


def _groups(batch: Batch, keys: Sequence[Key]) -> Groups:
    """The groups that the engine collects, in their order, of the batch twice."""
    collected, later = batch.collect(keys, None), batch.collect(keys, None)
    counts = batch.counts(keys)
    if collected is None or later is None:
        return _ordered(counts, keys)
    collected.merge(later)
    if {group: 2 * n for group, n in counts.items()} != collected.counts():
        raise ValueError("the counts are not twice those of the batch")
    numbers = collected.largest()
    columns = collected.columns(numbers).values()
    totals = [sum(ns) // 2 for ns in zip(*columns, strict=True)]
    values = collected.values(numbers)
    groups = list(zip(*values, strict=True)) if values else [()] * len(totals)
    return list(zip(groups, totals, strict=True))


def _ordered(counts: Counts, keys: Sequence[Key]) -> Groups:
    """Groups by all keys but event and bounce type, the largest first."""
    totals = Counter[tuple[Value, ...]]()
    for group, n in counts.items():
        totals[tuple(v for v, key in zip(group, keys, strict=True) if key not in (Key.EVENT, Key.BOUNCE_TYPE))] += n
    return sorted(totals.items(), key=lambda item: (-item[1], list(map(str, item[0]))))


def _defined(data: bytes, checks: Checks, asked: Asked) -> Answers:
    spelt = Spelt(data, checks)
    made = [each for each, *_ in spelt.records]
    times = [each.timestamp for each in made]
    prints = list(map(fingerprint, made))
    arrived = [each for each in spelt.valid if each.event == "delivered"]
    new = [at for at, first in enumerate(firsts(prints)) if at == first]
    return {
        "lines": (spelt.lines, spelt.blank, spelt.filtered, len(made)),
        "problems": spelt.problems,
        "warnings": spelt.warnings,
        "invalid": spelt.invalid,
        "explained": spelt.explained,
        "period": (min(times), max(times)) if times else None,
        "counts": dict(Counter(tuple(SPELT[key](each) for key in _KEYS) for each in made)),
        "groups": _ordered(Counter(tuple(SPELT[key](each) for key in asked.keys) for each in made), asked.keys),
        "fields": list(spelt.fields.items()),
        "callbacks": list(map(_values, made)),
        "located": [(row, offset, raw) for _, row, offset, raw in spelt.records],
        "rows": [
            (row, offset, len(raw), each.timestamp, each.event, domain(each.email), sha256(raw).digest()[:16])
            for each, row, offset, raw in spelt.records
        ],
        "lanes": firsts(LANES[asked.lane](each) for each in made),
        "deliveries": (
            b"".join(blake2b(recipient(each.email).encode(), digest_size=8).digest() for each in arrived),
            array("Q", [each.timestamp for each in arrived]).tobytes(),
        ),
        "fingerprints": b"".join(prints),
        "duplicates": (len(made) - len(new), [spelt.records[at][1] for at in new]),
    }
