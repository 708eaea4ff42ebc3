"""A slice of `tests/bench/planted.py`: of two logs that are made, one with a planted change and one without."""

from tests.bench.planted import try_log


def test_a_planted_change_is_told_and_nothing_else() -> None:
    """The one log has just the change that was planted, by its values; the other has none."""
    assert try_log(5)[2:5] == (True, 1, 1)
    assert try_log(2)[2:5] == (False, 0, 0)
