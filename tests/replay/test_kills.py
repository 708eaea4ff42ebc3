"""Of a killed replay nothing is lost or out of order, and no more is doubled than was announced as unknown."""

import random
from pathlib import Path

import pytest

from .kills import experiment


@pytest.mark.parametrize("concurrency", [1, 16, 64])
def test_killed_while_the_target_resets_dies_and_stalls(tmp_path: Path, concurrency: int) -> None:
    """Up to four kills of the program: what is unknown of each is no more than was in flight, and listed exactly."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    found = experiment(tmp_path, 4, concurrency, seed)
    assert (found.lost, found.out_of_order, found.unannounced, found.ended) == (0, 0, 0, [])
    assert found.kills > 0
    assert found.most_unknown <= concurrency
