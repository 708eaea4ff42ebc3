"""Bodies are validated as the reading commands validate lines, and those that arrive at once are validated at once."""

import asyncio
from collections.abc import Sequence

from ses_cli.batch import Checks, Piece
from ses_cli.callback import Callback
from ses_cli.engine import engine
from ses_cli.events import Problem

Validated = Callback | Sequence[Problem]
"""A valid callback, or all the problems of a line that is not one (at least one)."""

_EMPTY = (Problem("", 0, 0, "not-json", "", "expected one JSON document, got nothing"),)


class Validator:
    """Validates lines, none with a line break in it. For one thread."""

    def __init__(self, max_line: int) -> None:
        self._engine = engine(Checks(max_line))

    def __call__(self, lines: Sequence[bytes]) -> list[Validated]:
        """What each of the lines is."""
        batch = self._engine.check(Piece("", 0, b"\n".join([*lines, b""])))
        if batch.count == len(lines):
            return list(batch.callbacks())
        results: list[Validated] = [_EMPTY] * len(lines)
        for found in batch.located():
            results[found.line - 1] = found.record
        for invalid in batch.invalid:
            results[invalid.problems[0].line - 1] = invalid.problems
        return results


class BatchValidator:
    """Takes lines from many coroutines of a loop, and validates those of one turn together, which costs far less."""

    def __init__(self, validator: Validator) -> None:
        self._validator = validator
        self._lines: list[bytes] = []
        self._futures: list[asyncio.Future[Validated]] = []

    def __call__(self, line: bytes) -> "asyncio.Future[Validated]":
        """What the line is, in the next turn of the loop."""
        loop = asyncio.get_running_loop()
        if not self._lines:
            loop.call_soon(self._validate)
        future: asyncio.Future[Validated] = loop.create_future()
        self._lines.append(line)
        self._futures.append(future)
        return future

    def _validate(self) -> None:
        lines, self._lines = self._lines, []
        futures, self._futures = self._futures, []
        try:
            results = self._validator(lines)
        except Exception as error:  # a defect in there is reported by those who wait
            for future in futures:
                if not future.done():
                    future.set_exception(error)
            return
        for future, result in zip(futures, results, strict=True):
            if not future.done():  # cancelled
                future.set_result(result)
