"""Times commands as whole processes, in turn, round after round, so that drift of the machine hits all alike."""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Runs:
    """What was measured of one command."""

    seconds: list[float] = field(default_factory=list)
    peak: float = 0.0  # MB, of its largest process

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


def measure(commands: Mapping[str, Sequence[str]], rounds: int, cores: int | None = None) -> dict[str, Runs]:
    """Runs each command once for nothing, then `rounds` times in turn. A command that is not there is left out."""
    found: dict[str, Runs] = {}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            if turn and name not in found:
                continue
            seconds, peak = once(command, cores)
            if seconds is None:
                continue
            runs = found.setdefault(name, Runs())
            if turn:
                runs.seconds.append(seconds)
                runs.peak = max(runs.peak, peak)
    return found


def once(command: Sequence[str], cores: int | None = None) -> tuple[float | None, float]:
    """Seconds of one run, None if it cannot be started or fails, and MB of its largest process."""
    started = time.perf_counter()
    try:
        process = subprocess.Popen(
            ["taskset", "-c", f"0-{cores - 1}", *command] if cores else command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return None, 0.0
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    return (time.perf_counter() - started if status == 0 else None), usage.ru_maxrss / 1024


def table(title: str, runs: Mapping[str, Runs], base: str, records: int | None = None) -> str:
    """A Markdown table: seconds, ratio to `base`, peak memory and records a second."""
    rate = "| records/s " if records else ""
    lines = [
        f"### {title}",
        "",
        f"| | seconds | ratio | peak MB {rate}|",
        f"|---|---:|---:|---:|{'---:|' if records else ''}",
    ]
    for name, run in runs.items():
        per_second = f" {records / run.median:,.0f} |" if records else ""
        ratio = run.median / runs[base].median
        lines.append(f"| {name} | {run.median:.2f} | {ratio:.2f} | {run.peak:,.0f} |{per_second}")
    return "\n".join(lines) + "\n"
