"""The commands of docs/suppression.md hand over every address, run with stand-ins that write down their input."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.logs import log, record

PAGE = (Path(__file__).parents[2] / "docs" / "suppression.md").read_text()
SECTIONS = dict(re.findall(r"^## (.*?)\n.*?```sh\n(.*?)```", PAGE, flags=re.MULTILINE | re.DOTALL))
DEAD = [f"user{n:03}@a.example" for n in range(250)]
# writes its arguments, and the file that is named in them, as one line of JSON
STUB = (
    f"#!{sys.executable} -IS"
    + r"""
import json, os, re, sys
sys.stdin.read()
calls = os.environ["CALLS"]
done = len(open(calls).readlines()) if os.path.exists(calls) else 0
if done == int(os.environ.get("FAIL_AT", "-1")):
    sys.exit(3)
names = [re.sub(r"^(?:file=@|file://)", "", argument) for argument in sys.argv[1:]]
files = {name: open(name).read() for name in names if os.path.isfile(name)}
open(calls, "a").write(json.dumps({"argv": [os.path.basename(sys.argv[0]), *sys.argv[1:]], "files": files}) + "\n")
"""
)


class Shell:
    """A directory with a log and the stand-ins."""

    def __init__(self, home: Path, path: str) -> None:
        self.home = home
        (home / "bin").mkdir()
        for name in ("tccli", "aws", "curl"):
            (home / "bin" / name).write_text(STUB)
            (home / "bin" / name).chmod(0o755)
        self.write(DEAD)
        self.env = {"PATH": f"{home / 'bin'}:{path}", "HOME": str(home), "CALLS": str(home / "calls"), "TZ": "UTC"}

    def write(self, dead: list[str]) -> None:
        """Writes the log, of these dead addresses."""
        bounces = [record(email=email, timestamp=1_700_000_000 + n) for n, email in enumerate(dead)]
        (self.home / "log.jsonl").write_bytes(log(*bounces))

    def run(self, script: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Runs a script as a user would paste it."""
        script = f"set -o pipefail\n{script}"
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.home,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def calls(self) -> list[dict[str, object]]:
        """What the stand-ins were given."""
        path = self.home / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def shell(tmp_path: Path, program_path: str) -> Shell:
    return Shell(tmp_path, program_path)


def handed(shell: Shell) -> list[str]:
    """All addresses of the log that were handed over, sorted."""
    return sorted(re.findall(r"user\d+@a\.example", json.dumps(shell.calls())))


def test_tencent(shell: Shell) -> None:
    """Each request body goes to CreateCustomBlacklist, one after another, and all addresses with them."""
    done = shell.run(SECTIONS["Tencent Cloud SES"])
    assert done.returncode == 0, done.stderr
    bodies = [json.loads(body) for call in shell.calls() for body in dict(call["files"]).values()]  # type: ignore[call-overload]
    assert [len(body["Emails"]) for body in bodies] == [100, 100, 50]
    assert all(call["argv"][:3] == ["tccli", "ses", "CreateCustomBlacklist"] for call in shell.calls())  # type: ignore[index]
    assert handed(shell) == DEAD


def test_tencent_goes_on_where_it_stopped(shell: Shell) -> None:
    """A request that fails stops the loop, which says how to go on; going on hands over the rest and nothing twice."""
    done = shell.run(SECTIONS["Tencent Cloud SES"], FAIL_AT="1")
    found = re.search(r"go on with START=(\d+)", done.stderr)
    assert done.returncode != 0
    assert found
    assert shell.run(SECTIONS["Tencent Cloud SES"], START=found[1]).returncode == 0
    assert handed(shell) == DEAD


@pytest.mark.parametrize(
    ("section", "calls"), [("Amazon SES", ["aws", "aws"]), ("Mailgun", ["curl"]), ("listmonk", ["curl"] * 20)]
)
def test_others(shell: Shell, section: str, calls: list[str]) -> None:
    """The commands run as they stand, and what they are given holds every address."""
    names = ("BUCKET", "DOMAIN", "MAILGUN_KEY", "LISTMONK_USER", "LISTMONK_TOKEN", "LISTMONK_URL")
    shell.write(DEAD[:20])
    done = shell.run(f"set -u\n{SECTIONS[section]}", **{name: name.lower() for name in names})
    assert done.returncode == 0, done.stderr
    assert [call["argv"][0] for call in shell.calls()] == calls  # type: ignore[index]
    assert sorted(set(handed(shell))) == DEAD[:20]


def test_cloudflare(shell: Shell) -> None:
    """The file to import has one address a line and nothing else."""
    assert shell.run(SECTIONS["Cloudflare"]).returncode == 0
    assert sorted((shell.home / "dead.txt").read_text().splitlines()) == DEAD


def test_the_page_has_every_target() -> None:
    """The table of the page has the targets that `--export` offers, and says of each what it takes."""
    from ses_cli.suppression import FORMATS

    rows = re.findall(r"^\| `(.*?)` \| .*? \| (.*?) \| (.*?) \| (.*?) \|$", PAGE, flags=re.MULTILINE)
    events = ("bounce", "spamreport", "unsubscribe")
    told = {name: {event for event, word in zip(events, words, strict=True) if word != "no"} for name, *words in rows}
    assert told == {name: set(target.events) for name, target in FORMATS.items()}
