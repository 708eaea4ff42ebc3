"""What a scenario is: how its directory begins, what is done with the program, and what must hold afterwards."""

import json
from typing import Protocol

from tests.faults.running import Run


class Scenario(Protocol):
    """A way to use the program. Each play has a directory of its own, and begins in the same way."""

    @property
    def name(self) -> str:
        """As the command line calls it."""

    @property
    def bound(self) -> tuple[str, ...]:
        """Files that have to be the same ones, by inode, where a crash state is laid out."""

    def prepare(self, run: Run) -> None:
        """What lies there before."""

    def drive(self, run: Run) -> None:
        """Uses the program; the first start is the one that faults are for."""

    def judge(self, run: Run, is_killed: bool) -> list[str]:
        """What is wrong after that."""

    def again(self, run: Run, is_crash: bool = False) -> list[str]:
        """The next start, and what is wrong after it; `is_crash`: files may be as a power cut left them."""


def callback(name: str, email: str = "a@example.com", pad: int = 0) -> bytes:
    """A callback with this bulkId."""
    fields = {"event": "delivered", "email": email, "bulkId": name, "timestamp": 1654064683}
    return json.dumps({**fields, **({"pad": "x" * pad} if pad else {})}).encode()
