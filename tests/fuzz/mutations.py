"""Lines of a log, changed at random where readers of JSON differ, and always the same ones for a seed."""

# ruff: noqa: SIM905 - words are read more easily

import json
from collections.abc import Callable
from random import Random

from tests.logs import Record, record

Mutation = Callable[[Random, bytes], bytes]

_KEYS = "event email bulkId timestamp reason bounceType templateId eventid sentTimestamp bulkid from fromDomain".split()
_KEYS += ["taskId", "link", "X-Tencentcloudses-Cb-A", "x-tencentcloudses-cb-b", "é", ""]
_EMAILS = ["a@qq.com", "A.B@QQ.com.", "a@例子.CN", "ä@ö.рф", '"a@b"@c.d', "", "a@b@c", "a b@c", "x" * 70 + "@a.cn"]
_TIMES = [1654064683, 1654064684, 1654100000, 0, -1, 253402300799, 253402300800, 1654064683000]
_TEXTS = ["", "x", "550 5.1.1 <a@qq.com> unknown", 'say "no"', "C:\\mail\\", "\u2028", "\x00", "\U0001f600", "é" * 40]
_NUMBERS = "0 -0 -1 01 -01 1. .5 1.0 1e3 1E+3 1e 1e400 -1e-400 0e0 +1 0x1 253402300799 1654064683".split()
_NUMBERS += "9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809".split()
_NUMBERS += "18446744073709551615 18446744073709551616 123456789012345678 1234567890123456789".split()
_NUMBERS += ["9" * 400, "1" + "0" * 308, "1" * 4000, "0." + "1" * 500]
_ESCAPES = (
    r'"\ud800" "\udc00" "\ud83d\ude00" "\ud800\u0041" "\ude00\ud83d" "\u00e9" "\u0000" "\x" "\u12" "\u12g4"'.split()
)
_ESCAPES += r'"\ "\" "\\" "\/\b\f\n\r\t" "\uD83D\uDE00" "\U0001"'.split()
_OTHERS = 'null true false nul True NaN -Infinity [] {} {"a":1,"a":2} [1,] {,} [[[]]]'.split()
_OTHERS += ["[" * n + "]" * n for n in (90, 101, 199, 200, 201)] + ['{"a":' * 150 + "1" + "}" * 150, "[" * 1025]
_VALUES = [_NUMBERS, _ESCAPES, _OTHERS]
_BROKEN = [bytes.fromhex(each) for each in "ff 80 c0af c1bf e080af eda080 edbfbf f4908080 f888808080".split()]
_BROKEN += [bytes.fromhex(each) for each in "e282 f09f98 c3 efbb f08080af".split()]
_ODD = [each.encode() for each in "\0 \ufeff \u2028 \u2029 \x85 \xa0 \x0b \x0c \x1f \x7f".split(" ")]
_ODD += [each.encode() for each in "\" \\ { } [ ] , : - 0 e u @ / ''".split()] + [b" ", b"\t", b"\r", b"\n", b"\r\n"]
_BETWEEN = b'{}[],:"'
_SPACES = [b" ", b"  ", b"\t", b"\r", b" \t\r ", b"\x0b", b"\xc2\xa0", b" " * 70]


def lines(random: Random, n: int) -> list[bytes]:
    """Lines without their ends; some hold a newline that was put in. A quarter is as it was written."""
    found: list[bytes] = []
    for _ in range(n):
        line = _written(random)
        while random.random() < 0.6:
            line = random.choice(_MUTATIONS)(random, line)
        found.append(line)
    return found


def _written(random: Random) -> bytes:
    """A record as some program would write it."""
    value: Record = record(
        event=random.choice(["delivered", "bounce", "bounce", "open", "click", "processed", "spamreport"]),
        email=random.choice([*_EMAILS, *[f"u{random.randrange(50)}@mail-{random.randrange(9)}.cn"] * 12]),
        timestamp=random.choice(_TIMES) if random.random() < 0.2 else 1654000000 + random.randrange(10**6),
        bulkId=f"q-{random.randrange(9)}",
        bounceType=random.choice(["hard_bounce", "soft_bounce", "hard", "soft", ""]),
    )
    if value["event"] != "bounce" and random.random() < 0.8:
        del value["bounceType"]
    for _ in range(random.choice([0, 0, 1, 2, 20])):
        value[random.choice(_KEYS) if random.random() < 0.3 else f"k{random.randrange(99)}"] = random.choice(_TEXTS)
    if random.random() < 0.2:
        value = dict(random.sample(list(value.items()), len(value)))
    if random.random() < 0.2:
        value = {"bulkid" if name == "bulkId" else name: item for name, item in value.items()}
    separators = random.choice([(",", ":"), (",", ":"), (", ", ": "), (" , ", " : ")])
    return json.dumps(value, ensure_ascii=random.random() < 0.2, separators=separators).encode()


def _place(random: Random, line: bytes) -> int:
    """Any place, or one where JSON has a mark."""
    if random.random() < 0.5:
        marks = [at for at, byte in enumerate(line) if byte in _BETWEEN]
        if marks:
            return random.choice(marks) + random.randrange(2)
    return random.randrange(len(line) + 1)


def _put(random: Random, line: bytes, what: bytes) -> bytes:
    at = _place(random, line)
    return line[:at] + what + line[at + random.choice([0, 0, 0, 1, len(what)]) :]


def _put_odd(random: Random, line: bytes) -> bytes:
    return _put(random, line, random.choice(_ODD))


def _put_broken(random: Random, line: bytes) -> bytes:
    return _put(random, line, random.choice(_BROKEN))


def _put_space(random: Random, line: bytes) -> bytes:
    return _put(random, line, random.choice(_SPACES))


def _put_value(random: Random, line: bytes) -> bytes:
    return _put(random, line, random.choice(random.choice(_VALUES)).encode())


def _change_byte(random: Random, line: bytes) -> bytes:
    at = random.randrange(len(line) + 1)
    return line[:at] + bytes([random.randrange(256)]) + line[at + 1 :]


def _cut(random: Random, line: bytes) -> bytes:
    at = _place(random, line)
    return line[:at] if random.random() < 0.8 else line[at:]


def _cut_out(random: Random, line: bytes) -> bytes:
    at, to = sorted((_place(random, line), _place(random, line)))
    return line[:at] + line[to:]


def _double(random: Random, line: bytes) -> bytes:
    """Two objects on a line, or two halves."""
    other = _written(random)
    return line[: _place(random, line)] + other[_place(random, other) :] if random.random() < 0.5 else line + other


def _member(random: Random) -> bytes:
    key = json.dumps(random.choice(_KEYS), ensure_ascii=random.random() < 0.3)
    if random.random() < 0.2 and len(key) > 3:
        at = random.randrange(1, len(key) - 1)
        key = f"{key[:at]}\\u{ord(key[at]):04x}{key[at + 1 :]}"
    choices: list[str | int] = random.choice([[*_EMAILS], [*_TIMES], [*_TEXTS]])
    value = json.dumps(random.choice(choices)) if random.random() < 0.5 else random.choice(random.choice(_VALUES))
    return f"{key}:{value}".encode()


def _put_member(random: Random, line: bytes) -> bytes:
    """One more member, first or last: its key often comes twice."""
    if random.random() < 0.5:
        return line.replace(b"{", b"{" + _member(random) + b",", 1)
    head, brace, tail = line.rpartition(b"}")
    return head + b"," + _member(random) + brace + tail


def _put_other_value(random: Random, line: bytes) -> bytes:
    """Another value after a colon."""
    at = line.find(b":", random.randrange(len(line) + 1))
    end = min((place for place in (line.find(b",", at), line.find(b"}", at)) if place > 0), default=len(line))
    return line if at < 0 else line[: at + 1] + random.choice(random.choice(_VALUES)).encode() + line[end:]


def _escape(random: Random, line: bytes) -> bytes:
    """Some characters, or all within quotes, as escapes."""
    parts = line.decode("utf-8", "replace").split('"')
    for at in range(1, len(parts), 2):
        if random.random() < 0.3:
            parts[at] = "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 and c != "\\" else c for c in parts[at])
    return '"'.join(parts).encode("utf-8", "replace")


_MUTATIONS: list[Mutation] = [
    _put_odd,
    _put_odd,
    _put_broken,
    _put_space,
    _put_space,
    _put_value,
    _change_byte,
    _cut,
    _cut_out,
    _double,
    _put_member,
    _put_member,
    _put_other_value,
    _put_other_value,
    _escape,
]
