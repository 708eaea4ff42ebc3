"""The rules: read from TOML, checked one by one, and sorted into the tiers of evidence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ses_cli.errors import UsageError, reason
from ses_cli.reasons.classes import ACTIONS, CLASSES, DEFAULT_ACTIONS
from ses_cli.reasons.ready import TOML, ready_rules
from ses_cli.reasons.rule import Rule
from ses_cli.reasons.text import shape

if TYPE_CHECKING:
    from pathlib import Path


_KEYS = {"id", "class", "action", "pattern", "enhanced", "reply", "weak", "receiver", "bound", "example", "source"}
_CODE = re.compile(r"[45X]\.[0-7]\.\d{1,3}(?:-\d{1,3})?")
_REPLY = re.compile(r"[45]\d\d")
_PLACEHOLDERS = "addresses, hosts, numbers and ids are replaced before rules are tried (see docs/reasons.md)"


def load_rules(path: Path | None = None) -> tuple[Rule, ...]:
    """The built-in rules, after those of the user's file if any; raises UsageError for a bad file."""
    rules = ready_rules() or read_builtin()
    if path is None:
        return rules
    try:
        own = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot read the rules: {reason(error)}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: cannot read the rules: not UTF-8") from None
    return (*read_rules(own, str(path), own=True), *rules)


def read_builtin() -> tuple[Rule, ...]:
    """The built-in rules as they are written."""
    with open(TOML, encoding="utf-8") as toml:
        return read_rules(toml.read(), "reasons.toml")


def read_rules(text: str, name: str, own: bool = False, check: bool = False) -> tuple[Rule, ...]:
    """The rules of one TOML document named `name`; raises UsageError that names the rule and what is wrong.

    The user's patterns are checked for speed and against their examples; the tests check the built-in ones.
    """
    import tomllib  # start-up

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: not TOML: {error}") from None
    tables = document.get("rule")
    if not isinstance(tables, list) or not tables or set(document) != {"rule"}:
        raise UsageError(f"{name}: expected nothing but [[rule]] tables", hint='a rule begins with a line "[[rule]]"')
    rules: list[Rule] = []
    seen: set[str] = set()
    for number, table in enumerate(tables, 1):
        where = f"{name}: rule {number}"
        if not isinstance(table, dict):
            raise UsageError(f"{where}: expected a table")
        rule = _rule(table, where, own, check or own)
        if rule.id in seen:
            raise UsageError(f"{name}: rule {rule.id}: the id is used twice")
        seen.add(rule.id)
        rules.append(rule)
    return tuple(rules)


def _rule(table: dict[str, object], where: str, own: bool, check: bool) -> Rule:
    words = {key: _text(table, key, where) for key in ("id", "class", "action", "receiver", "example", "source")}
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", words["id"]):
        raise UsageError(f'{where}: id: expected words joined by hyphens, got "{words["id"]}"')
    where = f"{where.rsplit(' ', 1)[0]} {words['id']}"
    if unknown := set(table) - _KEYS:
        raise UsageError(f"{where}: unknown key {min(unknown)}", hint=f"the keys are {', '.join(sorted(_KEYS))}")
    cls = _known(words["class"], CLASSES, "class", where)
    action = _known(words["action"] or DEFAULT_ACTIONS[cls], ACTIONS, "action", where)
    kinds = [key for key in ("pattern", "enhanced", "reply") if key in table]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        raise UsageError(f"{where}: expected one of pattern, enhanced and reply, got {found}")
    weak, bound = table.get("weak", False), table.get("bound", False)
    if not isinstance(weak, bool) or not isinstance(bound, bool):
        raise UsageError(f"{where}: {'bound' if isinstance(weak, bool) else 'weak'}: expected true or false")
    values = _values(table, kinds[0], where)
    if kinds[0] == "pattern" and check:
        _check(values, words["example"], where)
    return Rule(
        id=words["id"],
        tier="yours" if own else _tier(kinds[0], weak, bool(words["receiver"])),
        cls=cls,
        action=action,
        pattern="|".join(values) if kinds[0] == "pattern" else "",
        codes=() if kinds[0] == "pattern" else _codes(values, kinds[0], where),
        receiver=words["receiver"],
        bound=bound,
        example=words["example"],
        source=words["source"],
    )


def _known(word: str, known: dict[str, str], key: str, where: str) -> str:
    if word not in known:
        raise UsageError(f'{where}: {key}: unknown: "{word}"', hint=f"known: {', '.join(known)}")
    return word


def _codes(values: list[str], kind: str, where: str) -> tuple[str, ...]:
    form = _CODE if kind == "enhanced" else _REPLY
    for value in values:
        if not form.fullmatch(value):
            raise UsageError(f'{where}: {kind}: "{value}" is not a status code')
    return tuple(code for value in values for code in _spread(value))


def _tier(kind: str, weak: bool, receiver: bool) -> str:
    if kind == "reply":
        return "reply"
    if kind == "enhanced":
        return "broad-code" if weak else "code"
    if weak:
        return "hint"
    return "receiver" if receiver else "text"


def _check(values: list[str], example: str, where: str) -> None:
    from ses_cli.reasons.linear import why_slow  # start-up

    for value in values:
        try:
            pattern = re.compile(value)
        except re.error as error:
            raise UsageError(f"{where}: pattern: {error}: {value}") from None
        if why := why_slow(value):
            raise UsageError(f"{where}: pattern: {why}: {value}", hint="bound every gap, as in .{0,40}")
        if pattern.search(""):
            raise UsageError(f"{where}: pattern: matches the empty text: {value}")
    text = shape(example)
    if example and not any(re.search(value, text, re.IGNORECASE) for value in values):
        raise UsageError(f"{where}: the pattern does not match the example, which becomes: {text}", hint=_PLACEHOLDERS)


def _spread(code: str) -> list[str]:
    """`X.7.606-608` is 4.7.606 to 4.7.608 and 5.7.606 to 5.7.608; a reply code is itself."""
    if "." not in code:
        return [code]
    first, subject, detail = code.split(".")
    low, _, high = detail.partition("-")
    classes = "45" if first == "X" else first
    return [f"{c}.{subject}.{d}" for c in classes for d in range(int(low), int(high or low) + 1)]


def _text(table: dict[str, object], key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str) or (not value and key in {"id", "class"}):
        raise UsageError(f"{where}: {key}: expected a string")
    return value


def _values(table: dict[str, object], key: str, where: str) -> list[str]:
    value = table[key]
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, str) and item for item in values):
        raise UsageError(f"{where}: {key}: expected a string or a list of strings")
    return [item for item in values if isinstance(item, str)]
