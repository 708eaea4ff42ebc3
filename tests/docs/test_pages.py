"""What the documentation claims is run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ses_cli.export.arrow import plain, schema_of
from ses_cli.export.columns import choose

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MESSAGES = (ROOT / "docs" / "messages.md").read_text()
SESSIONS = re.findall(r"```console\n(.*?)```", README + MESSAGES, flags=re.DOTALL)

LIBRARY = (ROOT / "docs" / "library.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", README + LIBRARY, flags=re.DOTALL)


def commands(session: str) -> list[tuple[str, str]]:
    """The commands of a terminal session, each with what it prints."""
    parts = re.split(r"^\$ (.*)\n", session, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize(
    ("command", "expected"), [pair for session in SESSIONS for pair in commands(session)], ids=lambda text: text[:60]
)
def test_session(command: str, expected: str, program_path: str, tmp_path: Path) -> None:
    """A command of the README, or of docs/messages.md, prints what is shown there, errors included."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    env = {"PATH": program_path, "TZ": "Asia/Shanghai", "HOME": str(tmp_path), "LANG": "C.UTF-8", "COLUMNS": "100"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    expected, printed = expected.rstrip("\n"), done.stdout.rstrip("\n")
    if expected.endswith("\n..."):
        assert printed.startswith(expected.removesuffix("..."))
    else:
        assert printed == expected


def test_readme_commands_are_what_ci_runs() -> None:
    """The two one-line commands of the README stand in `.ci/run` as they are."""
    blocks = re.findall(r"```sh\n(.*?)\n```", README, flags=re.DOTALL)
    ci = (ROOT / ".ci" / "run").read_text()
    assert len(blocks) >= 2
    for block in blocks[:2]:
        assert block.removeprefix("git clone").splitlines()[-1] in ci


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_library_example(tmp_path: Path, example: str) -> None:
    """Each library example of the README and of docs/library.md runs and prints what its comments say."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    expected = re.findall(r"# -> (.*)", example)
    done = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=True)
    printed = [line for line in done.stdout.splitlines() if line and "▕" not in line]  # DuckDB's bar on a busy machine
    assert printed == expected
    assert expected


def test_the_library_page_has_every_column() -> None:
    """The table of columns in docs/library.md has all of them, in their order, with the types that Arrow has."""
    columns = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", LIBRARY, flags=re.MULTILINE)
    assert columns == [(field.name, str(field.type)) for field in plain(schema_of(choose(())))]


def test_command_page_is_fresh() -> None:
    """docs/cli.md is what docs/make_cli.py writes."""
    made = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.path.insert(0, 'docs'); import make_cli; print(make_cli.page(), end='')",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout == (ROOT / "docs" / "cli.md").read_text()


def test_manual_pages_are_fresh() -> None:
    """docs/man has what docs/make_cli.py writes: a page for each command, and nothing else."""
    code = "import sys, json; sys.path.insert(0, 'docs'); import make_man; print(json.dumps(make_man.pages()))"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(made.stdout) == {page.name: page.read_text() for page in (ROOT / "docs" / "man").iterdir()}


@pytest.mark.skipif(not shutil.which("man"), reason="there is no man")
@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "man").iterdir()), ids=lambda page: page.name)
def test_manual_pages_are_well_formed(page: Path) -> None:
    """groff has nothing to say against a page, and shows the command's name and its options."""
    done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert page.stem in done.stdout.replace("\u2010", "-")
    assert "OPTIONS" in done.stdout


def test_every_command_has_examples_first() -> None:
    """The help of every command shows an example before its options."""
    page = (ROOT / "docs" / "cli.md").read_text()
    for section in page.split("\n## ")[1:]:
        text = section.split("Options:")[0]
        assert re.search(r"^  ses-events \w+", text, flags=re.MULTILINE), section[:40]


def test_the_chinese_readme_has_the_same_commands() -> None:
    """Every block of commands and code, and every command of the table, stands in both READMEs, in the same order."""
    chinese = (ROOT / "README.zh-CN.md").read_text()
    block = re.compile(r"```\w+\n.*?```", flags=re.DOTALL)
    assert block.findall(chinese) == block.findall(README)
    row = re.compile(r"^\| (`ses-events .*?) \|", flags=re.MULTILINE)
    assert [one.replace("、", ", ") for one in row.findall(chinese)] == row.findall(README)


def test_links_lead_somewhere() -> None:
    """Every relative link in a page of the project leads to a file."""
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
