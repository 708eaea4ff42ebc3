"""Which sources a command reads."""

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ses_cli.errors import SourceError, UsageError
from ses_cli.sources import Span, find, read


def test_a_directory_is_its_logs(tmp_path: Path) -> None:
    """A directory stands for the logs below it, compressed or not, in order; not for anything else in it."""
    for name in ("b.jsonl", "a.ndjson.gz", "sub/c.jsonl.zst", "d.jsonl.bz2", "e.ndjson.xz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    for name in ("notes.txt", ".hidden.jsonl", "a.rejects.jsonl", "a.replay-1.jsonl", "data.json"):
        (tmp_path / name).write_bytes(b"")
    sources, errors = find([str(tmp_path)])
    assert not errors
    found = [os.path.relpath(source.path, tmp_path) for source in sources]
    assert found == ["a.ndjson.gz", "b.jsonl", "d.jsonl.bz2", "e.ndjson.xz", "sub/c.jsonl.zst"]


def test_a_link_that_leads_nowhere_is_no_hint(tmp_path: Path) -> None:
    """Of a link to nothing it is said what it is; the hint names logs beside it that can be read, if there are any."""
    (tmp_path / "a.jsonl").symlink_to("nowhere")
    _, errors = find([str(tmp_path / "a.jsonl")])
    assert [(error.message, error.hint) for error in errors] == [
        (f"{tmp_path}/a.jsonl: no such file or directory", None)
    ]
    (tmp_path / "b.jsonl").write_bytes(b"")
    _, errors = find([str(tmp_path)])
    assert [error.hint for error in errors] == ["there is b.jsonl"]


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


def found(*names: Path | str) -> tuple[list[str], list[str], list[str]]:
    """The names of the sources, the errors and the notes."""
    notes: list[str] = []
    sources, errors = find(map(str, names), notes.append)
    return [Path(source.path).name for source in sources], [error.message for error in errors], notes


LONG = b"".join(b'{"n":%d}\n' % n for n in range(50_000))


def test_the_same_file_by_any_name_is_one_source(tmp_path: Path) -> None:
    """A link, a hard link and a second mention of a file are one source, and a note says of which."""
    (tmp_path / "a.jsonl").write_bytes(LONG)
    (tmp_path / "b.jsonl").symlink_to("a.jsonl")
    os.link(tmp_path / "a.jsonl", tmp_path / "c.jsonl")
    names, errors, notes = found(tmp_path, tmp_path / "a.jsonl")
    assert (names, errors, len(notes)) == (["a.jsonl"], [], 3)
    assert f"{tmp_path}/b.jsonl is the same file as {tmp_path}/a.jsonl: read once" in notes
    assert f"{tmp_path}/a.jsonl is named twice: read once" in notes


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_copy_is_one_source_with_its_original(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    """A copy, compressed or not, is left out, and of the two the plain one is read; another log never is left out."""
    (tmp_path / "a.jsonl.x").write_bytes(compress(LONG))
    (tmp_path / "b.jsonl").write_bytes(LONG)
    changed = LONG[:-3] + b"x}\n"
    (tmp_path / "c.jsonl").write_bytes(changed)
    (tmp_path / "d.jsonl").write_bytes(compress(changed))
    names, errors, notes = found(*(tmp_path / name for name in ("a.jsonl.x", "b.jsonl", "c.jsonl", "d.jsonl")))
    assert errors == []
    assert names == ["a.jsonl.x" if compress is bytes else "b.jsonl", "c.jsonl"]
    assert [note.rpartition(":")[2] for note in notes] == [" read once", " read once"]


def test_a_log_that_begins_another_is_told_of(tmp_path: Path) -> None:
    """A log that is the beginning of another is read, and a note says what is read twice; empty ones are nothing."""
    for name, data in (("a.jsonl", LONG[:-9]), ("b.jsonl", LONG), ("c.jsonl", b""), ("d.jsonl", b"")):
        (tmp_path / name).write_bytes(data)
    names, _, notes = found(tmp_path)
    assert names == ["a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"]
    assert notes == [f"{tmp_path}/a.jsonl is the beginning of {tmp_path}/b.jsonl: what they share is read twice"]


def test_a_damaged_copy_is_read_and_told_of_later(tmp_path: Path) -> None:
    """A copy that cannot be decompressed to its end is no copy."""
    (tmp_path / "a.jsonl").write_bytes(LONG)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(LONG)[:-4])
    assert found(tmp_path) == (["a.jsonl", "b.jsonl.gz"], [], [])


def test_directories_that_are_not_read_are_told_of(tmp_path: Path) -> None:
    """A link to a directory and a pipe in a directory are noted, an unreadable directory is an error."""
    for folder in ("logs/closed", "other"):
        (tmp_path / folder).mkdir(parents=True)
    for number, name in enumerate(("logs/a.jsonl", "other/b.jsonl")):
        (tmp_path / name).write_bytes(b"%d\n" % number)
    (tmp_path / "logs" / "link").symlink_to(tmp_path / "other")
    (tmp_path / "logs" / "loop").symlink_to(tmp_path / "logs")
    os.mkfifo(tmp_path / "logs" / "pipe.jsonl")
    (tmp_path / "logs" / "closed").chmod(0)
    is_open = os.access(tmp_path / "logs" / "closed", os.R_OK)
    names, errors, notes = found(tmp_path / "logs")
    (tmp_path / "logs" / "closed").chmod(0o700)
    assert names == ["a.jsonl"]
    assert errors == ([] if is_open else [f"{tmp_path}/logs/closed: permission denied"])
    assert [note.removeprefix(f"{tmp_path}/logs/").split(":")[0] for note in notes] == [
        "link is a link to a directory and was not followed",
        "loop is a link to a directory and was not followed",
        "pipe.jsonl is no regular file and was not read",
    ]


def test_a_pattern_follows_no_loop_and_waits_for_no_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`**` in SES_EVENTS_LOG finds files in any directory below, ends though links lead back, and opens no pipe."""
    (tmp_path / "x" / "y").mkdir(parents=True)
    for number, name in enumerate(("a.jsonl", "x/b.jsonl", "x/y/c.jsonl", "x/y/d.txt")):
        (tmp_path / name).write_bytes(b"%d\n" % number)
    for name in ("x/one", "x/two", "x/y/three"):
        (tmp_path / name).symlink_to(tmp_path)
    os.mkfifo(tmp_path / "x" / "pipe.jsonl")
    monkeypatch.setattr(sys, "stdin", None)
    wanted = {
        "**/*.jsonl": ["a.jsonl", "b.jsonl", "c.jsonl"],
        "x/**/c*": ["c.jsonl"],
        "**/y/**": ["c.jsonl", "d.txt"],
        "?/*.jsonl": ["b.jsonl"],
    }
    for pattern, names in wanted.items():
        monkeypatch.setenv("SES_EVENTS_LOG", str(tmp_path / pattern))
        assert found()[:2] == (names, []), pattern
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SES_EVENTS_LOG", "**/b.jsonl")
    assert found()[0] == ["b.jsonl"]


def tarred(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = 3
        archive.addfile(info, io.BytesIO(b"{}\n"))
    return out.getvalue()


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, b"{}\n")
    return out.getvalue()


@pytest.mark.parametrize("make", [tarred, zipped])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("how", ["file", "pipe"])
def test_archives_are_told_by_their_first_bytes(tmp_path: Path, make: Callable[[str], bytes],
                                                compress: Callable[[bytes], bytes], how: str) -> None:  # fmt: skip
    """zip and tar, compressed or not, whatever they are called, are errors that say how to get at what is in them."""
    path, data = tmp_path / "a log", compress(make("x.jsonl"))
    if how == "pipe":
        os.mkfifo(path)
        threading.Thread(target=path.write_bytes, args=(data,), daemon=True).start()
    else:
        path.write_bytes(data)
    sources, errors = find([str(path)])
    for source in sources:
        with pytest.raises(SourceError) as caught:
            list(read(Span(source), 1 << 20))
        errors.append(caught.value)
    (error,) = errors
    kind, command = ("tar", "tar -xOf") if make is tarred else ("zip", "unzip -p")
    assert error.message == f"{path}: a {kind} archive, not a log"
    assert f"{command} '{path}' | ses-events" in (error.hint or "")


def test_a_link_that_leads_to_itself_costs_no_other_log(tmp_path: Path) -> None:
    """In a directory, such a link is an error if it is named like a log, and nothing otherwise."""
    (tmp_path / "a.jsonl").write_bytes(b"")
    (tmp_path / "self").symlink_to("self")
    assert found(tmp_path) == (["a.jsonl"], [], [])
    (tmp_path / "self.jsonl").symlink_to("self.jsonl")
    names, (error,), _ = found(tmp_path)
    assert (names, error.startswith(f"{tmp_path}/self.jsonl: ")) == (["a.jsonl"], True)


def test_a_name_that_is_too_long_costs_no_other_log(tmp_path: Path) -> None:
    """A name that no file can have is an error of its own."""
    (tmp_path / "a.jsonl").write_bytes(b"")
    names, (error,), _ = found(tmp_path / "a.jsonl", "x" * 5000)
    assert (names, error.endswith("file name too long")) == (["a.jsonl"], True)
