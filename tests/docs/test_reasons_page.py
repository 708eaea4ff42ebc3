"""The round trip of docs/reasons.md is run as it stands there: list, decide, learn."""

import re
import subprocess
from pathlib import Path

from tests.logs import log, record

PAGE = (Path(__file__).parents[2] / "docs" / "reasons.md").read_text()
TEXT = "550 5.7.1 Message rejected"


def test_texts_are_decided_once(program_path: str, tmp_path: Path) -> None:
    """A text that was for review has the verdict that was written beside it."""
    (script,) = re.findall(r"^## Decide once\n.*?```sh\n(.*?)```", PAGE, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "log.jsonl").write_bytes(log(record(reason=TEXT)))
    editor = r"sed -i 's/policy\treview/authentication\tfix-sender/'"
    done = subprocess.run(
        ["bash", "-ec", script.replace('"${EDITOR:-vi}"', editor)],
        cwd=tmp_path,
        env={"PATH": program_path, "HOME": str(tmp_path), "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "1 rule written" in done.stderr
    assert re.search(rf"authentication +fix-sender .*{re.escape(TEXT)}", done.stdout)
