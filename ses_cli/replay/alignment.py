"""Which file is which of the logs that a journal knows, where their order counts too."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class _Choice(NamedTuple):
    """What some files are: as a chain, so that choices for more files share it."""

    known: int  # bytes that are known of them, and one for each that is known
    number: int | None = None  # of the first file's log
    rest: "_Choice | None" = None


_NOTHING = _Choice(0)


def align(candidates: Sequence[Mapping[int, int]]) -> list[int | None]:
    """For each file the log that it is, None where it is none; files and logs are both in the order of their time.

    The candidates of a file are the logs that it may be, with the number of bytes by which it is known as that. As many
    bytes as can be are known by the choice. Where two files may be the same log, the first one is, so that nothing
    that stands between them is passed over. Of

        [{1: 100, 3: 0}, {}, {3: 50}]

    the first file is log 1, the second none, and the third log 3.
    """
    numbers = sorted({number for found in candidates for number in found})
    best = [_NOTHING] * (len(numbers) + 1)  # at n: for the files from one on, of the logs from `numbers[n]` on
    for found in reversed(candidates):
        choices = [_Choice(rest.known, None, rest) for rest in best]
        for at in reversed(range(len(numbers))):
            other, without, number = choices[at + 1], choices[at], numbers[at]
            known = best[at + 1].known + found[number] + 1 if number in found else -1
            if known > other.known and known >= without.known:
                choices[at] = _Choice(known, number, best[at + 1])
            elif other.known >= without.known:
                choices[at] = other
        best = choices
    chosen, choice = [], best[0]
    for _ in candidates:
        chosen.append(choice.number)
        choice = choice.rest or _NOTHING
    return chosen
