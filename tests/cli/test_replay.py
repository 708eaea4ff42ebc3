"""`ses-events replay`, the real program against real servers on loopback."""

import hashlib
import json
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser

from tests.cli.terminal import Terminal
from tests.conftest import LIMIT, Program
from tests.journals import content
from tests.logs import log, record
from tests.replay.servers import CLOSE, OK, Request, serve, status

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "s3cr3t-of-the-url"


def lines(path: Path) -> list[bytes]:
    """The lines of a log."""
    return path.read_bytes().splitlines()


openmetrics: Callable[[str], Iterable[Metric]] = parser.text_string_to_metric_families


def test_bytes_are_exact(run: Program) -> None:
    """Every line arrives byte for byte, once, and the account and the report add up."""
    source = run.home / "log.jsonl"
    odd = b' { "event" : "open",' + log(record()).strip().removeprefix(b'{"event": "bounce",') + b" \r\n"
    source.write_bytes(log(record(subject="ü\u2028")) + odd + log(record()))
    with serve() as server:
        done = run("replay", "--to", server.url, "--json", "log.jsonl")
        document = json.loads(done.out)
        sent = [line for line in source.read_bytes().split(b"\n") if line.strip()]
        assert sorted(server.bodies()) == sorted(line.removesuffix(b"\r") for line in sent)
    assert (done.status, document["schema"]) == (0, "ses-events/replay@1")
    assert document["replay"]["delivered"] == document["records"]["counted"] == len(sent)


def test_a_second_run_sends_nothing(run: Program) -> None:
    """The journal remembers what was delivered, and holds neither the secret of the URL nor an address."""
    (run.home / "log.jsonl").write_bytes((EXAMPLES / "callbacks.jsonl").read_bytes())
    with serve() as server:
        target = f"{server.url}?token={SECRET}"
        first = run("replay", "--to", target, "log.jsonl")
        assert (first.status, len(server.bodies())) == (0, 400)
        second = run("replay", "--to", target, "--json", "log.jsonl")
        assert len(server.bodies()) == 400
    assert json.loads(second.out)["replay"]["skipped"] == 400
    (journal,) = run.home.glob("log.jsonl.replay-*")
    assert SECRET not in first.stdout + first.stderr + second.stdout + second.stderr
    assert SECRET.encode() not in content(journal)
    addresses = {json.loads(line)["email"].encode() for line in lines(EXAMPLES / "callbacks.jsonl")}
    assert not [address for address in addresses if address in content(journal)]


def test_killed_and_resumed(run: Program) -> None:
    """Killed again and again and resumed, every callback arrives, none twice but those said to be unknown."""
    source = run.home / "log.jsonl"
    source.write_bytes((EXAMPLES / "callbacks.jsonl").read_bytes() * 5)
    unknown = 0
    with serve() as server:
        for kill_at in (200, 700, 1300):
            process = run.start("replay", "--to", server.url, "log.jsonl")
            while len(server.bodies()) < kill_at and process.poll() is None:
                pass
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=LIMIT)
        done = run("replay", "--to", server.url, "--json", "log.jsonl")
        assert done.status == 0
        wanted, arrived = lines(source), list(server.bodies())
        unknown = len(arrived) - len(wanted)
        assert {hashlib.sha256(body).digest() for body in arrived} == {hashlib.sha256(b).digest() for b in wanted}
        assert 0 <= unknown <= 3 * 3 * 16


def test_a_dry_run_sends_nothing(run: Program) -> None:
    """`--dry-run` says how many callbacks would go where, masked, and sends and journals nothing."""
    (run.home / "log.jsonl").write_bytes((EXAMPLES / "callbacks.jsonl").read_bytes())
    options = ("--to", f"http://127.0.0.1:9/in?token={SECRET}", "-H", f"Authorization: Bearer {SECRET}", "log.jsonl")
    for form in ("table", "json"):
        done = run("replay", "--dry-run", "-f", form, *options)
        assert done.status == 0
        assert "400" in done.stdout
        assert "POST /in?token=*** HTTP/1.1" in done.stdout
        assert SECRET not in done.stdout + done.stderr
    assert not list(run.home.glob("*.replay-*"))


def test_a_dry_run_shows_the_request_that_goes_out(run: Program) -> None:
    """The first request is shown with the headers and the body that the target gets."""
    (run.home / "log.jsonl").write_bytes(log(record(subject="ü")))
    (run.home / "secret").write_text("whsec_bXkgc2VjcmV0")
    with serve() as server:
        options = ("--json", "--secret-file", "secret", "-H", "X-Key: 1", "--to", f"{server.url}in?x=1", "log.jsonl")
        shown = json.loads(run("replay", "--dry-run", *options).out)["request"]
        assert run("replay", *options).status == 0
        (sent,) = server.requests
    head = {name.lower(): value for name, value in (line.split(": ", 1) for line in shown["head"][1:])}
    assert head.keys() == sent.headers.keys()
    changed = {name for name, value in head.items() if value != sent.headers[name]} - {"webhook-timestamp"}
    assert changed == {"x-key", "webhook-signature"}
    assert shown["body"].encode() == sent.body


def test_a_dry_run_leaves_out_what_was_delivered(run: Program) -> None:
    """What a run would send is what the journal does not say is delivered; the journal is only read."""
    (run.home / "log.jsonl").write_bytes(log(*(record(bulkId=str(n)) for n in range(9))))
    with serve() as server:
        assert run("replay", "--to", server.url, "log.jsonl").status == 0
        with (run.home / "log.jsonl").open("ab") as more:
            more.write(log(record(event="open"), record(event="open", email="b@b.example")))
        (journal,) = run.home.glob("*.replay-*")
        before = journal.read_bytes()
        plan = json.loads(run("replay", "--dry-run", "--rate", "2", "--json", "--to", server.url, "log.jsonl").out)[
            "plan"
        ]
        assert (plan["selected"], plan["skipped"], plan["send"], plan["seconds"]) == (11, 9, 2, 0.5)
        assert (plan["events"], plan["domains"]) == ({"open": 2}, {"example.com": 1, "b.example": 1})
        assert journal.read_bytes() == before
        other = run("replay", "--dry-run", "--journal", journal, "--to", f"{server.url}other", "log.jsonl")
    assert (other.status, "another target" in other.stderr) == (3, True)


def test_a_public_host_needs_a_yes(run: Program) -> None:
    """Off a terminal a public target is refused with status 2, and nothing is sent or written."""
    (run.home / "log.jsonl").write_bytes(log(record()))
    done = run("replay", "--to", "http://203.0.113.7/", "log.jsonl")
    assert done.status == 2
    assert "--yes" in done.stderr
    assert not list(run.home.glob("*.replay-*"))


def test_what_fails_is_kept(run: Program) -> None:
    """Undelivered callbacks are status 1, are grouped by cause, and go into a file that can be replayed."""
    (run.home / "log.jsonl").write_bytes(log(record(bulkId="a"), record(bulkId="b")))
    options = ("--retries", "0", "--failed", "rest.jsonl", "--json")
    with serve(lambda _n, _request: status(400)) as server:
        done = run("replay", "--to", server.url, *options, "log.jsonl")
    document = json.loads(done.out)
    assert (done.status, document["replay"]["failed"]) == (1, 2)
    assert [(failure["cause"], failure["count"]) for failure in document["failures"]] == [("status 400", 2)]
    assert lines(run.home / "rest.jsonl") == lines(run.home / "log.jsonl")
    with serve() as server:
        assert run("replay", "--no-journal", "--to", server.url, "rest.jsonl").status == 0
        assert len(server.bodies()) == 2


def test_the_note_says_what_another_run_would_do(run: Program) -> None:
    """What has no answer is sent again by another run, unless unknown ones are to be skipped: then nothing would be."""
    (run.home / "log.jsonl").write_bytes(log(record()))
    with serve(lambda _n, _request: CLOSE) as server:
        options = ("--to", server.url, "--retries", "0", "log.jsonl")
        skipping = run("replay", "--unknown", "skip", "--journal", "skip.db", *options)
        resending = run("replay", "--journal", "resend.db", *options)
    assert (skipping.status, resending.status) == (1, 1)
    assert "1 may have arrived: --unknown resend sends them again" in skipping.stderr
    assert "run again" not in skipping.stderr
    assert "run again to retry" in resending.stderr


def test_the_document(run: Program) -> None:
    """Its keys are those documented, its numbers add up, and a dry run then tells what failed before."""
    (run.home / "log.jsonl").write_bytes(log(*(record(bulkId=str(n)) for n in range(9))))
    with serve(lambda n, _request: OK if n < 7 else status(400 if n == 7 else 422, body=b"why")) as server:
        command = ("replay", "--to", server.url, "--json", "-c", "1", "log.jsonl")
        first = json.loads(run(*command).out)
        plan = json.loads(run(*command, "--dry-run").out)["plan"]
        server.script = lambda _n, _request: OK
        paced = json.loads(run(*command, "--rate", "1000").out)["replay"]
    found = first["replay"]
    keys = "selected delivered failed skipped unknown unsent counted resent attempts statuses latency_ms lateness_ms"
    assert list(first) == ["schema", "sources", "records", "problems", "warnings", "replay", "failures"]
    assert list(found) == [*keys.split(), "seconds", "rate", "end", "last_failure"]
    assert (found["selected"], found["delivered"], found["failed"], found["attempts"]) == (9, 6, 3, 9)
    assert found["statuses"] == {"200": 6, "400": 1, "422": 2}
    assert set(found["lateness_ms"].values()) == {None}
    assert None not in {*found["latency_ms"].values(), *paced["lateness_ms"].values()}
    assert [(one["cause"], one["count"], one["line"], one["said"]) for one in first["failures"]] == [
        ("status 422", 2, 8, "why"),
        ("status 400", 1, 7, "why"),
    ]
    assert (plan["selected"], plan["skipped"], plan["send"], plan["failed_before"]) == (9, 6, 3, 3)
    assert (paced["skipped"], paced["delivered"], paced["last_failure"]) == (6, 3, None)


def test_metrics_have_the_numbers_of_the_document(run: Program) -> None:
    """The file of `--metrics` is OpenMetrics, with the counts that the JSON document has."""
    (run.home / "log.jsonl").write_bytes(log(*(record(bulkId=f"q-{n}") for n in range(9))))
    with serve(lambda _n, request: status(500) if b"q-4" in request.body else OK) as server:
        done = run("replay", "--to", server.url, "--json", "--retries", "0", "--metrics", "numbers.prom", "log.jsonl")
    found = json.loads(done.out)["replay"]
    families = {one.name: one for one in openmetrics((run.home / "numbers.prom").read_text())}
    callbacks = {sample.labels["outcome"]: sample.value for sample in families["ses_events_replay_callbacks"].samples}
    assert callbacks == {name: found[name] for name in ("delivered", "failed", "skipped", "unknown", "unsent")}
    assert (callbacks["delivered"], callbacks["failed"]) == (8, 1)
    attempts = {sample.labels["status"]: sample.value for sample in families["ses_events_replay_attempts"].samples}
    assert attempts == found["statuses"] == {"200": 8, "500": 1}
    ends = [one.labels["reason"] for one in families["ses_events_replay_end"].samples if one.value]
    assert ends == [found["end"]]


def test_a_dead_target_ends_the_run(run: Program) -> None:
    """A target that refuses connections ends the run with status 1 and one sentence, and it can be resumed."""
    (run.home / "log.jsonl").write_bytes((EXAMPLES / "callbacks.jsonl").read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = run("replay", "--to", f"http://127.0.0.1:{port}/", "--give-up-time", "100ms", "log.jsonl")
    assert done.status == 1
    assert "gave up" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_journal_has_one_target_and_any_number_of_logs(run: Program) -> None:
    """A journal of another target is refused with status 3, saying why; another log is sent and remembered too."""
    (run.home / "log.jsonl").write_bytes(log(record()))
    with serve() as server:
        assert run("replay", "--to", server.url, "--journal", "j", "log.jsonl").status == 0
        other = run("replay", "--to", f"{server.url}other", "--journal", "j", "log.jsonl")
        (run.home / "log.jsonl").write_bytes(log(record(email="b@b.example")))
        changed = [run("replay", "--to", server.url, "--json", "--journal", "j", "log.jsonl") for _ in range(2)]
        assert len(server.bodies()) == 2
    assert (other.status, *(done.status for done in changed)) == (3, 0, 0)
    assert "another target" in other.stderr
    assert [json.loads(done.out)["replay"]["skipped"] for done in changed] == [0, 1]


def test_selection_and_invalid_lines(run: Program) -> None:
    """Only valid records that are selected are sent; `--raw` sends every line that is not blank."""
    (run.home / "log.jsonl").write_bytes(log(record(), record(event="open")) + b"broken\n\n")
    with serve() as server:
        done = run("replay", "--no-journal", "--to", server.url, "--event", "open", "log.jsonl")
        assert len(server.bodies()) == 1
        assert "1 of 4 lines is invalid" in done.stderr
        assert run("replay", "--no-journal", "--to", server.url, "--raw", "log.jsonl").status == 0
        assert len(server.bodies()) == 4
        assert b"broken" in server.bodies()
    assert run("replay", "--to", server.url, "--raw", "--event", "open", "log.jsonl").status == 2


def test_standard_input(run: Program) -> None:
    """What is piped in is sent without a journal, and with one when it is named: then a second run skips it."""
    data = log(record(), record(bulkId="b"))
    with serve() as server:
        assert run("replay", "--to", server.url, stdin=data).status == 0
        assert len(server.bodies()) == 2
        assert not list(run.home.glob("*replay*"))
        for more in (b"", log(record(bulkId="c"))):
            done = run("replay", "--to", server.url, "--json", "--journal", "j", stdin=data + more)
            assert done.status == 0
        assert json.loads(done.out)["replay"]["skipped"] == 2
        assert len(server.bodies()) == 2 + 2 + 1
        assert run("replay", "--to", server.url, "--journal", "j", stdin=log(record(bulkId="z"))).status == 0
        assert len(server.bodies()) == 2 + 2 + 1 + 1


def test_a_pipe_that_stands_still(run: Program) -> None:
    """What came through is sent at once, and an interrupt is not held up by what does not come."""
    both = threading.Event()

    def script(number: int, _request: Request) -> bytes:
        if number == 2:
            both.set()
        return OK

    with serve(script) as server:
        process = run.start("replay", "--to", server.url, "--json", stdin=subprocess.PIPE)
        assert process.stdin
        process.stdin.write(log(record(), record(bulkId="b")))
        process.stdin.flush()
        came = both.wait(LIMIT)
        process.send_signal(signal.SIGINT)
        status = process.wait(LIMIT)
        out, _ = process.communicate(timeout=LIMIT)
    assert (came, status) == (True, 130)
    assert json.loads(out)["replay"]["delivered"] == 2


def test_what_is_piped_in_is_not_lost_when_the_target_is(run: Program) -> None:
    """When the target is given up on, what still comes through the pipe goes to the undelivered."""
    data = [log(record(bulkId=str(n))) for n in range(9)]
    refused = threading.Event()

    def script(_number: int, _request: Request) -> bytes:
        refused.set()
        return status(410)

    with serve(script) as server:
        process = run.start("replay", "--to", server.url, "--failed", "rest.jsonl", stdin=subprocess.PIPE)
        assert process.stdin
        process.stdin.write(data[0])
        process.stdin.flush()
        assert refused.wait(LIMIT)
        process.communicate(b"".join(data[1:]), timeout=LIMIT)
    assert process.returncode == 1
    assert (run.home / "rest.jsonl").read_bytes() == b"".join(data)


def test_what_is_piped_in_can_be_resumed(run: Program) -> None:
    """Killed and run again with the same journal, a pipe sends what was not delivered; all arrives."""
    data, held = log(*(record(bulkId=str(n)) for n in range(99))), threading.Event()
    free = threading.Event()

    def script(number: int, _request: Request) -> bytes:
        if number > 50:
            held.set()
            free.wait(LIMIT)
        return OK

    command = ("replay", "--journal", "j", "--json", "-c", "4", "--to")
    with serve(script) as server:
        process = run.start(*command, server.url, stdin=subprocess.PIPE)
        assert process.stdin
        process.stdin.write(data)
        process.stdin.close()
        assert held.wait(LIMIT)
        process.kill()
        process.wait(LIMIT)
        free.set()
        done = run(*command, server.url, stdin=data)
        found = json.loads(done.out)["replay"]
        assert done.status == 0
        assert found["skipped"] + found["delivered"] == 99
        assert found["skipped"] > 0
        assert set(server.bodies()) == set(data.splitlines())
        assert len(server.bodies()) - 99 <= found["resent"]
        assert "in flight when an earlier run ended, sent again" in done.stderr


def test_what_fails_is_written_whole_or_not_at_all(run: Program) -> None:
    """`--failed` replaces the file of an earlier run, is not written over a log, and tells of a full disk."""
    data = log(record(bulkId="a"), record(bulkId="b"))
    (run.home / "log.jsonl").write_bytes(data)
    (run.home / "rest.jsonl").write_bytes(b"old")
    options = ("--retries", "0", "--no-journal")
    with serve(lambda _n, _request: status(400)) as server:
        assert run("replay", "--to", server.url, *options, "--failed", "log.jsonl", "log.jsonl").status == 2
        full = run("replay", "--to", server.url, *options, "--failed", "/dev/full", "log.jsonl")
        assert run("replay", "--to", server.url, *options, "--failed", "rest.jsonl", "log.jsonl").status == 1
    assert (run.home / "log.jsonl").read_bytes() == data
    assert (run.home / "rest.jsonl").read_bytes() == data
    assert full.status == 3
    assert "/dev/full: no space left" in full.stderr


def test_an_interrupt_can_be_resumed(run: Program) -> None:
    """Ctrl-C ends a run with 130 after what is out has come back; the next run sends the rest and nothing twice."""
    (run.home / "log.jsonl").write_bytes((EXAMPLES / "callbacks.jsonl").read_bytes())
    with serve() as server:
        process = run.start("replay", "--rate", "200", "--to", server.url, "log.jsonl")
        while len(server.bodies()) < 20:
            pass
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=LIMIT)
        assert process.returncode == 130
        assert b"Traceback" not in stderr
        assert run("replay", "--to", server.url, "log.jsonl").status == 0
        assert sorted(server.bodies()) == sorted(lines(run.home / "log.jsonl"))


@pytest.mark.parametrize("times", [1, 2])
def test_interrupted_once_or_twice(run: Program, times: int) -> None:
    """Once, a run waits for what is in flight; twice, that stays unknown. Either way the next run sends the rest."""
    (run.home / "log.jsonl").write_bytes(log(*(record(bulkId=str(n)) for n in range(40))))
    held, free = threading.Event(), threading.Event()

    def script(number: int, _request: Request) -> bytes:
        if number > 5:
            held.set()
            free.wait(LIMIT)
        return OK

    with serve(script) as server:
        process = run.start("replay", "--to", server.url, "--json", "log.jsonl")
        assert process.stderr
        assert held.wait(LIMIT)
        process.send_signal(signal.SIGINT)
        assert b"stopping" in process.stderr.readline()
        if times == 1:
            free.set()
        else:
            process.send_signal(signal.SIGINT)
        out, stderr = process.communicate(timeout=LIMIT)
        free.set()
        first = json.loads(out)["replay"]
        assert (process.returncode, first["end"], b"Traceback" in stderr) == (130, "interrupted", False)
        assert (first["unknown"] > 0) == (times == 2)
        second = json.loads(run("replay", "--to", server.url, "--json", "log.jsonl").out)["replay"]
        assert second["resent"] == first["unknown"]
        assert second["delivered"] + first["delivered"] == 40
        assert set(server.bodies()) == set(lines(run.home / "log.jsonl"))
        assert len(server.bodies()) <= 40 + first["unknown"]


@pytest.mark.parametrize(("answer", "status"), [("n", 2), ("y", 1)])
def test_a_public_host_is_asked_about_on_a_terminal(run: Program, answer: str, status: int) -> None:
    """One line says how many go where; without a yes nothing is sent, nor written down."""
    (run.home / "log.jsonl").write_bytes(log(record(), record(event="open")))
    options = ("--give-up-time", "1ms", "--connect-timeout", "1ms", "--rate", "1", "--json")
    with Terminal(run, "replay", "--to", "http://203.0.113.7/?t=hush", *options, "log.jsonl", term="dumb") as terminal:
        terminal.wait_for("[y/N]")
        assert "send 2 callbacks, for 1 s, to 203.0.113.7, a public host?" in terminal.shown
        terminal.type(f"{answer}\n")
        terminal.end()
        assert terminal.process.returncode == status
    assert bool(list(run.home.glob("*.replay-*"))) == (answer == "y")


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_progress_on_a_terminal(run: Program, columns: int) -> None:
    """A bar of one line tells how it goes, a note stands above it, and nothing of the bar is left at the end."""
    (run.home / "log.jsonl").write_bytes(log(*(record(bulkId=str(n)) for n in range(99))))
    free = threading.Event()

    def script(number: int, _request: Request) -> bytes:
        return OK if number <= 30 or free.wait(LIMIT) else b""

    arguments = ("replay", "--to", f"{{}}?t={SECRET}", "-c", "2", "log.jsonl")
    with serve(script) as server:
        target = (argument.format(server.url) for argument in arguments)
        with Terminal(run, *target, columns=columns, piped=False) as terminal:
            terminal.wait_for("30 delivered")
            terminal.process.send_signal(signal.SIGINT)
            terminal.wait_for("again to stop now")
            free.set()
            terminal.end()
            assert terminal.process.returncode == 130
    found = terminal.lines()
    bars = [line for line in found if "━" in line]
    assert bars
    assert all(len(line) <= columns - len("^C") for line in bars)  # or its echo tears the bar
    assert ("in flight" in bars[-1]) == (columns > 40)
    assert any(line.startswith("note: stopping") for line in found)
    assert found.index(next(line for line in found if line.startswith("99 lines"))) > found.index(bars[-1])
    assert SECRET not in terminal.shown
