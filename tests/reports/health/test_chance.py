"""What chance does to counts, against sums that are written out."""

from math import comb, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.reports.health.chance import discoveries, tail, wilson


@given(trials=st.integers(1, 200), chance=st.floats(1e-6, 1 - 1e-6), part=st.floats(0, 1))
def test_the_tail_is_a_sum(trials: int, chance: float, part: float) -> None:
    """The probability of so many successes or more is the sum of those of each number."""
    at_least = round(part * trials)
    terms = [comb(trials, n) * chance**n * (1 - chance) ** (trials - n) for n in range(at_least, trials + 1)]
    assert isclose(tail(at_least, trials, chance), min(sum(terms), 1), rel_tol=1e-6, abs_tol=1e-12)


def test_tails_are_defined_everywhere() -> None:
    """Nothing or more is certain, more than all impossible, and small probabilities do not become zero."""
    assert tail(0, 10, 0.1) == 1
    assert tail(11, 10, 0.1) == 0
    assert isclose(tail(200, 200, 0.01), 1e-400 or 0.01**200, abs_tol=1e-300)
    assert 0 < tail(90, 1000, 0.01) < 1e-50
    assert tail(5, 1e9, 1e-12) > 0


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17 (1998), table I
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(part: int, whole: int, low: float, high: float) -> None:
    """The interval is that of the literature."""
    found = wilson(part, whole)
    assert found is not None
    assert (round(found[0], 4), round(found[1], 4)) == (low, high)


@given(whole=st.integers(1, 10_000), part=st.integers(0, 10_000))
def test_an_interval_holds_the_rate(whole: int, part: int) -> None:
    """The rate lies in its interval, which lies between 0 and 1; of what is no share there is none."""
    found = wilson(part, whole)
    assert (found is None) == (part > whole)
    if found:
        assert 0 <= found[0] <= part / whole <= found[1] <= 1
    assert wilson(0, 0) is None


def test_discoveries_are_those_of_the_paper() -> None:
    """The example of Benjamini and Hochberg's paper: of 15 p-values four are discoveries at 5 %."""
    chances = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    chances += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert discoveries(chances, 0.05) == 0.0095
    assert discoveries([0.9, 0.5], 0.05) == -1
    assert discoveries([], 0.05) == -1
