"""The guard on `suppress`: it is final for an address, so the text must speak of the recipient and of nothing else.

Every verdict that would suppress an address passes here. Three things turn it into `review`:

- words that blame the sender, the message or the moment (`550 5.1.1 unauthorized sender`): whatever else the text says,
  the address may be alive;
- a verdict from a code alone while the text has words of its own that do not speak of the recipient's existence
  (`5.2.1 Subject is Mandatory.`): servers send 5.1.0, 5.1.1, 5.2.1 and 5.4.1 for many things;
- a text that names addresses, and not the one that bounced: it speaks of the sender, or of a forwarding target.
"""

import re

_CODE_TIERS = ("code", "broad-code", "hint")
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:@]{1,64}@[^\s<>()\[\]\"',;:@]{1,255}")
_CONTACT = re.compile(r"(?:post|host|web|mail)master|abuse|support|help|admin|noc@|unblock|delist|feedback")
_WITHIN = ("_", "+", ".")  # before an address these belong to it
_CODE_ALONE = "a code that is said for many things, and the words say something else"
_STANDARD_ALONE = "mailbox unavailable is said for many things, and the words say something else"
_READ = 4096  # characters of a reason that are searched for addresses


def _any(*lines: str) -> re.Pattern[str]:
    """Any of the patterns, separated by " | ", as whole words."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(part for line in lines for part in line.split(' | '))})(?!\w)")


# Phrases with words of `_BLAME` that speak of the recipient all the same; taken out before it is searched.
_HARMLESS = re.compile(
    "|".join(
        (
            r"please check all recipients of this (?:\S{1,4} )?message to verify they are valid",
            r"smtp error from (?:the )?remote (?:mail )?server(?: after (?!initial)[a-z ]{1,40})?",
            r"(?:please )?(?:check|verify|correct|double-check\w*) (?:the |this |that )?.{0,40}?"
            r"(?:address|recipient|spelling)\w*.{0,24}?(?:re)?(?:try|send)(?: it| the (?:message|mail))?(?: again)?",
            r"(?:please )?(?:check|verify|double-check\w*) (?:that you have )?(?:the|all) (?:correct )?(?:e-?mail )?"
            r"(?:address|recipient)\w*",
            r"(?:recipient|callout|address|user|rcpt) (?:cannot be )?verif\w*(?: failed| callout failed| validation)?",
            r"verification failed for (?:the )?recipient|verify-user-does-not-exist|failed recipient validation",
            r"message was not accepted -- invalid mailbox",
            r"(?:unknown|not (?:found|listed)|invalid) (?:user )?in (?:the )?(?:local|virtual|relay|domino|public)\b"
            r"[a-z &]{0,40}",
            r"not listed in [a-z &]{0,40}",
            r"(?:over quota|out of storage space) and inactive",
            r"relay=\[?<(?:host|ip)[^>]{0,40}>\]?",
            r"your (?:e-?mail|mail|message)s? (?:to .{1,60}?)?(?:was|were|has|have|could|can|did)(?: ?not|n.t)?\b"
            r".{0,40}?(?:deliver\w*|return\w*|sent|bounc\w*)",
            r"(?:no|without|do not have) authori[sz]ation to see it",
            r"5\.4\.1[^\w]{1,4}(?:<?email>?[^\w]{1,4})?(?:all )?recipient address(?:es)? rejected ?: access denied",
            r"<(?:url|host)[^>]{0,80}>|learn more at|for more information(?: see)?",
            r"policy rejection on the target address",
            r"(?:google )?tried to deliver your message,? but it was rejected by .{0,120}?(?:returned was|$)",
            r"(?:contact|ask|consult|tell) (?:your|the) (?:local |own )?(?:(?:e-?)?mail|system|network)? ?"
            r"(?:administrator|admin|provider|postmaster|isp)",
            r"message=infodomain\w+",
            r"\(in reply to (?:rcpt to|end of data) command\)|>>> (?:rcpt to:? ?(?:<email>)?|data)\b",
            r"(?<=recipient address rejected: need )fully-qualified(?= address)",
            r"access denied\W{1,3}(?:no such|unknown|invalid) (?:user|recipient|mailbox|address)",
        )
    )
)
# Words about who sends, what is sent, how it was checked, or the moment.
_BLAME = _any(
    r"sender(?:s|'s)? | sending | originator | return-?path | envelope from | mail from | header from | from:",
    r"but (?:my name|sender) was | refused to talk to me | after initial connection | initial (?:server )?greeting",
    r"reply-?to | [45]\.5\.[2-6] invalid domain | domain name required",
    r"from (?:address|domain|header|field) | helo | ehlo | reverse dns | ptr | rdns | fully[ -]qualified | client host",
    r"your (?:ip|domain|server|host|address|account|e-?mail|mail|message) | call-?(?:out|back)s?",
    r"verif(?:y|ied|ication) | unverified | auth | (?:un)?auth(?:enticat|ori[sz])\w* | login required",
    r"spf | dkim | dmarc | arc | tls | certificate",
    r"polic(?:y|ies) | content | subject | headers? | attachments? | body | virus | macro\w* | malware",
    r"phish\w* | spam\w*",
    r"junk | bulk mail | unsolicited | newsletter | (?:black|block|deny)-? ?list\w* | rbls? | dnsbls? | reputation",
    r"access (?:is )?denied",
    r"53[0458] | passwords? | outgoing | outbound | (?:reply|return) address | urls? | links?",
    r"you are(?! (?:trying|attempting|sending|mailing|writing|not sure))",
    r"unknown client | abus\w* | forg\w* | spoof\w* | impersonat\w* | relay\w* | permitted | allowed | dns says",
    r"blocked (?:by|using|for) | address is blocked(?! due)",
    r"rates? | frequen\w* | throttl\w* | limits? | exceed\w* | quota | size",
    r"too (?:many|much|large|big|fast|frequent\w*|long)",
    r"full | storage | space | restricted(?! char) | refused? to | denied | resources | local error",
    r"(?:rejected|refused|blocked) by (?:the )?(?:recip\w*|users?) | (?:parse|sequence) error | time ?-?outs?",
    r"smart ?host | relay ?host | route (?:does|not) | transport | (?<!mail )file | maintenance | another process",
    r"templates? | no such (?:key|command|option|device|object|table|record|service|method|message)",
    r"syntax error in param\w*(?! or arguments to rcpt)",
    r"dropped | mime | structure | license | unwanted | banned | forbidden | insufficient",
    r"defer(?:red)? | unusual\w* | excessive\w* | suspicious | suspected",
    r"(?:message|mail|e-?mail|transaction) (?:is |was |has been )?(?:refused|rejected|denied|failed)"
    r"(?! - address| .no valid rec)",
    r"alphabet | character sets?",
    r"gr[ea]y-?list\w* | try again | (?:again )?later | temporar\w* | retry | in a few | minutes? | busy | overload\w*",
)
_BLAME_LANGUAGES = re.compile(
    "发件|发信|寄件|垃圾|内容|主题|频率|频繁|限制|策略|认证|验证失败|稍后|重试|黑名单|病毒|附件|超过|信誉|密码|密碼|登录失败|头部|差出人|送信者|送信元|발신"
    "|отправител|спам|позже|попробуйте|absender|expediteur|remitente|remetente|mittente|nadawc|gonderen"
    "|nguoi gui|thu rac|noi dung|thu lai|chinh sach|vuot (?:qua )?gioi han|pengirim|coba lagi|konten|kebijakan|batas"
    "|afzender|odesilatel|odosielatel|avsandar|avsender|afsender|lahettaj|felado|expeditor|відправник|пізніше|αποστολ"
    "|later opnieuw|spater|plus tard|mas tarde|mais tarde|piu tardi|pozdeji|senere|senare|myohemmin|kesobb|mai tarziu"
    "|pozniej|daha sonra|roskaposti|skrappost|indesirable|ผู้ส่ง"
)
# What says, beside a bare code, that the recipient is what is wrong.
_WHO = (
    r"(?:users?|recipients?|mail ?-?box(?:es)?|accounts?|address(?:es)?|addressees?|rcpt|alias(?:es)?|customers?"
    r"|persons?|subscribers?|usernames?|names?|local[ -]?parts?|inbox|domains?|hosts?|<email>|<id>)"
)
_GONE = (
    r"(?:unknown|unavailable|invalid|illegal|bad|wrong|incorrect|required|inactive|deactivated|disabled|suspended"
    r"|expired|closed|deleted|removed|terminated|archived|moved|replaced|unallocated|discontinued|locked|no longer"
    r"|isn.?t in|hasn.?t got|lookup .{0,20}failed"
    r"|not (?:be )?(?:found|known|valid|active|a (?:known|valid)|our|hosted|served|here))"
)
_EXISTENCE = _any(
    r"no such | no valid | nosuch\w* | non-?exist\w* | nxdomain | null ?mx | unallocated | user ?unknown",
    r"(?:doe?s|do|did)(?:n.?t| not) exists? | not exist\w*",
    rf"recipient address rejected: need | {_WHO}\W.{{0,40}}(?<!\w){_GONE}",
    rf"{_GONE}\W.{{0,24}}(?<!\w){_WHO}",
    r".{0,40}(?:不存在|停用|冻结|注销|禁用|无效|休眠).{0,40}",
)
# What is left of a text without these says something of its own.
_NEUTRAL = re.compile(
    r"<[^>]{0,120}>|[45]\.\d{1,2}\.\d{1,3}|[^\w]|"
    + _any(
        r"[45]\d\d | smtps? | esmtp | dsn | errors? | fatal | permanent(?:ly)? | fail(?:ed|ure)? | status",
        r"code | remote",
        r"host | server | said | says | reply | in | to | rcpt | command | end | of | data | the | an? | and",
        r"was | is | be",
        r"by | this | that | it | on | at | for | with | mta | mx | response | returned | message | e?mail",
        r"deliver\w* | users?(?=\W*$) | mailbox",
        r"undeliver\w* | reject(?:ed)? | reje | refused? | bounced? | recipients? | address(?:es)?",
        r"requested | action | not",
        r"taken | aborted | unsuccessful | unable | cannot | could | sorry | while | talking | attempt\w* | diagnostic",
        r"final | local | or | id | dd | x | other | undefined | gsmtp | please | see | more | information",
        r"transaction | explanation | visit | contact | administrators? | help | session | details? | if | you",
        r"all | one | more | has | have | been | were | are | our",
        r"believe | postmaster | state | reason | rcpt_to | following | technical | because | giving | up",
    ).pattern
)
# What refuses and does not say why.
_BARE_REFUSAL = _any(
    r"access | denied | allowed | accept(?:ed|able)? | permitted | block(?:ed)? | rej | delivered | system | network",
    r"polic(?:y|ies) | security | restrict(?:ions?|ed) | reasons? | due | your",
)

# Codes that speak of a command, not of who gets the mail: 503 5.5.1 bad sequence of commands.
_PROTOCOL = _any(r"50[0234] | [45]\.5\.[1-6]")
# With 50z too, a domain may be that of the greeting, so that somebody must be named.
_SOMEBODY = _any(r"users? | recipients? | mail ?box(?:es)? | accounts? | address\w* | rcpt | alias | <email> | <id>")
_GREETING = re.compile(r"\b50[0-4] .{0,24}\bdomain\b")
_NETWORK = _any(
    r"rout\w* | networks? | dns | unreachable | connect\w* | time ?-?out\w* | timed | answer | queue | expired"
)


# A standard sentence (RFC 5321) that servers put before any cause: alone it says that there is no such mailbox.
_STANDARD = re.compile(r"(?:requested (?:mail )?action (?:was )?not taken[:,;]? )?mailbox unavailable(?! or)\.?")
_QMAIL = re.compile(r"does not like recipient|giving up on|failed after i sent the message")


def objection(text: str, action: str, tier: str) -> str:
    """Why the shape of a reason does not bear out an action, "" if it does; `tier` is of the rule that decided."""
    if tier == "yours":
        return ""
    if action == "retry":
        return _CODE_ALONE if tier == "broad-code" and not _NETWORK.search(text) and _NEUTRAL.sub("", text) else ""
    if action != "suppress":
        return ""
    plain = _HARMLESS.sub(" ", text)
    if blame := _BLAME.search(plain) or _BLAME_LANGUAGES.search(plain):
        return f'the text also says "{blame[0]}"'
    exists = _EXISTENCE.search(plain)
    if not exists and (_PROTOCOL.search(plain) or (tier in _CODE_TIERS and _NEUTRAL.sub("", plain))):
        return _CODE_ALONE
    if _GREETING.search(plain) and not _SOMEBODY.search(plain):
        return _CODE_ALONE
    rest = _STANDARD.sub("", plain)
    if rest != plain and not _EXISTENCE.search(rest) and _NEUTRAL.sub("", _QMAIL.sub("", rest)):
        return _STANDARD_ALONE
    return ""


def says_nothing(text: str) -> bool:
    """Whether the shape of a reason has codes and names of hosts only, or that it was refused, and no cause."""
    return not _NEUTRAL.sub("", _BARE_REFUSAL.sub("", text))


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
        if not (before.isalnum() or before in _WITHIN or after[:1].isalnum()):
            return True
        at = text.find(own, at + 1)
    return False


def _is_same_mailbox(own: str, address: str) -> bool:
    """Whether a server spelled the address with another host of the same domain."""
    name, _, domain = own.partition("@")
    found, _, host = address.rstrip(".").partition("@")
    return found == name and (host.endswith("." + domain) or domain.endswith("." + host))
