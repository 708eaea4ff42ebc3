"""A line, for the coverage-guided fuzzer: the definition of a valid one, and what both engines say of it."""

from random import Random

from ses_cli.schema.line import validate
from tests.fuzz.compare import differences
from tests.fuzz.mutations import lines

FILES = ("schema/line.py", "schema/record.py", "schema/document.py", "schema/messages.py", "ses_cli/callback.py")
WORDS: tuple[bytes, ...] = (
    b'"event":"bounce"',
    b'"email":',
    b'"timestamp":1654064683',
    b'"bounceType":"hard"',
    b'"bulkId":""',
    b"null",
    b"true",
    b"1e400",
    b"-0",
    b'"\\ud800"',
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b'"\\u0000"',
    b"9223372036854775808",
)


def beginnings() -> list[bytes]:
    """Lines to begin with."""
    return lines(Random(1), 300)


def traced(data: bytes) -> None:
    """What is followed line by line."""
    validate(data.replace(b"\n", b" "), unended=False)


def defect(data: bytes) -> str:
    """Where engines and definition differ, "" where they do not."""
    return ", ".join(differences(data))
