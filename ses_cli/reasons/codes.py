"""Finding the reply code and the enhanced status codes in the shape of a reason."""

import re
from typing import NamedTuple


class Code(NamedTuple):
    """One code and where it stands."""

    kind: str  # "reply" or "enhanced"
    code: str
    offset: int  # characters from the start of the shape


# A version is no code: `Exim 4.9.2`. Addresses, hosts and URLs are no longer in the shape.
_VERSION = re.compile(
    r"(?:postfix|exim|sendmail|qmail|version|ver\.?|release|build|php|openssl|exchange|mdaemon|spamassassin|rspamd|clamav"
    r"|zimbra|haraka|opensmtpd|powermta|server|kerio|mailenable|icewarp|python|perl|java|go|linux|windows|rfc|section|protocol"
    r"|§)[ /_v-]{0,2}$|(?<![a-z])v$"
)
_ENHANCED = re.compile(r"(?<![a-z0-9.])[245]\.[0-7]\.(?:0|[1-9]\d{0,2})(?!\d|\.\w)")
# Where a reply code stands: at the start, after a mark or word that announces it, beside an enhanced code.
_REPLY = re.compile(
    r"(?:^[^a-z0-9]{0,8}|[:;,(\[<>'\"|=*\#/]\s?|(?:said|says|smtp|esmtp|error|errors?|code|status|reply|replied|response"
    r"|responded|returned|reason|with|dsn|failed|bounced?|rcpt|data|to|got|dot)[ :-]{1,2}"
    r"|[245]\.\d\.\d{1,3}[ -]{1,3}|- ?)"
    r"([45][0-5]\d|4[67]\d|5[79]\d)(?=[^0-9a-z%.,]|$|[a-z]{2}:|\.(?!\d)|,|[a-z])"
    r"|(?<![a-z0-9.#])([45][0-79]\d)(?=[ -]{1,3}\#?[245]\.\d\.\d)"
)


def find(text: str) -> tuple[Code, ...]:
    """Every code of a shape: reply codes and enhanced codes, each kind in the order of the text."""
    replies = [
        Code("reply", match[1] or match[2], match.start(1) if match[1] else match.start(2))
        for match in _REPLY.finditer(text)
    ]
    enhanced = [
        Code("enhanced", match[0], match.start())
        for match in _ENHANCED.finditer(text)
        if not _VERSION.search(text, max(0, match.start() - 20), match.start())
    ]
    return (*replies, *enhanced)


def is_temporary(reply: str, enhanced: str) -> bool:
    """Class 4 says that a later try may succeed; the enhanced code speaks first."""
    return (enhanced or reply).startswith("4")
