"""How much more rates vary from day to day than chance alone makes them."""

from dataclasses import dataclass

from ses_cli.reports.health.cube import Cube

_ENOUGH = 5.0  # expected in a block, for it to count
_LEAST = 4  # degrees of freedom, to tell anything
_UNKNOWN = 2.0  # the factor where they are fewer


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of a count, as a multiple of what chance makes it.

    Failures come in clusters: one dead address is mailed several times, one campaign reaches one receiver. So counts
    are divided by this factor before they are tested, the design effect of J. N. K. Rao, A. J. Scott, "A simple method
    for the analysis of clustered binary data", Biometrics 48 (1992). It is estimated by Pearson's statistic over the
    blocks of the baseline, as for quasi-likelihood: P. McCullagh, J. A. Nelder, "Generalized Linear Models" (1989),
    4.5. Rates that drift make it grow with the count, as the variance of a negative binomial does.
    """

    factor: float = 1.0
    growth: float = 0.0  # for each one expected

    def of(self, expected: float) -> float:
        """The factor of a count of which so many are expected."""
        return max(1.0, self.factor, 1 + self.growth * expected)


def spread(cube: Cube) -> Spread:
    """The spread of a metric in its baseline."""
    square = excess = weight = 0.0
    blocks: dict[object, int] = {}
    cells = 0
    for (mail, block), whole in cube.blocks_whole.items():
        total, part = cube.before.whole[mail], cube.before.part[mail]
        expected = whole * part / total if total else 0.0
        if expected < _ENOUGH:
            continue
        difference = cube.blocks_part.get((mail, block), 0) - expected
        square += difference * difference / expected
        excess += difference * difference - expected
        weight += expected * expected
        blocks[mail] = blocks.get(mail, 0) + 1
        cells += 1
    freedom = cells - len(blocks)
    if freedom < _LEAST:
        return Spread(_UNKNOWN)
    # the statistic itself varies: its standard error is added
    return Spread(square / freedom * (1 + (2 / freedom) ** 0.5), max(excess / weight, 0.0))
