"""docs/reasons.md tells what the rules are."""

import re
import subprocess
import sys
from pathlib import Path

from ses_cli.reasons import Classifier, load_rules
from ses_cli.reasons.rules import read_rules

DOCS = Path(__file__).parents[2] / "docs"


def test_page_is_fresh(tmp_path: Path) -> None:
    """The generator, run again, writes the page that is there, with the figures measured now."""
    written = tmp_path / "reasons.md"
    subprocess.run([sys.executable, DOCS / "make_reasons.py", written], check=True)
    assert written.read_text("utf-8") == (DOCS / "reasons.md").read_text("utf-8")


def test_the_rule_of_the_page_works() -> None:
    """The example rule in the page loads and decides its own example."""
    text = (DOCS / "reasons.md").read_text("utf-8")
    found = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert found
    own = read_rules(found[1], "page", own=True)
    verdict = Classifier((*own, *load_rules())).classify(own[0].example)
    assert verdict.rule == own[0].id
