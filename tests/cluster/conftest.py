"""One cluster for all tests of a process."""

from collections.abc import Iterator

import pytest

from tests.cluster.processes import Processes
from tests.objects.conftest import KEYS, store

__all__ = ["store"]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """A scheduler. A task that has killed two workers is given up."""
    environment = {**KEYS, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    with Processes(tmp_path_factory.mktemp("cluster"), environment) as processes:
        yield processes


@pytest.fixture
def processes(running: Processes) -> Processes:
    """The scheduler with two workers."""
    running.keep(2)
    return running
