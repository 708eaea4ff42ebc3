"""Text of a log is hostile: nothing of it drives a terminal, hides, or becomes markup."""

import re
import unicodedata
from html import unescape
from itertools import groupby

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ses_cli.render.markdown import markdown
from ses_cli.render.text import escape_markdown, safe, safe_lines
from ses_cli.table import Column, Table

HOSTILE = [
    "\x00", "\x07", "\x1b[31m", "\x1b]0;x\x07", "\x7f", "\x9b31m", "\r", "\n", "\t", "\v", "\f", "\x85",
    "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u061c", "\ufeff", "\u00ad", "\u2060", "\u180e",
    "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u2028", "\u2029",
    "\U000e0001", "\U000e0041", "\U000e007f", "\ufe00", "\U000e0100", "\u115f", "\u3164", "\uffa0", "\u2800",
    "\ue000", "\U0010fffd", "\ufff9", "\ud800", "e" + "\u0301" * 50, "\u0489" * 20, "\u00a0", "\u3000",
]  # fmt: skip
MARKUP = [
    "<img src=x onerror=alert(1)>", "<script>", "</td>", "&lt;b&gt;", "&#60;b>", "[x](http://e.example)", "![x](u)",
    "[x][y]", "<http://e.example>", "http://e.example", "HTTPS://e.example", "www.e.example", "a@b.example", "@name",
    "`code`", "``", "|", "\\|", "\\", "*b*", "_i_", "__b__", "~~s~~", "$x$", "# h", "a_b_c", "https\\://x", "\\`<b>`",
]  # fmt: skip
TEXTS = st.lists(st.text(max_size=4) | st.sampled_from(HOSTILE) | st.sampled_from(MARKUP), max_size=6).map("".join)
KEPT = ("Zankapfel", "Übergröße", "收件人不存在", "Ελληνικά", "пользователь", "नमस्ते", "สวัสดี", "e\u0301", "👍", "a b")


@given(TEXTS)
@example("".join(HOSTILE))
def test_shown_text_holds_nothing_that_acts_or_hides(text: str) -> None:
    """What is shown has as many characters, each of which shows, and no flood of combining marks."""
    shown = safe(text)
    assert len(shown) == len(text)
    for char in shown:
        assert char.isprintable()
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        assert char not in "\u115f\u1160\u3164\uffa0\u2800\u034f"
    for is_mark, run in groupby(shown, lambda char: unicodedata.category(char) in ("Mn", "Me")):
        assert not is_mark or len(list(run)) <= 4
    assert safe(shown) == shown
    assert not shown or unicodedata.category(shown[0]) not in ("Mn", "Me")


@pytest.mark.parametrize("text", KEPT)
def test_what_people_write_is_shown_as_it_is(text: str) -> None:
    """Words of any language, accents and emoji are left alone."""
    assert safe(text) == text


@given(TEXTS)
def test_only_our_line_ends_are_left(text: str) -> None:
    """Text of several lines keeps its line ends and nothing else that acts."""
    assert safe_lines(text).count("\n") == text.count("\n")
    assert safe_lines(text).replace("\n", "") == safe(safe_lines(text).replace("\n", ""))


@given(TEXTS)
@example("|".join(MARKUP))
@example(" ".join(HOSTILE))
def test_markdown_shows_a_cell_as_it_is(text: str) -> None:
    """An independent reader of Markdown sees one cell with the text, and no HTML, link, image or emphasis in it."""
    table = b"".join(markdown([Table("", [Column("x"), Column("y")], [(text, "end")])], None)).decode()
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(table)
    cells = re.findall(r"<td>(.*?)</td>", html, re.DOTALL)
    assert cells[-1] == "end"
    assert len(cells) == 2
    inner = cells[0].removeprefix("<code>").removesuffix("</code>")
    assert "<" not in inner
    assert re.sub(r"\s+", " ", unescape(inner)).strip() == re.sub(r"\s+", " ", safe(text)).strip()


@pytest.mark.parametrize("text", MARKUP)
def test_nothing_is_left_that_other_readers_link(text: str) -> None:
    """Bare URLs and addresses, which many programs make links of, are code or broken up."""
    shown = escape_markdown(text)
    assert shown.startswith("`") or not re.search(r"://|www\.|<|(?<!\w)@|\[", shown)
