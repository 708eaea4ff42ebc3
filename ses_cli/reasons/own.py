"""The recipient's own address in a reason: taken out, so that one text with a million addresses is one text."""

import re

OWN = "\0"  # stands where the address stood, and begins a text in which it did
_AS_IT_IS = "\1"  # begins a text that would else be taken for one
_PLAIN = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,190}")
_BEFORE, _AFTER = " <([\"',;:", " >)]\"',;:"
_LONGEST = 1024  # characters: of longer ones only a part is read, and which one depends on the address


def hide(reason: str, email: str) -> str:
    """The reason without the address, where it stands once and by itself; `reveal` puts it back.

    What such a reason means is the same for every address of one provider.
    """
    if email and email in reason:
        parts = reason.split(email)
        if len(parts) == 2 and _is_alone(*parts) and OWN not in reason and _PLAIN.fullmatch(email):
            return f"{OWN}{parts[0]}{OWN}{parts[1]}"
    return _AS_IT_IS + reason if reason.startswith((OWN, _AS_IT_IS)) else reason


def reveal(text: str, email: str) -> str:
    """The reason that was hidden for this address."""
    if text.startswith(OWN):
        return text[1:].replace(OWN, email)
    return text[1:] if text.startswith(_AS_IT_IS) else text


def _is_alone(before: str, after: str) -> bool:
    is_ended = after[:1] in _AFTER or after[:2] in (".", ". ")
    return is_ended and before[-1:] in _BEFORE and len(before) + len(after) <= _LONGEST and "://" not in before
