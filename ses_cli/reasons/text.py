"""The shape of a reason: one text for ten thousand variants, with all that carries meaning kept."""

import re
import unicodedata

from ses_cli.reasons.codes import find
from ses_cli.reasons.hosts import ENDINGS, name_host, name_url
from ses_cli.reasons.phrases import Pattern, Phrases

HEAD, TAIL = 1536, 512  # characters read of a longer reason: an SMTP reply says its cause at one of its ends
WORD_MEMO, WORD_MEMO_CHARS = 8192, 64

_PIECES = re.compile(
    rf"""
    (?P<url>(?:https?://|(?<![a-z0-9.@-])www\.)[^\s<>"'()\[\]]{{1,2048}})
  | (?P<email>(?!(?<![\w.])[245]\d\d-)<?[^\s<>()\[\]"',;:@]{{1,64}}@[^\s<>()\[\]"',;:@]{{1,255}}>?)
  | (?P<name><[a-z0-9_.+=-]{{1,64}}>)
  | (?P<ip>(?<![\w.])\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?!\d|\.\w)
        |(?<![\w:.])(?:[0-9a-f]{{1,4}}:){{3,7}}(?::?[0-9a-f]{{1,4}}){{1,2}}(?![\w:])
        |(?<![\w:.])(?:[0-9a-f]{{1,4}}:){{1,6}}(?::[0-9a-f]{{1,4}}){{1,6}}(?![\w:]))
  | (?P<path>(?<![\w<./])/(?:[\w.@+-]{{1,64}}/){{1,12}}[\w.@+-]{{0,64}})
  | (?P<host>(?<![a-z0-9_.-])(?:[a-z0-9_-]{{1,63}}\.){{1,12}}(?:{ENDINGS})(?![a-z0-9_-]|\.[a-z0-9]))
  | (?P<orange>(?<![a-z0-9])(?:lpnaaa|lpn|ofr|ouk|lib)[_-]?\d{{0,3}}[_-]?\d{{3}}(?!\d))
  | (?P<keep>(?<![a-z0-9_])(?:(?:ou|sc|dy|rp)-\d{{3}}|s\d{{3,4}}(?=\))|as\(?\d{{3,9}}(?!\d)
        |(?:tss?|bl|gl|ph|au|in|cs|hme?|ip|ad|vs|ct|iptsn?|ipts)\d{{1,3}}(?=[\])])|ib\d{{3}}(?!\d)|(?:bl|rl|dm|pt)\d{{4,6}}(?!\d)
        |gu_eib_\d\d|aup\#[a-z]{{0,3}}-?\d{{4}}|(?:ip|url)bl\d{{3,5}}|aup\#[a-z]{{2,8}}
        |(?:rly|rtr|con|hvu|dyn|cs|mff):[a-z]{{1,3}}\d?|ipv[46]|rfc\d{{3,5}}|smtputf8|utf-?8|8bit(?:mime)?|base64)(?![a-z0-9]))
  | (?P<code>(?<![\w.])[245]\.\d{{1,2}}\.\d{{1,3}}(?!\d|\.\w))
  | (?P<reply>(?<![a-z0-9_.])[45][0-79]\d(?!\d|[.,:]\d|%))
  | (?P<number>(?<![a-z0-9_])\d{{1,4096}}(?:[.,:/+-]\d{{1,40}}){{0,12}}
        (?:t\d\d:\d\d(?::\d\d)?(?:\.\d{{1,9}})?z?)?(?![a-z0-9_]))
  | (?P<id>(?<![a-z0-9_])[a-z_]{{0,64}}\d[a-z0-9_]{{0,4096}}
        (?:[-.+/=~:][a-z0-9_]{{0,64}}\d[a-z0-9_]{{0,64}}){{0,20}})
    """,
    re.VERBOSE,
)
_BREAKS = re.compile(r"\\[rnt]|<br ?/?>|[\x00-\x1f\x7f\u200b-\u200f\u2028\u2029\ufeff\u00ad]")
_ONE_WORD = re.compile(r"[A-Za-z0-9_.:#-]{4,64}")
_SEAMS = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-](?=[A-Za-z])|(?<=\d)_(?=\d)")
_LATIN_MARKS = re.compile(r"(?<=[a-z])[\u0300-\u036f]{1,8}")
_ENTITIES = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
    "&apos;": "'",
    "&nbsp;": " ",
    "&amp;": "&",
}
# An address between characters that need no space: 收件人ann@example.com不存在
_GLUED = Pattern(
    r"(?<=[\u2e80-\ud7ff])[a-z0-9._+-]{1,64}@[a-z0-9.-]{1,190}|[a-z0-9._+-]{1,64}@[a-z0-9.-]{1,190}(?=[\u2e80-\ud7ff])"
)
_SPACED = Pattern(r"(?<=[\u3040-\u9fff]) (?=[<\u3040-\u9fff])|(?<=>) (?=[\u3040-\u9fff])")  # 用户 <email> 不存在
_PLAIN = str.maketrans({"ł": "l", "ı": "i", "ø": "o", "đ": "d"})  # letters that no normal form takes apart
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-"})
_FIRST_CODE = re.compile(r"(?<![a-z0-9.#])([45]\d\d)([- ])(?:([245]\.\d{1,2}\.\d{1,3})(?![\d.]))?")
_LIKE_REPLY = re.compile(r"(?<= )[45][0-79]\d(?!\d)")
_QUOTED = re.compile(
    r"\b(user|mailbox|recipient|account|address|alias|domain|host|for|to|id|name|from|subject):? "
    r"([\"'])[^\"' ]{1,64}\2"
)
_RUNS = re.compile(r"#(?:[-.,:/_=+~]{0,2}#){1,200}")

# What a mailer in Java prints before a reply: javax.mail.SendFailedException: Invalid Addresses; nested exception is:
_TRACE = re.compile(r"(?<![\w.$])(?:(?:class )?(?:[a-z0-9_$]{1,64}\.){1,8}[a-z0-9_$]{1,64}exception: ){1,8}")
# What other mailers and servers print before the reply of the receiver; it is said of replies of every kind.
_BEFORE = Phrases(
    r"invalid addresses; nested exception is:? |'invalid addresses'(?: \([^()]{1,40}\))?: "
    r"|expected response code \S{1,16} but got code \S{3,6} with message "
    r"|can't send mail - all recipients were rejected: |(?:error: )?message failed: "
    r"|smtp error: (?:the following recipients failed: (?:<email>: )?|data not accepted\. ?)"
    r"(?:smtp server error: )?(?:data end command failed )?(?:detail: )?"
    r"|(?<![a-z])[a-z][a-z ,]{4,80}\. the server response was: "
    r"|(?:<ip>|<host[^>]{0,40}>) (?:does not like recipient|failed after i sent the message)\. remote host said: "
    r"|google tried to deliver your message, but it was rejected by .{1,120}? "
    r"the error that the other server returned was: "
    r"|smtp error from (?:the )?remote mail server after (?:rcpt to:<email>|end of data): "
    r"(?:host <host[^>]{0,40}> ?\[<ip>\]: )?|host <host[^>]{0,40}> ?\[<ip>\] said: "
    r"|the following recipient\(s\) cannot be reached: .{1,80}? server error: "
    r"|the response from the remote server was: |remote server returned "
    r"|5\.1\.0 - unknown address error |5\.3\.0 - other mail system problem "
    r"|(?:delivery to the following recipients? failed permanently: <email> )?technical details of permanent failure: ",
    after=r"(?=[\"']?[45]\d\d[ -])",
)

_words: dict[str, str] = {}


def shape(reason: str) -> str:
    """The reason in lower case on one line; addresses, hosts, numbers and ids are placeholders."""
    words = _words
    out = []
    folded = fold(reason)
    if "exception: " in folded:
        folded = _TRACE.sub("", folded)
    for word in folded.split():
        if word.isalpha():
            out.append(word)
            continue
        piece = words.get(word)
        if piece is None:
            piece = _PIECES.sub(_replace, word)
            if len(word) <= WORD_MEMO_CHARS:
                if len(words) >= WORD_MEMO:
                    words.clear()
                words[word] = piece
        out.append(piece)
    text = _join_lines(_BEFORE.sub("", " ".join(out)))
    if '"' in text or "'" in text:
        text = _QUOTED.sub(r"\1 <id>", text)
    if not text.isascii():
        text = _SPACED.compiled.sub("", text)
    return _RUNS.sub("#", _fold_numbers(text))


def fold(reason: str) -> str:
    """The ends of the reason in lower case, variants of a character made one, line breaks made spaces."""
    text = reason if len(reason) <= HEAD + TAIL else f"{reason[:HEAD]} … {reason[-TAIL:]}"
    if " " not in text and _ONE_WORD.fullmatch(text):  # BadMailbox, USER_UNKNOWN, 550_5.1.1_user_unknown
        text = _SEAMS.sub(" ", text)
    if text.count("_") > max(3, text.count(" ")):  # the log of qmail: Remote_host_said:_550_User_unknown
        text = text.replace("_", " ")
    text = text.lower()
    if not text.isascii():
        text = _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", text.translate(_PLAIN)))
        text = unicodedata.normalize("NFKC", text).translate(_QUOTES).lower()[: HEAD + TAIL + 16]
        if "@" in text:
            text = _GLUED.compiled.sub(r"<\g<0>>", text)
    if "&" in text:
        for entity, character in _ENTITIES.items():
            text = text.replace(entity, character)
    return _BREAKS.sub(" ", text)


def _join_lines(text: str) -> str:
    """Drop the code that a multi-line reply repeats on each line, so that its sentence is whole again."""
    first = _FIRST_CODE.search(text)
    if first is None:
        return text
    reply, separator, code = first.groups()
    head, rest = text[: first.end()], text[first.end() :]
    if code:
        rest = rest.replace(f" {reply}-{code} ", " ").replace(f" {reply} {code} ", " ")
        rest = rest.replace(f" {reply}-{code}", " ")
    elif separator == "-":
        rest = rest.replace(f" {reply}-", " ").replace(f" {reply} ", " ")
    return " ".join((head + rest).split())


def _fold_numbers(text: str) -> str:
    """Three digits are a number where no reply code stands: `quota of 500 messages`."""
    if not _LIKE_REPLY.search(text):
        return text
    places = {code.offset for code in find(text) if code.kind == "reply"}
    return _LIKE_REPLY.sub(lambda match: match[0] if match.start() in places else "#", text)


def _replace(match: re.Match[str]) -> str:
    kind, piece = match.lastgroup, match[0]
    if kind in {"code", "keep", "reply"}:
        return piece
    if kind == "url":
        return name_url(piece)
    if kind == "host":
        return name_host(piece)
    if kind == "orange":  # LPN007_510: a server's number, then the cause
        return f"{piece[:3]}_{piece[-3:]}"
    return {"email": "<email>", "ip": "<ip>", "name": "<id>"}.get(kind or "", "#")
