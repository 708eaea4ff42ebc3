"""`ses-events bounces --learn`, the real program."""

import json

import pytest

from tests.conftest import Program
from tests.logs import log, record

UNKNOWN = ("550 Frobnicated <{}> by mx{}.x.example", "550 Defenestrated, see reference {}-{}")


@pytest.fixture
def logged(run: Program) -> Program:
    """The program beside a log with two texts that nobody knows, the first one more often."""
    texts = [text.format(f"u{n}@x.example", n) for text, most in zip(UNKNOWN, (5, 3), strict=True) for n in range(most)]
    bounces = [record(email=f"u{n}@x.example", timestamp=n + 1, reason=text) for n, text in enumerate(texts)]
    (run.home / "log.jsonl").write_bytes(log(*bounces))
    return run


@pytest.mark.parametrize("name", ["review.tsv", "review.csv"])
def test_texts_for_review_are_decided_once(logged: Program, name: str) -> None:
    """Listed by frequency, decided in the file, learned: from then on the texts have the user's verdicts."""
    assert logged("bounces", "--action", "review", "--by", "reason", "-o", name, "log.jsonl").status == 0
    header, first, second = (logged.home / name).read_text().splitlines()
    assert "Frobnicated" in first
    decided = first.replace("unknown-user", "inactive-mailbox").replace("review", "suppress")
    (logged.home / name).write_text(f"{header}\n{decided}\n{second}\n")
    done = logged("bounces", "--learn", name, "-o", "mine.toml")
    assert (done.status, done.out) == (0, b"")
    assert done.stderr == "note: 1 rule written; 1 reason still for review\n"
    rows = json.loads(logged("bounces", "--rules", "mine.toml", "--by", "reason", "--json", "log.jsonl").out)["reasons"]
    assert [(row["class"], row["action"], row["addresses"]) for row in rows] == [
        ("inactive-mailbox", "suppress", 5),
        ("unknown-user", "review", 3),
    ]
    again = logged("bounces", "--learn", name, "--rules", "mine.toml")
    assert again.status == 2
    assert "no verdict to learn; 1 reason still for review, 1 verdict the rules give already" in again.stderr


def test_rules_are_added_to_a_file(logged: Program) -> None:
    """From standard input to standard output, so that a file of rules can grow."""
    for word in ("frobnicated", "defenestrated"):
        done = logged("bounces", "--learn", "-", stdin=f"{word}\tpolicy\tretry\n".encode())
        assert done.status == 0
        with (logged.home / "mine.toml").open("ab") as file:
            file.write(done.out)
    for word in ("frobnicated", "defenestrated"):
        assert "learned-" in logged("bounces", "--rules", "mine.toml", "--explain", word).stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["v.tsv", "log.jsonl"], "FILE does nothing with --learn, which reads no log"),
        (["v.tsv", "--event", "deferred"], "--event does nothing with --learn, which reads no log"),
        (["v.tsv", "--hard"], "--hard does nothing with --learn, which writes rules"),
        (["v.tsv", "-f", "csv"], "--format does nothing with --learn, which writes rules"),
        (["v.tsv", "--follow"], "--follow cannot be combined with --learn"),
        (["v.tsv", "--explain", "x"], "--learn does nothing with --explain, which reads no log"),
        (["v.tsv", "-o", "v.tsv"], "-o v.tsv: this file is an input"),
        (["none.tsv"], "none.tsv: cannot read the verdicts: no such file or directory"),
        (["bad.tsv"], "bad.tsv: cannot read the verdicts: not UTF-8"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_refused(logged: Program, options: list[str], message: str) -> None:
    """Options that would do nothing, an output that is the input, and files that cannot be read."""
    (logged.home / "v.tsv").write_text("x\tpolicy\tretry\n")
    (logged.home / "bad.tsv").write_bytes(b"\xff\tpolicy\tretry\n")
    done = logged("bounces", "--learn", *options)
    assert (done.status, done.out) == (2, b"")
    assert done.stderr.startswith(f"error: {message}\n")
