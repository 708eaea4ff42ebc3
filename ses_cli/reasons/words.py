"""The words that the guard on `suppress` looks for, as patterns over shapes of reasons."""

from ses_cli.reasons.phrases import Pattern, Phrases

_BEGIN, _END = r"(?<!\w)", r"(?!\w)"


def _joined(*lines: str) -> str:
    return "|".join(part for line in lines for part in line.split(" | "))


def _any(*lines: str) -> Phrases:
    """Any of the patterns, separated by " | ", as whole words."""
    return Phrases(_joined(*lines), _BEGIN, _END)


_SENT = r"(?:message|mail|e-?mail|delivery)"
_NOBODY = r"(?:no such|unknown|invalid|non-?exist\w+) (?:user|recipient|mail ?box|address|account)"
_IS_GONE = (
    rf"(?:{_NOBODY}|(?:the )?(?:user|recipient|mail ?box|address|account) "
    r"(?:(?:is )?(?:unknown|not found|unavailable)|doe?s(?: not|n.?t) exist))"
)
# Phrases with words of `BLAME` that speak of the recipient all the same; taken out before it is searched.
HARMLESS = Phrases(
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
            r"message=infodomain\w+|your (?:address|contact)s? ?(?:book|list)|for too long|you sent your message to",
            r"unverified address: (?:host )?<?(?:host|id)",
            rf"(?:{_SENT} (?:is |was |has been )?(?:refused|rejected|denied)|access denied|administrative prohibition"
            rf"|not allowed to this address|(?:by )?policy)\W{{1,4}}{_IS_GONE}",
            rf"(?:{_IS_GONE}|valid recipient|not exist)\W{{1,5}}{_SENT} "
            r"(?:is |was |has been )?(?:refused|rejected|denied)(?!\W{0,2}(?:by|due|for|because))",
            r"(?:can(?:not|.?t| not)|could(?:n.?t| not)|unable to|not able to|failed to) (?:be )?deliver\w* "
            rf"(?:your|this|the) {_SENT}",
            r"\(in reply to (?:rcpt to|end of data) command\)|>>> (?:rcpt to:? ?(?:<email>)?|data)\b",
            r"(?<=recipient address rejected: need )fully-qualified(?= address)",
            r"(?:do not|don.?t|stop|please stop) (?:retry(?:ing)?|try(?:ing)?(?: again)?|sending)\b",
            r"(?:if you are sending to a |from (?:the|your) )(?:mailing )?list|relay recipient",
            r"original message size\b.{0,12}|(?:temporary|disposable) (?:e-?mail )?address(?: has| is)?(?= expired)",
        )
    )
)
# Words about who sends, what is sent, how it was checked, or the moment.
BLAME = _any(
    r"sender(?:s|'s)? | sending | originator | return[ -]?path | envelope from | mail from | header from | from:",
    r"but (?:my name|sender) was | refused to talk to me | after initial connection | initial (?:server )?greeting",
    r"reply-?to | [45]\.5\.[2-6] invalid domain | domain name required",
    r"from (?:address|domain|header|field) | helo | ehlo | reverse dns | ptr | rdns | fully[ -]qualified | client host",
    r"your (?:ip|domain|server|host|address|account|e-?mail|mail|message) | call-?(?:out|back)s?",
    r"verif(?:y|ied|ication) | unverified | auth | (?:un)?auth(?:enticat|ori[sz])\w* | logins?",
    r"spf | dkim | dmarc | arc | tls | certificate",
    r"polic(?:y|ies) | content | subject | headers? | attachments? | body | virus | macro\w* | malware",
    r"phish\w* | spam\w*",
    r"junk | bulk mail | unsolicited | newsletter | (?:black|block|deny)-? ?list\w* | rbls? | dnsbls? | reputation",
    r"access (?:is )?denied",
    r"53[0458] | passwords? | outgoing | outbound | (?:reply|return) address | urls? | links?",
    r"you are(?! (?:trying|attempting|sending|mailing|writing|not sure))",
    r"envelope (?:address|domain) | bounce (?:address|domain) | greeting | connect(?:ion|ing) (?:host|server|client)",
    r"external | outside | internal (?:mail|e-?mail|senders?|users?|use) | non-?members? | members only",
    r"(?:database|ldap|backend|directory) (?:error|problem|failure|unavailable|down|time\w*)",
    r"at (?:this|the) (?:time|moment) | right now | tomorrow | in progress | smtp (?:is |access |auth )?disabled",
    r"connect to <host | no route to | (?:connection|network|host|server) (?:refused|unreachable) | mail command",
    r"mail ?box (?:server|store|backend|list) | user (?:agent|certificate|store) | mail store | hostnames?",
    r"honey ?pot | smtp user | api | locked by | unknown host:? \W?<ip>",
    r"unknown client | abus\w* | forg\w* | spoof\w* | impersonat\w* | relay\w* | permitted | allowed | dns says",
    r"blocked (?:by|using|for) | address is blocked(?! due)",
    r"rates? | frequen\w* | throttl\w* | limits? | exceed\w* | quota | size",
    r"too (?:many|much|large|big|fast|frequent\w*|long)",
    r"full | storage | space | restricted(?! char) | refused? to | denied | resources | local error",
    r"(?:rejected|refused|blocked) by (?:the )?(?:recip\w*|users?) | (?:parse|sequence) error | time ?-?outs?",
    r"smart ?host | relay ?host | route (?:does|not) | transport | (?<!mail )file | maintenance | another process",
    r"templates? | keys? | buckets? | objects? | resource",
    r"no such (?:ip|client|key|command|option|device|object|table|record|service|method|message)",
    r"syntax error in param\w*(?! or arguments to rcpt)",
    r"dropped | mime | structure | license | unwanted | banned | forbidden | insufficient",
    r"(?:isn.?t|not) (?:answer|respond)ing | is down",
    r"defer(?:red)? | unusual\w* | excessive\w* | suspicious | suspected",
    r"(?:message|mail|e-?mail|transaction) (?:is |was |has been )?(?:refused|rejected|denied|failed)"
    r"(?! - address| .no valid rec)",
    r"alphabet | character sets?",
    r"gr[ea]y-?list\w* | try again | (?:again )?later | temporar\w* | retry | in a few | minutes? | busy | overload\w*",
)
BLAME_LANGUAGES = Phrases(
    r"发件|发信|寄件|垃圾|内容|主题|频率|频繁|限制|策略|认证|验证失败|稍后|重试|黑名单|病毒|附件|超过|信誉|密码|密碼|登录失败|头部|差出人|送信者|送信元|발신|отправител"
    r"|спам|позже|попробуйте|absender|expediteur|remitente|remetente|mittente|nadawc|gonderen|nguoi gui"
    r"|thu rac|noi dung|thu lai|chinh sach|vuot (?:qua )?gioi han|pengirim|coba lagi|konten|kebijakan|batas"
    r"|afzender|odesilatel|odosielatel|avsandar|avsender|afsender|lahettaj|felado|expeditor|відправник"
    r"|пізніше|αποστολ|votre (?:compte|serveur|ip|adresse ip|domaine)"
    r"|ihr(?:e[rmn]?)? (?:konto|server|ip|domain)|(?:su|tu) (?:cuenta|servidor|ip|dominio)"
    r"|(?:seu|sua) (?:conta|servidor|ip|dominio)|(?:tuo|suo|vostro) (?:account|server|ip|dominio)"
    r"|ваш\S{0,2} (?:акк|ящик|учетн|почт|ip|серв|домен)|(?:twoje|panstwa) konto|hesabiniz|귀하의|あなたの|お客様の"
    r"|(?:您|你)的(?:ip|账|帐|域|服务器)|vorue?bergehend|temporairement|temporal|temporanea|temporariamente|временн"
    r"|tymczasow|gecici|一時|暂时|暫時|일시|later opnieuw|spae?ter|plus tard|mas tarde|mais tarde|piu tardi|pozdeji"
    r"|senere|senare|myohemmin|kesobb|mai tarziu|pozniej|daha sonra|roskaposti|skrappost|indesirable|ผู้ส่ง"
)
# What says, beside a bare code, that the recipient is what is wrong.
_WHO = (
    r"(?:users?|recipients?|mail ?-?box(?:es)?|accounts?|address(?:es)?|addressees?|destinations?|rcpt|alias(?:es)?"
    r"|customers?|persons?|subscribers?|usernames?|names?|local[ -]?parts?|inbox|domains?|hosts?|<email>|<id>)"
)
_GONE = (
    r"(?:unknown|unavailable|invalid|illegal|bad|wrong|incorrect|required|inactive|deactivated|disabled|suspended"
    r"|expired|closed|deleted|removed|terminated|archived|moved|replaced|unallocated|discontinued|locked|no longer"
    r"|isn.?t in|hasn.?t got|lookup .{0,20}failed"
    r"|not (?:be )?(?:found|known|valid|active|a (?:known|valid)|our|hosted|served|here))"
)
EXISTENCE = _any(
    r"no such | no valid | nosuch\w* | non-?exist\w* | nxdomain | null ?mx | unallocated | user ?unknown",
    r"(?:doe?s|do|did)(?:n.?t| not) exists? | not exist\w*",
    rf"recipient address rejected: need | {_WHO}\W.{{0,40}}(?<!\w){_GONE}",
    rf"{_GONE}\W.{{0,24}}(?<!\w){_WHO}",
    r".{0,40}(?:不存在|停用|冻结|注销|禁用|无效|休眠).{0,40}",
)
# What is left of a text without these says something of its own.
NEUTRAL = Pattern(
    r"<[^>]{0,120}>|[45]\.\d{1,2}\.\d{1,3}|[^\w]|"
    + _BEGIN
    + "(?:"
    + _joined(
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
    )
    + ")"
    + _END
)
# What refuses and does not say why.
BARE_REFUSAL = _any(
    r"access | denied | allowed | accept(?:ed|able)? | permitted | block(?:ed)? | rej | delivered | system | network",
    r"polic(?:y|ies) | security | restrict(?:ions?|ed) | reasons? | due | your",
)

# Codes that speak of a command, not of who gets the mail: 503 5.5.1 bad sequence of commands.
PROTOCOL = _any(r"50[0234] | [45]\.5\.[1-6]")
# With 50z too, a domain may be that of the greeting, so that somebody must be named.
SOMEBODY = _any(r"users? | recipients? | mail ?box(?:es)? | accounts? | address\w* | rcpt | alias | <email> | <id>")
GREETING = Phrases(r"\b50[0-4] .{0,24}\bdomain\b")
NETWORK = _any(
    r"rout\w* | networks? | dns | unreachable | connect\w* | time ?-?out\w* | timed | answer | queue | expired"
)

# A standard sentence (RFC 5321) that servers put before any cause: alone it says that there is no such mailbox.
STANDARD = Phrases(r"(?:requested (?:mail )?action (?:was )?not taken[:,;]? )?mailbox unavailable(?! or)\.?")
QMAIL = Phrases(r"does not like recipient|giving up on|failed after i sent the message")
