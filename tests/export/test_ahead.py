"""Work that goes on in threads is used in its order."""

from functools import partial
from threading import Event, current_thread

import pytest

from ses_cli.export.ahead import Ahead


def test_what_is_done_first_waits_for_what_was_asked_first() -> None:
    """Two pieces of work that go on side by side; the later one is done before the earlier one can be."""
    used: list[str] = []
    done, workers = Event(), []

    def first() -> str:
        workers.append(current_thread())
        assert done.wait(30)
        return "first"

    def second() -> str:
        workers.append(current_thread())
        done.set()
        return "second"

    with Ahead(used.append, 2) as ahead:
        ahead.put(lambda: "here")
        assert used == ["here"]
        ahead.put(first)
        ahead.put(second)
    assert used == ["here", "first", "second"]
    assert len(workers) == 2
    assert not any(worker.is_alive() for worker in workers)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_failure_is_raised_where_work_is_asked_for(threads: int) -> None:
    """What follows is not used any more."""
    used: list[int] = []

    def work() -> None:
        with Ahead(used.append, threads) as ahead:
            for number in range(10):
                ahead.put(partial(quotient, number))

    with pytest.raises(ZeroDivisionError):
        work()
    assert used == [-3, -6]


def quotient(number: int) -> int:
    """Fails for one of the numbers."""
    return 6 // (number - 2)
