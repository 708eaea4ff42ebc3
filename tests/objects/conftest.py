"""A store for each test, and moto's S3 server for all of them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ses_cli.sources.objects.stores import store_of
from tests.objects.server import Memory, Server, forward_to

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "verysecret", "AWS_REGION": "us-east-1"}
_OTHERS = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


@dataclass
class Store:
    """A bucket in memory, the server before it, and the environment that leads there."""

    memory: Memory
    server: Server
    environment: dict[str, str]

    def put(self, key: str, data: bytes) -> None:
        """Puts an object into the bucket `logs`."""
        self.memory.objects[f"logs/{key}"] = data


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store, which AWS_ENDPOINT_URL names."""
    memory = Memory()
    with Server(memory) as server:
        environment = {**KEYS, "AWS_ENDPOINT_URL": server.url}
        _set(monkeypatch, environment)
        yield Store(memory, server, environment)


@dataclass
class Moto:
    """moto's S3 server, a proxy before it, and a client to put objects there."""

    proxy: Server
    client: Any
    environment: dict[str, str]

    def bucket(self, name: str, objects: dict[str, bytes]) -> None:
        """Makes a bucket with these objects."""
        self.client.create_bucket(Bucket=name)
        for key, data in objects.items():
            self.client.put_object(Bucket=name, Key=key, Body=data)


@pytest.fixture(scope="session")
def moto_port() -> Iterator[int]:
    """The port of moto's server."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def moto(moto_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moto]:
    """The server, asked through a proxy that AWS_ENDPOINT_URL names."""
    import boto3  # type: ignore[import-untyped]

    with Server(forward_to(moto_port)) as proxy:
        environment = {**KEYS, "AWS_ENDPOINT_URL": proxy.url}
        _set(monkeypatch, environment)
        yield Moto(proxy, boto3.client("s3", endpoint_url=f"http://127.0.0.1:{moto_port}"), environment)


def _set(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    store_of.cache_clear()
    for name in _OTHERS:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
