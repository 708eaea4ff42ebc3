"""The real program over objects, as a user runs it."""

import gzip
import json
import os
import signal
from pathlib import Path

import pytest

from tests.conftest import Program
from tests.logs import log, record
from tests.objects.conftest import Moto, Store
from tests.objects.server import Answer, Request, Response
from tests.replay.servers import ok, serve

LOG = log(record(), record(event="delivered", email="b@example.com")) + b"no json\n"


def secrets(text: str) -> bool:
    """Whether a text holds what only the user is to know."""
    return "verysecret" in text or "AKIAEXAMPLE" in text


@pytest.mark.parametrize("engine", ["native", "python"])
def test_every_command_reads_objects(run: Program, moto: Moto, engine: str) -> None:
    """`summarize`, `validate`, `bounces` and `replay` take an address where they take a file, and print the same."""
    bucket = f"commands-{engine}"
    moto.bucket(bucket, {"a/1.jsonl": LOG, "a/2.jsonl.gz": gzip.compress(LOG * 2)})
    (run.home / "a").mkdir()
    (run.home / "a/1.jsonl").write_bytes(LOG)
    (run.home / "a/2.jsonl.gz").write_bytes(gzip.compress(LOG * 2))
    environment = {**moto.environment, "SES_EVENTS_ENGINE": engine}
    commands = (["summarize", "--json"], ["validate"], ["bounces", "--hard", "-f", "csv"])
    for command in commands if engine == "native" else commands[:1]:
        of_objects = run(*command, f"s3://{bucket}/", env=environment)
        of_files = run(*command, "a/", env=environment)
        assert of_objects.stdout.replace(f"s3://{bucket}/", "") == of_files.stdout
        assert of_objects.status == of_files.status
        assert not secrets(of_objects.stdout + of_objects.stderr)
    if engine == "python":
        return
    with serve(ok) as server:
        replay = ["replay", "--to", server.url, "--json", f"s3://{bucket}/a/1.jsonl"]
        refused = run(*replay, env=environment)
        assert (refused.status, "--journal FILE" in refused.stderr) == (2, True)
        for _ in range(2):
            sent = run(*replay, "--journal", "sent.db", env=environment)
            assert sent.status == 0, sent.stderr
        assert sorted(server.bodies()) == sorted(LOG.splitlines()[:2])


def test_an_endpoint_is_refused_where_it_does_nothing(run: Program, store: Store) -> None:
    """`--endpoint` says where objects are stored: with files it is refused, and what it says goes before the rest."""
    store.put("a.jsonl", LOG)
    environment = {**store.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    (run.home / "a.jsonl").write_bytes(LOG)
    done = run("summarize", "--endpoint", store.server.url, "a.jsonl", env=environment)
    assert (done.status, done.stderr) == (2, "error: --endpoint does nothing where no object is read\n")
    done = run("summarize", "--endpoint", store.server.url, "s3://logs/a.jsonl", env=environment)
    assert done.status == 0, done.stderr
    done = run("summarize", "--endpoint", "localhost", "s3://logs/a.jsonl", env=environment)
    assert (done.status, "expected an address such as https://HOST" in done.stderr) == (2, True)


def test_what_is_missing_is_said_in_a_line(run: Program, store: Store) -> None:
    """Without obstore, or credentials, one line says what to do; nothing is written to an address."""
    (run.home / "obstore.py").write_text("raise ImportError")
    path = {"PYTHONPATH": os.pathsep.join([str(run.home), run.environment()["PYTHONPATH"]])}
    done = run("summarize", "s3://logs/a.jsonl", env={**store.environment, **path})
    assert done.status == 2
    assert done.stderr.splitlines() == [
        "error: s3://logs/: obstore is not installed",
        "hint: pip install 'ses-events[cloud]'",
    ]
    (run.home / "obstore.py").unlink()
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(run.home)}
    done = run("summarize", "s3://logs/a.jsonl", env={**store.environment, **nothing})
    assert (done.status, "s3://logs/: no credentials" in done.stderr) == (2, True)
    store.put("a.jsonl", LOG)
    done = run("summarize", "s3://logs/", "-o", "s3://logs/b.json", env=store.environment)
    assert (done.status, "only files are written" in done.stderr) == (2, True)


def test_an_export_goes_to_an_object(run: Program, store: Store) -> None:
    """`-o s3://` stores what `-o FILE` writes; an input, a name of a log, or what is no object is refused before."""
    (run.home / "a.jsonl").write_bytes(LOG)
    for output in ("s3://logs/out.csv", "out.csv"):
        done = run("export", "-o", output, "a.jsonl", env=store.environment)
        assert (done.status, done.stdout) == (0, ""), done.stderr
    assert store.memory.objects["logs/out.csv"] == (run.home / "out.csv").read_bytes()
    for output, message in (("s3://logs/new.jsonl", "named like a log"), ("s3://logs/x/", "expected an object")):
        done = run("export", "-f", "raw", "-o", output, "s3://logs/a", env=store.environment)
        assert (done.status, message in done.stderr) == (2, True), done.stderr
    assert len(store.memory.objects) == 1


def test_an_interrupt_does_not_wait_for_a_store(run: Program, store: Store) -> None:
    """Ctrl-C ends a run at once, though the store has not answered."""
    reading, writing = os.pipe()
    store.put("a.jsonl", LOG)

    def hold(_request: Request, _answer: Answer) -> Response:
        os.write(writing, b".")
        return Response(is_held=True)

    store.server.faults.append(hold)
    process = run.start("summarize", "s3://logs/a.jsonl", env=store.environment)
    assert os.read(reading, 1) == b"."
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    os.close(reading)
    os.close(writing)


def test_thousands_of_small_objects(run: Program, store: Store) -> None:
    """5,000 small objects are listed, and each is asked for once."""
    for number in range(5000):
        store.put(f"{number:05}.jsonl", log(record(email=f"{number}@example.com")))
    done = run("bounces", "--json", "s3://logs/", env=store.environment)
    assert done.status == 0, done.stderr
    assert json.loads(done.stdout)["records"]["counted"] == 5000
    assert len(store.server.seen) <= 5010


def test_a_secret_is_in_no_message(run: Program, store: Store, tmp_path: Path) -> None:
    """Whatever a store says, and whatever fails, no key and no token is printed or written."""
    store.server.faults.append(lambda request, _: Response.error(403, "AccessDenied", str(request.headers)))
    environment = {**store.environment, "AWS_SESSION_TOKEN": "verysecret", "TMPDIR": str(tmp_path)}
    for address in ("s3://logs/a.jsonl", "s3://logs/", f"{store.server.url}/a?token=verysecret"):
        done = run("summarize", address, env=environment)
        assert done.status == 3
        assert not secrets(done.stderr)
    assert not list(tmp_path.glob("ses-events-*"))
