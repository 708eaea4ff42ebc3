"""The differential fuzzer, for a few rounds."""

from random import randrange

import pytest

from ses_cli.engine import is_built

pytestmark = pytest.mark.skipif(not is_built(), reason="there is one engine only")


@pytest.mark.parametrize("number", range(3))
def test_engines_and_definition_agree_on_mutated_lines(number: int) -> None:
    """Records, problems, warnings, rows and counts of some thousands of lines, other ones each time."""
    from tests.fuzz.compare import play

    seed = randrange(1 << 32)
    found = play(seed, number)[1]
    assert not found, f"python -m tests.fuzz --seed {seed} --round {number}: {found}"
