"""The rules: read from TOML, checked one by one, and sorted into the tiers of evidence."""

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from ses_cli.errors import UsageError
from ses_cli.reasons.linear import why_slow
from ses_cli.reasons.text import shape

CLASSES: dict[str, str] = {
    "unknown-user": "no such mailbox at this domain",
    "invalid-address": "the recipient's address is not well formed",
    "inactive-mailbox": "the mailbox exists no more or is disabled, suspended, expired or moved",
    "mailbox-full": "the mailbox, or the recipient's storage, is full",
    "domain-not-found": "the recipient's domain does not exist or takes no mail",
    "blocked-by-recipient": "the recipient, or their organisation's own list, refuses this sender",
    "spam-content": "the content looks like spam, phishing or a virus, or has a forbidden attachment or link",
    "sender-reputation": "the sending address, domain or IP is on a block list or has a bad reputation",
    "authentication": "the sender's identity failed: SPF, DKIM, DMARC, reverse DNS, greeting, sender domain",
    "policy": "a policy of the receiver refuses the mail, without saying more",
    "rate-limited": "too many mails, connections or recipients in too short a time",
    "greylisted": "refused at first sight: the same mail is taken on a later try",
    "message-too-large": "the mail, or a part of it, is larger than the receiver takes",
    "relay-denied": "the server that was asked does not take mail for this domain, or wants a login",
    "suppressed": "a sending service held the address on a list of its own and did not send",
    "server-error": "the receiving server has trouble, or the two servers did not understand each other",
    "network": "the receiving server could not be reached, found or kept on the line in time",
    "unclassified": "no rule knows this reason",
}
ACTIONS: dict[str, str] = {
    "suppress": "stop mailing the address: it is dead",
    "retry": "temporary: send again later, and judge by how often it happens",
    "fix-sender": "mend DNS, authentication, reputation or pace; the address may be good",
    "fix-content": "change what is sent; the address may be good",
    "review": "a person must look",
}
DEFAULT_ACTIONS: dict[str, str] = {
    "unknown-user": "suppress",
    "invalid-address": "suppress",
    "inactive-mailbox": "suppress",
    "mailbox-full": "retry",
    "domain-not-found": "suppress",
    "blocked-by-recipient": "review",
    "spam-content": "fix-content",
    "sender-reputation": "fix-sender",
    "authentication": "fix-sender",
    "policy": "review",
    "rate-limited": "fix-sender",
    "greylisted": "retry",
    "message-too-large": "fix-content",
    "relay-denied": "fix-sender",
    "suppressed": "review",
    "server-error": "retry",
    "network": "retry",
    "unclassified": "review",
}
TIERS: dict[str, str] = {
    "yours": "a rule of your own file, in the order of the file",
    "receiver": "words or codes that one receiver, filter or mail server is known to send",
    "code": "an enhanced status code with one narrow meaning",
    "text": "words that mean the same wherever they come from",
    "broad-code": "an enhanced status code that servers use for many things",
    "hint": "words that say little",
    "reply": "the reply code",
}


class Rule(NamedTuple):
    """One rule: what it looks for, and what that means."""

    id: str
    tier: str  # a key of TIERS
    cls: str  # a key of CLASSES
    action: str  # a key of ACTIONS
    pattern: str = ""  # of text rules: searched in the shape of the reason
    codes: tuple[str, ...] = ()  # of code rules: "5.1.1", "X.1.1" for class 4 and 5 alike, or reply codes
    receiver: str = ""
    example: str = ""
    source: str = ""


_KEYS = {"id", "class", "action", "pattern", "enhanced", "reply", "weak", "receiver", "example", "source"}
_CODE = re.compile(r"[45X]\.[0-7]\.\d{1,3}(?:-\d{1,3})?")
_REPLY = re.compile(r"[45]\d\d")
_PLACEHOLDERS = "addresses, hosts, numbers and ids are replaced before rules are tried (see docs/reasons.md)"


def load_rules(path: Path | None = None) -> tuple[Rule, ...]:
    """The built-in rules, after those of the user's file if any; raises UsageError for a bad file."""
    builtin = resources.files("ses_cli").joinpath("reasons.toml").read_text("utf-8")
    rules = read_rules(builtin, "reasons.toml")
    if path is None:
        return rules
    try:
        own = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot read the rules: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: cannot read the rules: not UTF-8") from None
    return (*read_rules(own, str(path), own=True), *rules)


def read_rules(text: str, name: str, own: bool = False, check: bool = False) -> tuple[Rule, ...]:
    """The rules of one TOML document named `name`; raises UsageError that names the rule and what is wrong.

    The user's patterns are checked for speed and against their examples; the tests check the built-in ones.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: not TOML: {error}") from None
    tables = document.get("rule")
    if not isinstance(tables, list) or not tables or set(document) != {"rule"}:
        raise UsageError(
            f"{name}: expected nothing but [[rule]] tables", hint='a rule begins with a line "[[rule]]"'
        )
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
    words = {
        key: _text(table, key, where) for key in ("id", "class", "action", "receiver", "example", "source")
    }
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", words["id"]):
        raise UsageError(f'{where}: id: expected words joined by hyphens, got "{words["id"]}"')
    where = f"{where.rsplit(' ', 1)[0]} {words['id']}"
    if unknown := set(table) - _KEYS:
        raise UsageError(
            f"{where}: unknown key {min(unknown)}", hint=f"the keys are {', '.join(sorted(_KEYS))}"
        )
    if words["class"] not in CLASSES:
        raise UsageError(
            f'{where}: class: "{words["class"]}" is none', hint=f"the classes are {', '.join(CLASSES)}"
        )
    action = words["action"] or DEFAULT_ACTIONS[words["class"]]
    if action not in ACTIONS:
        raise UsageError(f'{where}: action: "{action}" is none', hint=f"the actions are {', '.join(ACTIONS)}")
    kinds = [key for key in ("pattern", "enhanced", "reply") if key in table]
    if len(kinds) != 1:
        raise UsageError(
            f"{where}: expected one of pattern, enhanced and reply, got {' and '.join(kinds) or 'none'}"
        )
    weak = table.get("weak", False)
    if not isinstance(weak, bool):
        raise UsageError(f"{where}: weak: expected true or false")
    tier = "yours" if own else _tier(kinds[0], weak, bool(words["receiver"]))
    rule = Rule(
        words["id"],
        tier,
        words["class"],
        action,
        "",
        (),
        words["receiver"],
        words["example"],
        words["source"],
    )
    values = _values(table, kinds[0], where)
    if kinds[0] != "pattern":
        form = _CODE if kinds[0] == "enhanced" else _REPLY
        for value in values:
            if not form.fullmatch(value):
                raise UsageError(f'{where}: {kinds[0]}: "{value}" is no such code')
        return rule._replace(codes=tuple(code for value in values for code in _spread(value)))
    if check:
        _check(values, words["example"], where)
    return rule._replace(pattern="|".join(values))


def _tier(kind: str, weak: bool, receiver: bool) -> str:
    if kind == "reply":
        return "reply"
    if kind == "enhanced":
        return "broad-code" if weak else "code"
    if weak:
        return "hint"
    return "receiver" if receiver else "text"


def _check(values: list[str], example: str, where: str) -> None:
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
        raise UsageError(
            f"{where}: the pattern does not match the example, which becomes: {text}", hint=_PLACEHOLDERS
        )


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
