"""Which hosts a text names: a known operator, somebody's block list, or just a host."""

import re

_NAMES = """
163.com 126.com qq.com aliyun.com sina.com sina.com.cn sohu.com 139.com 189.cn 21cn.com coremail.cn
google.com gmail.com outlook.com hotmail.com live.com microsoft.com office.com office365.com
yahoo.com yahoo.net yahooinc.com yahoodns.net aol.com apple.com icloud.com me.com mail.ru yandex.ru yandex.com
zoho.com gmx.net gmx.com web.de 1and1.com ionos.com t-online.de orange.fr free.fr laposte.net sfr.fr
libero.it comcast.net att.net att-mail.com cox.net charter.net spectrum.net verizon.net secureserver.net
naver.com daum.net docomo.ne.jp uol.com.br terra.com.br locaweb.com.br rediffmail.com
fastmail.com messagingengine.com protonmail.com protonmail.ch pphosted.com proofpoint.com mimecast.com
mimecast.org messagelabs.com symanteccloud.com trendmicro.com sophos.com barracuda.com
spamhaus.org spamcop.net sorbs.net barracudacentral.org cloudmark.com abuseat.org uceprotect.net
invaluement.com abusix.com abusix.zone 0spam.org spfbl.net surbl.org uribl.com mailspike.net spamrats.com
senderscore.org senderscore.com senderbase.org talosintelligence.com psbl.org s5h.net manitu.net
openspf.org openspf.net spamrl.com junkemailfilter.com hostkarma.com njabl.org dsbl.org ordb.org rbl.jp
mail-abuse.com cobion.com
"""
OPERATORS = frozenset(_NAMES.split())
"""Operators whose name in a text is evidence."""

ENDINGS = (
    "[a-z]{2}|com|net|org|edu|gov|mil|int|info|biz|name|pro|mobi|asia|jobs|xyz|top|vip|club|online|shop|site|app"
    "|dev|cloud|email|tech|store|live|space|website|world|group|team|work|zone|local|lan|localdomain|internal"
    "|localhost|example|test|invalid|arpa|xn--[a-z0-9-]{1,30}"
)
"""What makes a dotted word a host, and not a sentence without its space or a name such as resolver.adr.x."""

_WORDS = frozenset({"in", "is", "it", "no", "so", "to", "at", "be", "me", "my", "us", "as", "am", "do"})
_URL_HOST = re.compile(r"(?:https?://)?(?:[^/?#@]*@)?([^/?#:,;]*?)\.?(?:[/?#:,;].*)?$", re.DOTALL)
_LIST = re.compile(r"(?:^|\.)(?:[a-z-]{0,20}(?:dns|ur|r)bl|dnswl|[sxpdz]?bl|zen|black-?list|block-?list)\d?\.")


def name_url(url: str) -> str:
    """A placeholder for a URL: its operator, and the name of the help page, which carries the meaning."""
    host = _URL_HOST.sub(r"\1", url)
    page = re.search(r"[?&]p=([a-z]{3,40})(?![a-z0-9])", url)
    return _name("url", host, f" p={page[1]}" if page else "") + ("." if url.endswith(".") else "")


def name_host(host: str) -> str:
    """A placeholder for a host; `sorry.no mailbox` names none."""
    labels = host.split(".")
    if len(labels) == 2 and labels[1] in _WORDS and host not in OPERATORS:
        return "#" if any(character.isdigit() for character in host) else host
    return _name("host", host, "")


def _name(kind: str, host: str, more: str) -> str:
    labels = host.split(".")
    for size in (3, 2):
        tail = ".".join(labels[-size:])
        if tail in OPERATORS:
            return f"<{kind}:{tail}{more}>"
    return f"<{kind}:dnsbl{more}>" if _LIST.search(host) else f"<{kind}{more}>"
