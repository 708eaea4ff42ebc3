"""What the coverage-guided fuzzer has kept is without a defect."""

import pytest

from ses_cli.engine import is_built
from tests.fuzz.guided import TARGETS, load


@pytest.mark.skipif(not is_built(), reason="there is one engine only")
@pytest.mark.parametrize("name", TARGETS)
def test_what_was_kept_has_no_defect(name: str) -> None:
    """Engines and definition agree on every kept line; every kept exchange is answered alike wherever it is cut."""
    kept = load(name)
    assert kept
    assert [data for data in kept if TARGETS[name].defect(data)] == []
