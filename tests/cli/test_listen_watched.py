"""How a running receiver is watched: metrics, structured logs, and systemd."""

import json
import os
import re
import signal
import socket
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.cli.running import LIMIT, Listener, callback, run
from tests.replay.servers import serve

Sample = tuple[str, tuple[tuple[str, str], ...]]


def scrape(url: str) -> dict[Sample, float]:
    """What Prometheus reads."""
    with urlopen(url, timeout=LIMIT) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_metrics_count_what_was_answered_and_stored(tmp_path: Path) -> None:
    """Requests by status, callbacks by type, rejects, bytes and syncs are those of what was sent."""
    with Listener(tmp_path, "--log", "log.jsonl", "--metrics", "0") as server:
        url = server.until(r"metrics at (http://127\.0\.0\.1:\d+/metrics)\n")[1]
        bodies = [callback(1), callback(2), callback(3, event="open"), b"{}"]
        assert server.post(*bodies) == [200] * 4
        assert server.post(callback(4), target="/elsewhere") == [404]
        found = scrape(url)
    assert found["ses_events_requests_total", (("status", "200"),)] == 4
    assert found["ses_events_requests_total", (("status", "404"),)] == 1
    assert found["ses_events_callbacks_total", (("event", "delivered"),)] == 2
    assert found["ses_events_callbacks_total", (("event", "open"),)] == 1
    assert found["ses_events_rejects_total", ()] == 1
    assert found["ses_events_received_bytes_total", ()] == sum(map(len, bodies))
    assert 1 <= found["ses_events_sync_seconds_count", ()] <= 4
    assert found["ses_events_log_size_bytes", ()] == (tmp_path / "log.jsonl").stat().st_size
    assert found["ses_events_disk_free_bytes", ()] > 0


def test_metrics_tell_of_forwarding(tmp_path: Path) -> None:
    """What the handler took is counted."""
    with serve() as handler:
        options = ("--log", "log.jsonl", "--metrics", "0", "--forward-to", handler.url)
        with Listener(tmp_path, *options) as server:
            url = server.until(r"metrics at (\S+)\n")[1]
            server.post(callback(1))
            while scrape(url).get(("ses_events_forwarded_total", ())) != 1:  # pytest-timeout ends it
                pass
            assert scrape(url)["ses_events_forward_waiting", ()] == 0


def test_an_address_for_metrics_that_is_taken_is_told(tmp_path: Path) -> None:
    """Nothing starts where the metrics cannot be served."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, _, said = run(tmp_path, "listen", "--port", "0", "--log", "log.jsonl", "--metrics", str(port))
    assert (status, said) == (3, f"error: --metrics: cannot listen on 127.0.0.1:{port}: address already in use\n")


def test_structured_logs_are_objects_without_addresses(tmp_path: Path) -> None:
    """--log-format json prints one object a line: where it listens, notes, errors, and the totals at the end."""
    with Listener(tmp_path, "--log", "log.jsonl", "--log-format", "json") as server:
        server.post(callback(1), b"{}")
        server.stop(signal.SIGTERM)
        lines = [json.loads(line) for line in server.seen.decode().splitlines()]
    assert [line["event"] for line in lines] == ["listening", "stopped"]
    assert (lines[0]["port"], lines[0]["level"]) == (server.port, "info")
    assert (lines[1]["stored"], lines[1]["events"], lines[1]["rejected"]) == (1, {"delivered": 1}, 1)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines)
    assert b"example.com" not in server.seen


def test_systemd_is_told(tmp_path: Path) -> None:
    """READY when callbacks are accepted, WATCHDOG while the loop turns, STOPPING at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(LIMIT)
        watched = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        with Listener(tmp_path, "--log", "log.jsonl", **watched) as server:
            assert manager.recv(100) == b"READY=1"
            assert [manager.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            server.stop(signal.SIGTERM)
            while (said := manager.recv(100)) == b"WATCHDOG=1":
                pass
            assert said == b"STOPPING=1"


def test_a_watchdog_for_another_process_is_left_alone(tmp_path: Path) -> None:
    """WATCHDOG_PID of a parent: only READY and STOPPING are sent."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(LIMIT)
        watched = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000", "WATCHDOG_PID": str(os.getpid())}
        with Listener(tmp_path, "--log", "log.jsonl", **watched) as server:
            assert manager.recv(100) == b"READY=1"
            server.post(callback(1))
            server.stop(signal.SIGTERM)
            assert manager.recv(100) == b"STOPPING=1"
