"""The guard on `suppress`: it is final for an address, so the text must speak of the recipient and of nothing else.

Every verdict that would suppress an address passes here. Three things turn it into `review`:

- words that blame the sender, the message or the moment (`550 5.1.1 unauthorized sender`): whatever else the text says,
  the address may be alive;
- a verdict from a code alone while the text has words of its own that do not speak of the recipient's existence
  (`5.2.1 Subject is Mandatory.`): servers send 5.1.0, 5.1.1, 5.2.1 and 5.4.1 for many things;
- a text that names addresses, and not the one that bounced: it speaks of the sender, or of a forwarding target.
"""

import re

from ses_cli.reasons.words import (
    BARE_REFUSAL,
    BLAME,
    BLAME_LANGUAGES,
    EXISTENCE,
    GREETING,
    HARMLESS,
    NETWORK,
    NEUTRAL,
    PROTOCOL,
    QMAIL,
    SOMEBODY,
    STANDARD,
)

_CODE_TIERS = ("code", "broad-code", "hint")
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:@]{1,64}@[^\s<>()\[\]\"',;:@]{1,255}")
_CONTACT = re.compile(r"(?:post|host|web|mail)master|abuse|support|help|admin|noc@|unblock|delist|feedback")
_WITHIN = ("_", "+", ".")  # before an address these belong to it
_CODE_ALONE = "a code that is said for many things, and the words say something else"
_STANDARD_ALONE = "mailbox unavailable is said for many things, and the words say something else"
_READ = 4096  # characters of a reason that are searched for addresses


def objection(text: str, action: str, tier: str) -> str:
    """Why the shape of a reason does not bear out an action, "" if it does; `tier` is of the rule that decided."""
    if tier == "yours":
        return ""
    if action == "retry":
        return (
            _CODE_ALONE if tier == "broad-code" and not NETWORK.search(text) and NEUTRAL.compiled.sub("", text) else ""
        )
    if action != "suppress":
        return ""
    plain = HARMLESS.sub(" ", text)
    if blame := BLAME.search(plain) or BLAME_LANGUAGES.search(plain):
        return f'the text also says "{blame[0]}"'
    exists = EXISTENCE.search(plain)
    if not exists and (PROTOCOL.search(plain) or (tier in _CODE_TIERS and NEUTRAL.compiled.sub("", plain))):
        return _CODE_ALONE
    if GREETING.search(plain) and not SOMEBODY.search(plain):
        return _CODE_ALONE
    rest = STANDARD.sub("", plain)
    if rest != plain and not EXISTENCE.search(rest) and NEUTRAL.compiled.sub("", QMAIL.sub("", rest)):
        return _STANDARD_ALONE
    return ""


def says_nothing(text: str) -> bool:
    """Whether the shape of a reason has codes and names of hosts only, or that it was refused, and no cause."""
    return not NEUTRAL.compiled.sub("", BARE_REFUSAL.sub("", text))


def names_another(reason: str, email: str) -> bool:
    """Whether the addresses in a reason are others than the one that bounced; whom to write to does not count."""
    text, own = reason[:_READ].lower(), email.lower().rstrip(".")
    found = [address for address in _ADDRESS.findall(text) if not _CONTACT.match(address)]
    return bool(found) and not _stands(own, text) and not any(_is_same_mailbox(own, address) for address in found)


def _stands(own: str, text: str) -> bool:
    """Whether the address stands in the text, and not as a part of a longer one; `550-ann@example.com` has it."""
    at = text.find(own)
    while at >= 0:
        end = at + len(own)
        before, after = text[at - 1 : at], text[end : end + 2].lstrip(".-")
        if not (_is_letter(before) or before in _WITHIN or _is_letter(after[:1])):
            return True
        at = text.find(own, at + 1)
    return False


def _is_letter(character: str) -> bool:
    """Whether it may belong to an address: one of a script without spaces stands beside it."""
    return character.isalnum() and character < "\u2e80"


def _is_same_mailbox(own: str, address: str) -> bool:
    """Whether a server spelled the address with another host of the same domain."""
    name, _, domain = own.partition("@")
    found, _, host = address.rstrip(".").partition("@")
    return found == name and (host.endswith("." + domain) or domain.endswith("." + host))
