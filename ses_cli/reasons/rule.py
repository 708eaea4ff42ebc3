"""What a rule is."""

from typing import NamedTuple


class Rule(NamedTuple):
    """One rule: what it looks for, and what that means."""

    id: str
    tier: str  # a key of TIERS
    cls: str  # a key of CLASSES
    action: str  # a key of ACTIONS
    pattern: str = ""  # of text rules: searched in the shape of the reason
    codes: tuple[str, ...] = ()  # of code rules: "5.1.1", "X.1.1" for class 4 and 5 alike, or reply codes
    receiver: str = ""
    bound: bool = False  # its words are common ones: it holds for the receiver's own mailboxes only
    example: str = ""
    source: str = ""
