"""CSV and TSV from an engine's columns are the bytes that rows make, whatever stands in a log."""

from datetime import UTC
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Checks, Piece
from ses_cli.engine import is_built
from ses_cli.export.columns import choose
from ses_cli.export.separated import Separated
from tests.fuzz.mutations import lines
from tests.logs import log, record
from tests.schema.test_batch import CHECKS, MIXED

pytestmark = pytest.mark.skipif(not is_built(), reason="the native engine is not built")
MUTATED = st.builds(lambda seed: b"\n".join(lines(Random(seed), 100)) + b"\n", st.integers(0, 10**6))
TEXTS = st.text(
    st.sampled_from([*"=+-@\t\r\n\",; 'a{}:\\你", "\x00", "\x08", "\x0c", "\x1f", "\x7f", "\u2028"]), max_size=6
)
ODD = st.one_of(TEXTS, st.integers(-(2**63), 2**64 - 1), st.none(), st.booleans(), st.lists(TEXTS, max_size=2))
TIMES = st.one_of(st.integers(1, 253_402_300_799), st.sampled_from([951_782_399, 4_107_542_400]))
HOSTILE = st.builds(
    lambda event, texts, time, number, odd: record(
        event=event,
        **dict(zip(("reason", "subject", "link", "useragent", "messageId", "bulkId"), texts, strict=True)),
        timestamp=time,
        sentTimestamp=time - 1,
        templateId=number,
        **odd,
    ),
    st.sampled_from(["bounce", "open", "deferred"]),
    st.lists(TEXTS, min_size=6, max_size=6),
    TIMES,
    st.integers(-(2**63), 2**64 - 1),
    st.dictionaries(TEXTS, ODD, max_size=3),
)
LOG = MIXED | MUTATED | st.lists(HOSTILE, min_size=1, max_size=8).map(lambda records: log(*records))
NAMES = st.sets(st.sampled_from(choose(())), min_size=1).flatmap(lambda names: st.permutations(sorted(names)))


@given(data=LOG, checks=CHECKS, names=NAMES | st.just(list(choose(()))), delimiter=st.sampled_from(",\t"))
def test_columns_write_what_rows_write(data: bytes, checks: Checks, names: list[str], delimiter: str) -> None:
    """Any columns in any order, quoted and guarded alike, with numbers of any size and maps of any values."""
    from ses_cli.native.engine import NativeEngine

    cut = data.rfind(b"\n", 0, len(data) // 2) + 1
    pieces = [Piece("log", 0, data[:cut]), Piece("log", cut, data[cut:], data[:cut].count(b"\n") + 1)]
    written = []
    for collects in (True, False):
        fold = Separated(tuple(names), collects)
        for piece in pieces:
            fold.add(NativeEngine(checks).check(piece))
        written.append(b"".join(fold.take("=log,1", 7, delimiter, UTC)))
    assert written[0] == written[1]
