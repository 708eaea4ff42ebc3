"""`replay` against the answers of answers.toml, and an answer that ends at each of its bytes: it ends, and knows."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.cli.running import PROGRAM, environment
from tests.replay.servers import read_request

Case = dict[str, Any]
CASES: list[Case] = tomllib.loads(Path(__file__).with_name("answers.toml").read_text())["case"]
OK = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
_RESET = struct.pack("ii", 1, 0)
_LIMIT = 40.0  # seconds for a run
# a process of its own: at first a child's peak is that of the one it was forked from, here of all the tests
_MEASURE = """
import pathlib, resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
pathlib.Path("peak").write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""
_MEMORY = 120 << 20  # bytes that a run may take; one without these answers takes half


@contextmanager
def serve(answers: list[Case]) -> Iterator[int]:
    """A server that gives the n-th callback the n-th answer."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    silent: list[socket.socket] = []

    def talk(client: socket.socket) -> None:
        with suppress(OSError), client.makefile("rb") as reader:
            while request := read_request(reader, 0):
                case = answers[json.loads(request.body)["n"]]
                _give(client, case)
                match case.get("end", "close"):
                    case "open":
                        silent.append(client)
                        return
                    case "reset":
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                        break
                    case "close":
                        break
        client.close()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        for client in silent:
            client.close()


def _give(client: socket.socket, case: Case) -> None:
    for piece in case["send"]:
        if isinstance(piece, str):
            client.sendall(piece.encode())
        else:
            data = piece["endless"].encode() * (64_000 // len(piece["endless"]))
            while True:  # until the other side has enough
                client.sendall(data)


def replay(home: Path, answers: list[Case]) -> tuple[list[dict[str, Any]], str]:
    """What `--results` has of each callback, in log order, and all that was said; the run ends, and is small."""
    lines = (
        f'{{"event":"delivered","email":"u{n}@example.com","bulkId":"b","timestamp":{1_700_000_000 + n},"n":{n}}}\n'
        for n in range(len(answers))
    )
    (home / "log.jsonl").write_text("".join(lines))
    with serve(answers) as port:
        url = f"http://127.0.0.1:{port}/"
        options = [
            "--no-journal",
            "--results",
            "results",
            "--retries",
            "0",
            "--timeout",
            "2s",
            "--give-up-after",
            "999",
        ]
        process = subprocess.Popen(
            [sys.executable, "-c", _MEASURE, *PROGRAM, "replay", "--to", url, *options, "log.jsonl"],
            env=environment(home),
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        timer = threading.Timer(_LIMIT, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        said = process.communicate()[0].decode()
        timer.cancel()
    assert process.returncode == 1, said
    assert "Traceback" not in said
    unit = 1 if sys.platform == "darwin" else 1024
    assert int((home / "peak").read_text()) * unit < _MEMORY
    rows = [json.loads(line) for line in (home / "results").read_text().splitlines()]
    return sorted(rows, key=lambda row: row["line"]), said


def test_every_answer_of_the_corpus(tmp_path: Path) -> None:
    """Whatever a server answers, the run ends in time and in little memory, and each outcome is told."""
    good = {"name": "good", "send": [OK], "outcome": "delivered"}
    answers = [good] * 5 + [case for case in CASES for case in (case, good)]
    rows, said = replay(tmp_path, answers)
    wanted = [(case["name"], case["outcome"], case.get("error")) for case in answers]
    got = [
        (case["name"], row["outcome"], row["error"] if "error" in case else None)
        for case, row in zip(answers, rows, strict=True)
    ]
    assert got == wanted
    assert "\x1b" not in said
    assert "\x07" not in said


def test_an_answer_that_ends_at_each_of_its_bytes(tmp_path: Path) -> None:
    """Closed or reset anywhere before its end it delivers nothing, and what was sent is unknown; after it, it does."""
    good = {"send": [OK], "outcome": "delivered"}
    cut = [
        {"send": [OK[:size]], "end": end, "outcome": "delivered" if size == len(OK) else "unknown"}
        for size in range(len(OK) + 1)
        for end in ("close", "reset")
        if size < len(OK) or end == "close"  # a reset may overtake what was sent before it
    ]
    answers: list[Case] = [good] * 5 + cut
    rows, _ = replay(tmp_path, answers)
    assert [row["outcome"] for row in rows] == [case["outcome"] for case in answers]
