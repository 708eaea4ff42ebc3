"""Waiting for the target and the disk at once."""

import threading
import time

from ses_cli.replay.http.client import Client
from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.target import resolve_target


def test_poll_ends_when_it_is_woken() -> None:
    """From another thread, before the wait or in it, once for any number of calls; after the end nothing happens."""
    client = Client(resolve_target("http://127.0.0.1:9/", {}), HttpOptions(), 1)
    client.wake()
    client.wake()
    client.poll(30.0)  # the suite's own time-out would end this test
    began = time.monotonic()
    threading.Timer(0.05, client.wake).start()
    client.poll(30.0)
    assert time.monotonic() - began < 20
    client.close()
    client.wake()
