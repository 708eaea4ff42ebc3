"""Writes the README's pictures, docs/terminal.png and docs/report.png: `check` and `report` of a log with a change.

Needs `pip install -e '.[dev]'` and chromium.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

DOCS = Path(__file__).parent
LOG = ("--records", "60000", "--days", "8", "--seed", "3")
CHANGE = "domain=qq.com,class=spam-content,since=2026-01-11T14,share=0.3"
OPTIONS = ("--tz", "+08:00", "--until", "2026-01-12T16")
WIDTH = 100  # columns
LINES = 31


def picture_of(page: Path, width: int, height: int, target: Path, scale: float = 1) -> None:
    """Draws the top of a page."""
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", f"--force-device-scale-factor={scale}",
         f"--window-size={width},{height}", f"--screenshot={target}", page.as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip


def terminal(log: Path, page: Path) -> tuple[int, int]:
    """Writes what a terminal shows of `check`, as a page; its width and height."""
    env = {**os.environ, "COLUMNS": str(WIDTH)}
    command = ["check", "--top", "3", *OPTIONS, log.name]
    run = [sys.executable, "-m", "ses_cli", command[0], "--color", *command[1:]]
    shown = subprocess.run(run, env=env, cwd=log.parent, capture_output=True, text=True, check=True).stdout
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"))
    console.print(Text.from_ansi("\n".join((f"$ ses-events {' '.join(command)}", "", *shown.splitlines()[:LINES]))))
    drawn = console.export_svg(title="ses-events check")
    page.write_text(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{drawn}")
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)
    assert size
    return int(float(size[1])), int(float(size[2]))


def main() -> None:
    """Writes both."""
    with tempfile.TemporaryDirectory() as name:
        log, page = Path(name, "log.jsonl"), Path(name, "page.html")
        make = [sys.executable, str(DOCS.parent / "examples" / "make_log.py"), *LOG, "--plant", CHANGE, "-o", str(log)]
        subprocess.run(make, check=True)
        picture_of(page, *terminal(log, page), DOCS / "terminal.png", 1.25)
        report = [sys.executable, "-m", "ses_cli", "report", "-o", str(page), *OPTIONS, str(log)]
        subprocess.run(report, check=True)
        picture_of(page, 1280, 1500, DOCS / "report.png")


if __name__ == "__main__":
    main()
