"""docs/check.md shows the rules, classes and definitions that the program uses."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from ses_cli.ledger import Ledger
from ses_cli.reports.health.classes import INVALID_ADDRESS, SPAM_BOUNCE
from ses_cli.reports.health.exposition import exposition
from ses_cli.reports.health.rates import COUNTS, RATES
from ses_cli.reports.health.report import Health
from ses_cli.reports.health.rules import BLOCK, LOWER, QUOTAS, RAISE
from tests.logs import log, record

PAGE = (Path(__file__).parents[2] / "docs" / "check.md").read_text()
TEXT = " ".join(PAGE.split())


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def code(*names: object) -> str:
    return ", ".join(f"`{name}`" for name in names)


def test_the_definitions_are_shown() -> None:
    """Every count and every rate stands there as it is computed."""
    for name, meaning in COUNTS.items():
        assert row(f"`{name}`", meaning) in PAGE
    for rate in RATES.values():
        assert row(f"`{rate.name}`", rate.formula) in PAGE


def test_the_classes_are_shown() -> None:
    """Which classes count as what stands there."""
    assert row("`invalid_addresses`", code(*INVALID_ADDRESS)) in PAGE
    assert row("`spam_bounces`", code(*SPAM_BOUNCE)) in PAGE


def test_the_rules_are_shown() -> None:
    """Every limit stands there, and every quota."""
    lines = {"block: any of": BLOCK, "lower: any of": LOWER, "raise: all of": RAISE[0], "raise: or all of": RAISE[1]}
    for name, limits in lines.items():
        assert row(name, code(*limits)) in PAGE
    assert ", ".join(f"{level}: {mails:,}" for level, mails in QUOTAS.items()) in TEXT


(SLACK,) = [block for block in re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL) if "SLACK" in block]


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not there")
@pytest.mark.parametrize(("bounces", "is_told"), [(0, False), (100, True)])
def test_slack_is_told_of_failures(tmp_path: Path, program_path: str, bounces: int, is_told: bool) -> None:
    """The command of the page posts the failures as JSON, and nothing where there are none."""
    now = int(time.time())
    mails = [record(event="delivered", reason="", email=f"a{n}@b.c", timestamp=now) for n in range(400)]
    dead = [record(email=f"b{n}@b.c", timestamp=now) for n in range(bounces)]
    (tmp_path / "log.jsonl").write_bytes(log(*mails, *dead))
    (tmp_path / "bin").mkdir()
    curl = tmp_path / "bin" / "curl"
    curl.write_text('#!/bin/sh\ncat >posted.json\necho "$@" >arguments\n')
    curl.chmod(0o755)
    env = {
        "PATH": f"{curl.parent}:{program_path}",
        "HOME": str(tmp_path),
        "SLACK_WEBHOOK_URL": "https://hooks.example/x",
    }
    subprocess.run(["bash", "-c", SLACK], cwd=tmp_path, env=env, check=is_told, stdin=subprocess.DEVNULL, timeout=60)
    if is_told:
        text = json.loads((tmp_path / "posted.json").read_text())["text"]
        assert text.startswith("failed: lower: fromexample.com on ")
        assert (tmp_path / "arguments").read_text().endswith("https://hooks.example/x\n")
    else:
        assert not (tmp_path / "posted.json").exists()


def test_the_metrics_are_shown() -> None:
    """The page has every metric that is written, and its alerts use no other."""
    text = b"".join(exposition(Health(), Ledger())).decode()
    written = set(re.findall(r"^# TYPE (\w+)", text, flags=re.MULTILINE))
    assert set(re.findall(r"^\| `(ses_events_\w+)`", PAGE, flags=re.MULTILINE)) == written
    assert set(re.findall(r"ses_events_\w+", PAGE.split("```yaml")[1])) <= written


def test_the_cron_lines_are_commands(tmp_path: Path, program_path: str) -> None:
    """What the page has cron run is understood by the program."""
    lines = re.findall(r"^[^\n]* \* \* \* \* (ses-events .*)$", PAGE, flags=re.MULTILINE)
    assert len(lines) == 2
    (tmp_path / "log.jsonl").write_bytes(log(record(timestamp=int(time.time()))))
    for line in lines:
        command = re.sub(r"/var/\S*/(\w+\.\w+)", r"\1", line).replace("/var/log/ses", "log.jsonl")
        env = {"PATH": program_path, "HOME": str(tmp_path)}
        assert subprocess.run(["bash", "-c", command], cwd=tmp_path, env=env, check=False, timeout=60).returncode == 0
