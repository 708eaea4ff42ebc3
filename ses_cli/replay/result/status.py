"""How a replay that follows a log stands, as it tells the process that started it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """How it stands."""

    delivered: int
    failed: int  # given up on, or without an answer
    waiting: int = 0  # callbacks that are stored and neither delivered nor failed
    is_all: bool = True  # else there are more of them
    failing: float | None = None  # seconds since the target began to take nothing; None: it does
    retry_in: float = 0.0  # seconds until the next attempt, 0 where one is under way
    cause: str = ""  # why the last attempt failed
    end: str | None = None  # how it ended, as the report has it
