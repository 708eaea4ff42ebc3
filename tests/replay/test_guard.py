"""Targets are classed by where they really are, and shown without their secrets."""

import re
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.errors import TargetError, UsageError
from ses_cli.replay.http.mask import Scrubber, header_secrets, mask_url, secrets_of
from ses_cli.replay.http.proxy import proxy
from ses_cli.replay.http.target import Reach, classify, resolve_target

ADDRESSES = {
    Reach.LOOPBACK: ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"],
    Reach.PRIVATE: [
        "10.1.2.3",
        "172.16.0.1",
        "192.168.9.9",
        "169.254.1.1",
        "100.64.0.1",
        "fe80::1",
        "fd00::1",
    ],
    Reach.PUBLIC: [
        "8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "2606:4700::1",
        "::ffff:8.8.8.8",
    ],
    Reach.METADATA: [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "169.254.0.23",
        "fd00:ec2::254",
        "100.100.100.200",
    ],
}


@pytest.mark.parametrize(("reach", "address"), [(reach, a) for reach, all_ in ADDRESSES.items() for a in all_])
def test_classes(reach: Reach, address: str) -> None:
    """Each kind of address has its class."""
    assert classify([ip_address(address)]) is reach


def test_the_worst_address_counts() -> None:
    """A name with one public address among private ones is public; without any it is, too."""
    assert classify([ip_address("127.0.0.1"), ip_address("8.8.8.8"), ip_address("10.0.0.1")]) is Reach.PUBLIC
    assert classify([]) is Reach.PUBLIC


def test_looking_at_a_target() -> None:
    """Host, port, class and addresses of a target are known before anything is sent."""
    target = resolve_target("http://localhost:8080/x?token=1", {})
    assert (target.host, target.port, target.reach, target.proxy) == ("localhost", 8080, Reach.LOOPBACK, "")
    assert set(target.addresses) <= {"127.0.0.1", "::1"}
    assert resolve_target("https://[::1]/", {}).port == 443
    assert resolve_target("http://[fe80::1]/", {}).reach is Reach.PRIVATE


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://h/",
        "http://",
        "http:///x",
        "http://h:99999/",
        "http://h:x/",
        "http://a b/",
        "http://h/ü",
    ],
)
def test_urls_that_are_none(url: str) -> None:
    """What is no http or https URL is refused."""
    with pytest.raises(UsageError):
        resolve_target(url, {})


def test_a_host_that_is_not_there() -> None:
    """A name without an address is an error that names the host and not the token."""
    with pytest.raises(TargetError, match=r"nowhere\.invalid") as caught:
        resolve_target("http://nowhere.invalid/?token=hush", {})
    assert "hush" not in str(caught.value)


def test_behind_a_proxy_a_name_is_public() -> None:
    """What a proxy makes of a name is not known here, so a name is public and an address what it is."""
    environ = {"http_proxy": "http://127.0.0.1:3128"}
    assert resolve_target("http://localhost/", environ).reach is Reach.PUBLIC
    assert resolve_target("http://10.0.0.1/", environ).reach is Reach.PRIVATE
    assert resolve_target("http://10.0.0.1/", environ).addresses == ()


PROXIES = [
    ("http", {"http_proxy": "p"}, "p"),
    ("http", {"HTTP_PROXY": "p"}, ""),
    ("http", {"ALL_PROXY": "p"}, "p"),
    ("https", {"http_proxy": "p"}, ""),
    ("https", {"HTTPS_PROXY": "p"}, "p"),
    ("https", {"https_proxy": "p", "all_proxy": "q"}, "p"),
    ("http", {"http_proxy": "p", "no_proxy": "*"}, ""),
    ("http", {"http_proxy": "p", "NO_PROXY": "x.y, Example.com"}, ""),
    ("http", {"http_proxy": "p", "no_proxy": ".example.com"}, ""),
    ("http", {"http_proxy": "p", "no_proxy": "ample.com"}, "p"),
    ("http", {"http_proxy": "p", "no_proxy": ""}, "p"),
]


@pytest.mark.parametrize(("scheme", "environ", "expected"), PROXIES)
def test_proxies_of_the_environment(scheme: str, environ: dict[str, str], expected: str) -> None:
    """The proxy is the one that curl would take."""
    assert proxy(scheme, "a.example.com", environ) == expected


def test_nets_in_no_proxy() -> None:
    """Addresses are excepted one by one or by net."""
    environ = {"http_proxy": "p", "no_proxy": "10.0.0.0/8,[::1]"}
    assert [proxy("http", host, environ) for host in ("10.2.3.4", "11.0.0.1", "::1")] == ["", "p", ""]


MASKED = [
    ("http://h/x", "http://h/x"),
    ("http://u:p@h:1/x", "http://***@h:1/x"),
    ("http://h/?token=abc&a=&b", "http://h/?token=***&a=&***"),
    ("http://h/callback/v1/events", "http://h/callback/v1/events"),
    ("http://h/hook/AbCdEf0123456789", "http://h/hook/***"),
    ("http://h/hook/QWxhZGRpbjpvcGVuIHNlc2FtZQ", "http://h/hook/***"),
    ("http://h/a#frag", "http://h/a#***"),
    ("http://u:p/w@h/x", "http://***/***/x"),
    ("//u:p@h", "//***@h"),
    ("nonsense", "nonsense"),
    ("http://h/\x1b[31m", "http://h/?[31m"),
]


@pytest.mark.parametrize(("url", "expected"), MASKED)
def test_masks(url: str, expected: str) -> None:
    """User info, query values, fragments and long tokens are hidden, the rest stays readable."""
    assert mask_url(url) == expected


SECRET = st.text("abcdefXYZ0123456789", min_size=24, max_size=40)


@given(
    SECRET,
    st.sampled_from(["http://u:{}@h/", "http://{}@h/", "http://h/?t={}", "http://h/?{}", "http://h/a/{}"]),
)
def test_no_secret_is_shown(secret: str, form: str) -> None:
    """Wherever a URL holds a secret, it is neither in what is shown nor left in what an answer echoes."""
    url = form.format(secret)
    assert secret not in mask_url(url)
    assert Scrubber(secrets_of(url)).scrub(f"got {secret}!") == "got ***!"


HEADERS = [
    ("Authorization", "Bearer s3cr3t", "no bearer s3cr3t here", "no bearer *** here"),
    ("Authorization", "Basic dXNlcjpwdw==", "pw of user: dXNlcjpwdw==, user:pw", "*** of ***: ***, ***"),
    ("X-Api-Key", "abc", "abc is not abcd", "*** is not abcd"),
    ("Cookie", "id=hush; lang=zh-CN", "cookie hush, zh-CN", "cookie ***, ***"),
    ("Content-Type", "application/json", "want application/json", "want application/json"),
]


@pytest.mark.parametrize(("name", "value", "said", "shown"), HEADERS)
def test_secrets_of_headers(name: str, value: str, said: str, shown: str) -> None:
    """What a target repeats of a header is hidden: the value, its parts after the scheme, and Basic's pair."""
    assert Scrubber(header_secrets([(name, value)])).scrub(said) == shown


def test_a_secret_that_is_cut_off_is_hidden() -> None:
    """Where a text was cut inside a secret, the beginning of the secret is not left at its end."""
    assert Scrubber({"s3cr3t-token"}).scrub("token s3cr3t-to", is_cut=True) == "token"


@given(st.text())
def test_any_text_can_be_masked(text: str) -> None:
    """Masking takes anything, and what it gives has no control characters."""
    assert not re.search(r"[\x00-\x1f\x7f]", mask_url(text))
