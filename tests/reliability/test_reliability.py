"""One command plays all of it: what was played is not played again, and its figures are a table."""

from pathlib import Path

import pytest

from tests.reliability.__main__ import main


def test_it_goes_on_where_it_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second run plays nothing, whatever seed it is given, and tells the same figures."""
    record = tmp_path / "record"
    given = ["reliability", "--record", str(record), "--part", "worlds", "--worlds", "20", "--jobs", "1"]
    monkeypatch.setattr("sys.argv", [*given, "--seed", "17"])
    assert main() == 0
    first, length = capsys.readouterr().out, record.stat().st_size
    monkeypatch.setattr("sys.argv", [*given, "--seed", "18"])
    assert main() == 0
    second = capsys.readouterr().out
    assert record.stat().st_size == length
    assert second.startswith("seed 17, 1 pieces")
    assert "\n| 17 | 20 | " in first
    assert first[first.index("| first") :] == second[second.index("| first") :]
