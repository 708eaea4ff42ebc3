"""docs/reasons.md tells what the rules are."""

import re
import subprocess
import sys
from pathlib import Path

from ses_cli.reasons import Classifier, load_rules
from ses_cli.reasons.ready import READY, ready_rules
from ses_cli.reasons.rules import read_builtin, read_rules

DOCS = Path(__file__).parents[2] / "docs"


def test_page_is_fresh(tmp_path: Path) -> None:
    """The generator, run again, writes the page that is there, with the figures measured now."""
    written = tmp_path / "reasons.md"
    subprocess.run([sys.executable, DOCS / "make_reasons.py", written], check=True)
    assert written.read_text("utf-8") == (DOCS / "reasons.md").read_text("utf-8")


def test_what_is_ready_is_fresh(tmp_path: Path) -> None:
    """The rules and patterns in `ready.tsv` are those of the rules and of the code."""
    written = tmp_path / "ready.tsv"
    subprocess.run([sys.executable, DOCS / "make_ready.py", written], check=True)
    assert written.read_bytes() == Path(READY).read_bytes()
    assert ready_rules() == read_builtin()


def test_the_rule_of_the_page_works() -> None:
    """The example rule in the page loads and decides its own example."""
    text = (DOCS / "reasons.md").read_text("utf-8")
    found = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert found
    own = read_rules(found[1], "page", own=True)
    verdict = Classifier((*own, *load_rules())).classify(own[0].example)
    assert verdict.rule == own[0].id
