"""TLS between all sides, with certificates of a private authority."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask.config
import pytest

from ses_cli.errors import TargetError
from ses_cli.scan.cluster import tls
from tests.cluster.processes import Processes
from tests.conftest import Program
from tests.logs import log, record
from tests.papers import make

SETTINGS = "DASK_DISTRIBUTED__COMM__TLS__"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of one authority for all sides, and in `other` those of another one."""
    papers = tmp_path_factory.mktemp("papers")
    (papers / "other").mkdir()
    make(papers / "other", "client")
    return make(papers, "scheduler", "worker", "client")


def settings(papers: Path, *sides: str, ca: str = "ca.pem", client: str = "client") -> dict[str, str]:
    """What tells Dask of certificates."""
    found = {f"{SETTINGS}CA_FILE": str(papers / ca)}
    for side in sides:
        name = client if side == "client" else side
        found[f"{SETTINGS}{side.upper()}__CERT"] = str(papers / f"{name}.pem")
        found[f"{SETTINGS}{side.upper()}__KEY"] = str(papers / f"{name}.key")
    return found


@contextmanager
def known_here(environment: dict[str, str]) -> Iterator[None]:
    """Has Dask in this process know these settings."""
    names = {name: name.removeprefix("DASK_").lower().replace("__", ".").replace("_", "-") for name in environment}
    with dask.config.set({names[name]: value for name, value in environment.items()}):
        yield


@pytest.fixture(scope="module")
def secured(papers: Path) -> Iterator[Processes]:
    """A scheduler and a worker that speak TLS."""
    with Processes(papers, settings(papers, "scheduler", "worker"), "tls") as processes:
        processes.keep(1)
        yield processes


def test_a_cluster_with_tls(run: Program, papers: Path, secured: Processes) -> None:
    """With certificates a command prints what it prints without a cluster; without, it says what is missing."""
    (run.home / "log.jsonl").write_bytes(log(*[record(email=f"u{n}@qq.com") for n in range(200)], "no json"))
    asked = ("summarize", "--json", "log.jsonl")
    expected = run(*asked)
    assert secured.address.startswith("tls://")
    found = run(*asked, "--cluster", secured.address, env=settings(papers, "client"))
    assert (found.status, found.stdout, found.stderr) == (expected.status, expected.stdout, expected.stderr)
    refused = run(*asked, "--cluster", secured.address)
    assert (refused.status, refused.stdout) == (3, "")
    assert refused.stderr.splitlines() == [
        f"error: {secured.address}: TLS takes a certificate of this side, and none is set",
        f"hint: set {SETTINGS}CA_FILE, {SETTINGS}CLIENT__CERT, {SETTINGS}CLIENT__KEY",
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ca": "other/ca.pem"}, "its certificate is not trusted: self-signed certificate in certificate chain"),
        ({"client": "other/client"}, "TLS failed: tlsv1 alert unknown ca"),
        ({"client": "nobody"}, "the certificates for TLS cannot be read: No such file or directory"),
    ],
)
def test_what_is_wrong_with_certificates_is_said(
    papers: Path, secured: Processes, change: dict[str, str], told: str
) -> None:
    """A scheduler of another authority, one that does not take this side's certificate, and one that is not there."""
    with known_here(settings(papers, "client", **change)), pytest.raises(TargetError) as caught:
        tls.check(secured.address, 5)
    assert caught.value.message == f"{secured.address}: {told}"


def test_a_scheduler_without_tls_is_told_apart(papers: Path) -> None:
    """An address that begins with tls:// where what answers speaks none."""
    with socket.create_server(("127.0.0.1", 0)) as server, known_here(settings(papers, "client")):
        server.settimeout(20)
        talking = threading.Thread(target=lambda: server.accept()[0].sendall(b"\0" * 64))
        talking.start()
        with pytest.raises(TargetError, match="a scheduler without TLS: its address begins with tcp://"):
            tls.check(f"tls://127.0.0.1:{server.getsockname()[1]}", 5)
        talking.join()
