"""What must not be left behind when a signal ends the process: half-written files, processes, the mode of a terminal.

Blocks of `with` clear such things away when an exception passes through them. A signal raises none (see
`cli/signals`): whoever ends the process by it calls `clear_leftovers`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

TYPE_CHECKING = False  # see the package's `__init__`
if TYPE_CHECKING:
    from pathlib import Path

Action = Callable[[], object]

_actions: dict[Action, None] = {}


def register_leftover(action: Action) -> None:
    """Have something cleared away. Before it is made, since a signal may come between any two steps."""
    _actions[action] = None


def forget_leftover(action: Action) -> None:
    """It is cleared away, or is to stay."""
    _actions.pop(action, None)


def clear_leftovers() -> None:
    """Clear all away, the latest first. What fails holds up nothing."""
    for action in reversed(list(_actions)):
        with suppress(Exception):
            action()


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """A directory of this process alone, removed at the end."""
    import shutil  # start-up
    import tempfile
    from pathlib import Path

    path = Path(tempfile.gettempdir(), f"ses-events-{os.urandom(8).hex()}")
    remove = partial(shutil.rmtree, path, ignore_errors=True)
    register_leftover(remove)
    try:
        path.mkdir(mode=0o700)
        yield path
    finally:
        remove()
        forget_leftover(remove)
