"""TLS with a private authority and client certificates."""

import ssl
from pathlib import Path

import pytest

from ses_cli.errors import UsageError
from ses_cli.replay.engine import ReplayPolicy
from ses_cli.replay.http.client import Client
from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.target import resolve_target
from ses_cli.replay.result.report import ReplayReport, RunEnd
from tests.papers import make

from .logs import lines, replay
from .servers import serve


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an authority, a server's and a client's certificate."""
    return make(tmp_path_factory.mktemp("papers"), "server", "client")


def context(papers: Path, client: bool = False) -> ssl.SSLContext:
    """The server's side; with `client` it wants a certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(papers / "server.pem", papers / "server.key")
    if client:
        made.load_verify_locations(papers / "ca.pem")
        made.verify_mode = ssl.CERT_REQUIRED
    return made


def send(port: int, wire: HttpOptions) -> ReplayReport:
    """One replay of three callbacks over TLS."""
    policy = ReplayPolicy(concurrency=1, retries=0, give_up_time=0.0)
    return replay(lines(3), f"https://127.0.0.1:{port}/x", policy, options=wire).run()


def test_a_private_authority(papers: Path) -> None:
    """With its authority given, a server is trusted; without, nothing is sent to it."""
    with serve(tls=context(papers)) as server:
        assert send(server.port, HttpOptions(cacert=str(papers / "ca.pem"))).delivered == 3
        refused = send(server.port, HttpOptions())
        assert len(server.requests) == 3
    assert refused.end is RunEnd.GAVE_UP
    assert set(refused.failures) == {"tls"}
    assert "certificate" in refused.failures["tls"].detail


def test_insecure(papers: Path) -> None:
    """With `insecure` the server's certificate is not looked at."""
    with serve(tls=context(papers)) as server:
        assert send(server.port, HttpOptions(insecure=True)).delivered == 3


def test_client_certificates(papers: Path) -> None:
    """A server that wants a certificate gets the one given, and refuses a client without."""
    ca = str(papers / "ca.pem")
    wire = HttpOptions(cacert=ca, cert=str(papers / "client.pem"), key=str(papers / "client.key"))
    with serve(tls=context(papers, client=True)) as server:
        assert send(server.port, wire).delivered == 3
        assert send(server.port, HttpOptions(cacert=ca)).delivered == 0


def test_http2_falls_back(papers: Path) -> None:
    """Asked for HTTP/2, a server that has none is spoken to in HTTP/1.1."""
    with serve(tls=context(papers)) as server:
        assert send(server.port, HttpOptions(cacert=str(papers / "ca.pem"), http2=True)).delivered == 3


@pytest.mark.parametrize(
    "wire", [HttpOptions(cacert="missing"), HttpOptions(cert="missing"), HttpOptions(key="missing")]
)
def test_files_that_are_not_there(wire: HttpOptions) -> None:
    """A certificate file that cannot be read is an error at the start, which names it."""
    with pytest.raises(UsageError, match="missing"):
        Client(resolve_target("https://127.0.0.1/", {}), wire, 1)
