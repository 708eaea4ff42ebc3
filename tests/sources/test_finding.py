"""Which sources a command reads."""

import os
import sys
from pathlib import Path

import pytest

from ses_cli.errors import UsageError
from ses_cli.sources import find


def test_a_directory_is_its_logs(tmp_path: Path) -> None:
    """A directory stands for the logs below it, packed or not, in order; not for anything else in it."""
    for name in ("b.jsonl", "a.ndjson.gz", "sub/c.jsonl.zst", "d.jsonl.bz2", "e.ndjson.xz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    for name in ("notes.txt", ".hidden.jsonl", "a.rejects.jsonl", "a.replay-1.jsonl", "data.json"):
        (tmp_path / name).write_bytes(b"")
    sources, errors = find([str(tmp_path)])
    assert not errors
    found = [os.path.relpath(source.path, tmp_path) for source in sources]
    assert found == ["a.ndjson.gz", "b.jsonl", "d.jsonl.bz2", "e.ndjson.xz", "sub/c.jsonl.zst"]


@pytest.mark.skipif(not os.access("/proc/self/mem", os.R_OK), reason="needs a file that opens and cannot be read")
def test_one_file_that_cannot_be_read_costs_no_other(tmp_path: Path) -> None:
    """In a directory with a file that cannot be read the others are still sources."""
    (tmp_path / "a.jsonl").write_bytes(b"")
    (tmp_path / "b.jsonl").symlink_to("/proc/self/mem")
    (tmp_path / "c.jsonl").write_bytes(b"")
    sources, errors = find([str(tmp_path)])
    assert [Path(source.path).name for source in sources] == ["a.jsonl", "c.jsonl"]
    assert [error.message for error in errors] == [f"{tmp_path}/b.jsonl: input/output error"]


def test_a_wrong_name_gets_a_hint(tmp_path: Path) -> None:
    """A file that is not there: the error names it, the hint names the logs beside it."""
    (tmp_path / "callbacks.jsonl").write_bytes(b"")
    _, (error,) = find([str(tmp_path / "callback.jsonl")])
    assert "callback.jsonl: no such file" in error.message
    assert "callbacks.jsonl" in (error.hint or "")


def test_a_directory_without_logs_says_so(tmp_path: Path) -> None:
    """A directory without logs is an error that says how logs are named."""
    _, (error,) = find([str(tmp_path)])
    assert "without logs" in error.message
    assert ".jsonl" in (error.hint or "")


@pytest.mark.skipif(sys.platform == "darwin", reason="names there are text")
def test_a_name_is_fit_to_be_shown(tmp_path: Path) -> None:
    """A name with bytes that are no UTF-8, or with a line break, is one line of text."""
    path = os.fsencode(tmp_path) + b"/a\nb\xff.jsonl"
    Path(os.fsdecode(path)).write_bytes(b"")
    (source,), _ = find([os.fsdecode(path)])
    assert source.name.encode()
    assert "\n" not in source.name


def test_nothing_to_read_names_all_three_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file, a pipe, a variable or a default log, the usage error names every way."""
    monkeypatch.delenv("SES_EVENTS_LOG", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with Path(os.devnull).open() as null, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", null)
        with pytest.raises(UsageError) as caught:
            find([])
    hint = caught.value.hint or ""
    assert "FILE" in hint
    assert "|" in hint
    assert "SES_EVENTS_LOG" in hint
    assert f"{tmp_path}/ses-events/callbacks.jsonl" in hint
