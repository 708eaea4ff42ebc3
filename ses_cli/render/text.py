"""Text of a log made safe to show: whatever it holds, it cannot drive a terminal, hide, or become markup."""

import re
from unicodedata import category

_MARKS = 4  # combining marks in a row that writing may need; a flood of them would paint over other lines
_LOST = "\ufffd"
# Control characters are shown as the pictures that Unicode has for them.
_PICTURES = {**{chr(code): chr(0x2400 + code) for code in range(0x20)}, "\x7f": "\u2421"}
# Printable by their category, yet they show nothing: Hangul fillers, a joiner, variation selectors, blank Braille.
_INVISIBLE = frozenset(
    map(chr, [0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x034F, 0x17B4, 0x17B5, *range(0x180B, 0x1810)])
) | frozenset(map(chr, [*range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0)]))


def safe(text: str) -> str:
    """Text of as many characters that cannot move the cursor, change colours, turn the writing round or hide."""
    if text.isascii() and text.isprintable():
        return text
    shown, marks = [], _MARKS  # a mark that comes first would stand on what is before the text
    for char in text:
        is_mark = category(char) in ("Mn", "Me")
        marks = marks + 1 if is_mark else 0
        shown.append(_LOST if is_mark and marks > _MARKS else _shown(char))
    return "".join(shown)


def safe_lines(text: str, ends: str = "\n") -> str:
    """Text whose line breaks, or other `ends`, are ours."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(part if part and part in ends else safe(part) for part in re.split(f"([{ends}])", text))


def plural(count: int, noun: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _shown(char: str) -> str:
    if char in _PICTURES:
        return _PICTURES[char]
    if category(char) == "Zs":
        return " "
    return _LOST if char in _INVISIBLE or not char.isprintable() else char


_MARKUP = r"(?i)[\\`*~\[\]<>|&$#]|(?<![^\W_])_|_(?![^\W_])|(?<!\w)@|:(?=//)|(?<=www)\."
_LITERAL = r"(?i)[^\\`\[\]<>|&]*(?:@|://|www\.)[^\\`\[\]<>|&]*"


def escape_markdown(text: str) -> str:
    """Safe text that Markdown shows as it is: no HTML, link, image or emphasis, and no end of a table's cell.

    An address or a URL, which many programs make a link of, becomes code.
    """
    text = safe(text)
    if re.fullmatch(_LITERAL, text.strip()):
        return f"`{text.strip()}`"
    return re.sub(_MARKUP, lambda found: f"&#{ord(found[0])};", text)
