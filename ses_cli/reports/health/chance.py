"""What chance alone does to counts: intervals of rates, tests of differences, and many tests at once."""

from collections.abc import Sequence
from math import exp, lgamma, log, sqrt

_Z = 1.959963984540054  # the 97.5th percentile of the normal distribution
_TINY = 1e-300
_ENOUGH = 1e-12  # relative precision of the continued fraction
_MOST_STEPS = 10_000


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """The interval that holds the true rate with 95 % confidence; None where the numbers make no share.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if not 0 <= part <= whole or not whole:
        return None
    rate, square = part / whole, _Z * _Z
    middle = (rate + square / (2 * whole)) / (1 + square / whole)
    half = _Z / (1 + square / whole) * sqrt(rate * (1 - rate) / whole + square / (4 * whole * whole))
    return (0.0 if part == 0 else middle - half, 1.0 if part == whole else middle + half)


def tail(at_least: float, trials: float, chance: float) -> float:
    """The probability of so many successes or more, of independent trials; counts need not be whole numbers."""
    if at_least <= 0:
        return 1.0
    if at_least > trials:
        return 0.0
    return incomplete_beta(at_least, trials - at_least + 1, chance)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function, by its continued fraction.

    Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.5.8, evaluated by Lentz's method.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _kept(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _kept(1 + term * d)
            c = _kept(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _ENOUGH:
            break
    return value


def _kept(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def discoveries(chances: Sequence[float], rate: float) -> float:
    """The largest of these p-values that still is a discovery, at this false discovery rate; -1 where none is.

    Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57 (1995).
    """
    found = -1.0
    for place, chance in enumerate(sorted(chances), 1):
        if chance <= rate * place / len(chances):
            found = chance
    return found
