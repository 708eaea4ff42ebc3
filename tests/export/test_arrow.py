"""Columns of either engine are those of the records, whatever stands in a log."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Batch, Checks, Piece
from ses_cli.engine import is_built
from ses_cli.export.arrow import Batches, plain, schema_of
from ses_cli.export.columns import COLUMNS, choose
from ses_cli.export.rows import PartRows
from ses_cli.schema.check import PythonEngine
from tests.fuzz.mutations import lines
from tests.logs import Record, log, record
from tests.schema.test_batch import CHECKS, MIXED

pytestmark = pytest.mark.skipif(not is_built(), reason="the native engine is not built")
NAMES = choose(())
MUTATED = st.builds(lambda seed: b"\n".join(lines(Random(seed), 100)) + b"\n", st.integers(0, 10**6))
TOLD = [
    record(event="bounce", bounceType="hard", reason="550 5.1.1 <a@qq.com>: no such user", email="a@qq.com"),
    record(event="bounce", bounceType="hard", reason="550 5.1.1 <b@qq.com>: no such user", email="b@qq.com"),
    record(event="bounce", bounceType="hard", reason="550 5.1.1 <b@qq.com>: no such user", email="c@qq.com"),
    record(event="dropped", bounceType="soft", reason="mailbox full", email="c@qq.com"),
    record(event="deferred", reason="mailbox full"),
    record(event="open", reason="550 5.1.1 no such user"),
]
SUBJECTS = ["你好", "=?utf-8?B?/w==?=", "=?utf-7?Q?+2AA-?=", "plain", "", None]


def both(data: bytes, checks: Checks) -> list[tuple[Batch, Batch]]:
    """What each engine makes of two pieces, one after another."""
    from ses_cli.native.engine import NativeEngine

    cut = data.rfind(b"\n", 0, len(data) // 2) + 1
    pieces = [Piece("log", 0, data[:cut]), Piece("log", cut, data[cut:], data[:cut].count(b"\n") + 1)]
    return [(NativeEngine(checks).check(piece), PythonEngine(checks).check(piece)) for piece in pieces if piece.data]


@given(data=MIXED | MUTATED, checks=CHECKS, names=st.permutations(NAMES))
def test_columns_are_those_of_the_records(data: bytes, checks: Checks, names: list[str]) -> None:
    """Every column, in any order, of any log."""
    native, python, rows = Batches(tuple(names)), Batches(tuple(names)), PartRows(tuple(names))
    for mine, theirs in both(data, checks):
        native.add(mine)
        python.add(theirs)
        rows.add(mine)
    table = native.take("log", 7)
    table.validate(full=True)
    schema = plain(schema_of(names))
    assert table.cast(schema).equals(python.take("log", 7).cast(schema))
    assert table.num_rows == len(rows.values("log", 7))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("bounce_class", ["unknown-user"] * 3 + ["mailbox-full"] * 2 + [None]),
        ("template_id", [2**63 - 1, None, 0, None, -(2**63), 5]),
        ("subject", SUBJECTS),
        ("extra", [[("a", "1")], [("a", "[1,2]")], [("é", 'x"y')], [("a", "1.5")], None, [("a", "null")]]),
    ],
)
def test_what_takes_a_closer_look(column: str, values: list[Any]) -> None:
    """Reasons with addresses, numbers beyond 63 bits, subjects of any kind and undocumented values."""
    templates = [2**63 - 1, 2**63, 0, None, -(2**63), 5]
    subjects = ["=?utf-8?B?5L2g5aW9?=", *SUBJECTS[1:]]
    extras: list[Record] = [{"a": 1}, {"a": [1, 2]}, {"é": 'x"y'}, {"a": 1.5}, {}, {"a": None}]
    told = [
        each | extra | {"templateId": template, "subject": subject}
        for each, extra, template, subject in zip(TOLD, extras, templates, subjects, strict=True)
    ]
    data = log(*told)
    for at in (0, 1):
        fold = Batches((column,))
        for batches in both(data, Checks()):
            fold.add(batches[at])
        assert fold.take("log", 0)[column].to_pylist() == values


def test_all_columns_are_there() -> None:
    """The columns of a table are those that have a name."""
    assert Batches(NAMES).take("log", 0).column_names == list(COLUMNS)
