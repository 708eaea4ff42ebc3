"""Only the callback address, its token and its networks let a request in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.capture.access import Access, network_of, parse_network
from ses_cli.errors import UsageError


@pytest.mark.parametrize(
    ("path", "query", "found"),
    [
        ("/in", b"token=s3cret", True),
        ("/in/", b"a=b&token=s3cret", True),
        ("/in", b"token=s%33cret", True),
        ("/in", b"token=wrong&token=s3cret", True),
        ("/in/s3cret", b"", True),
        ("/in/s3cret/", b"", True),
        ("/in", b"", False),
        ("/in", b"token=", False),
        ("/in", b"token=s3cre", False),
        ("/in", b"token=s3crett", False),
        ("/in", b"tokens=s3cret", False),
        ("/in", b"token=\xff\xfe%ff", False),
        ("/in/s3cret/x", b"", False),
        ("/s3cret", b"", False),
        ("/", b"token=s3cret", False),
        ("/in/wrong", b"token=s3cret", False),
    ],
)
def test_a_token_opens_its_path(path: str, query: bytes, found: bool) -> None:
    """As `?token=` or as the last part of the path, and in no other place."""
    assert Access("/in", "s3cret").matches(path, query) is found


@given(st.text(), st.binary())
def test_nothing_else_opens_it(path: str, query: bytes) -> None:
    """No path and no query whatever raise, and none without the token is let in."""
    if "s3cret" not in path and b"s3cret" not in query and b"%" not in query:
        assert not Access("/", "s3cret").matches(path, query)


@pytest.mark.parametrize(("path", "found"), [("/in", True), ("/in/", True), ("/", False), ("/in/x", False)])
def test_without_a_token_the_path_is_enough(path: str, found: bool) -> None:
    """The path, and no other."""
    assert Access("/in").matches(path, b"token=x") is found


def test_the_token_is_not_shown() -> None:
    """What is printed of the settings has no token in it."""
    assert "s3cret" not in repr(Access("/in", "s3cret"))


@pytest.mark.parametrize(
    ("client", "admitted"),
    [
        ("203.0.113.9", True),
        ("::ffff:203.0.113.9", True),
        ("2001:db8::1", True),
        ("203.0.114.1", False),
        ("2001:db9::1", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_networks(client: str, admitted: bool) -> None:
    """An address is let in by its network, in either spelling; what is no address is not."""
    access = Access(networks=(parse_network("203.0.113.0/24"), parse_network("2001:db8::/32")))
    assert access.admits(client) is admitted
    assert Access().admits(client)


def test_the_proxys_header_counts_only_when_asked_for() -> None:
    """The last address, which the proxy itself wrote; without the header there is none."""
    headers = {b"x-forwarded-for": b"6.6.6.6, 203.0.113.9"}
    assert Access().client("10.0.0.1", headers) == "10.0.0.1"
    assert Access(proxy_header="X-Forwarded-For").client("10.0.0.1", headers) == "203.0.113.9"
    assert Access(proxy_header="X-Forwarded-For").client("10.0.0.1", {}) == ""


@pytest.mark.parametrize(
    ("value", "client"),
    [
        (b"203.0.113.9:4711", "203.0.113.9"),
        (b"6.6.6.6, [2001:db8::1]:443", "2001:db8::1"),
        (b"2001:db8::1", "2001:db8::1"),
        (b"[2001:db8::1", "2001:db8::1"),
        (b",", ""),
        (b"203.0.113.9,", ""),
        (b"203.0.113.9\x00", "203.0.113.9\x00"),
        (b"x" * 60_000, "x" * 64),
    ],
)
def test_what_a_proxys_header_may_hold(value: bytes, client: str) -> None:
    """An address with its port, or anything at all: what is no address is in no network, and little of it is kept."""
    access = Access(networks=(parse_network("203.0.113.0/24"),), proxy_header="X-Forwarded-For")
    assert access.client("10.0.0.1", {b"x-forwarded-for": value}) == client
    assert access.admits(client) is (client == "203.0.113.9")


def test_what_one_client_may_have_all_of() -> None:
    """An IPv4 address by itself, and all IPv6 addresses of a /64."""
    assert network_of("203.0.113.9") != network_of("203.0.113.8")
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") != network_of("2001:db8:0:1::1")
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert network_of("::ffff:203.0.113.9") != network_of("::ffff:203.0.113.8")


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "10.0.0.0/33", "here"])
def test_what_is_no_network_is_said(text: str) -> None:
    """A mistake in an option is the user's error."""
    with pytest.raises(UsageError, match="invalid network"):
        parse_network(text)


@pytest.mark.parametrize(("path", "token"), [("/", ""), ("/", " \n"), ("in", "x")])
def test_settings_that_guard_nothing_are_refused(path: str, token: str) -> None:
    """An empty token would let everyone in."""
    with pytest.raises(UsageError):
        Access(path, token)
