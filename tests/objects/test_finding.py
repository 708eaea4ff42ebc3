"""Which objects an address stands for."""

import gzip

import pytest

from ses_cli.errors import SourceError, UsageError
from ses_cli.sources import find
from tests.logs import log, record
from tests.objects.conftest import Moto, Store


def names(*addresses: str, endpoint: str | None = None) -> list[str]:
    """What addresses of the bucket `logs` stand for."""
    sources, errors = find(addresses, endpoint=endpoint)
    assert not errors
    return [source.name.removeprefix("s3://logs/") for source in sources]


STRANGE = ("a b.jsonl", "ü.jsonl", "a+b.jsonl", "a%20b.jsonl", "#1?.jsonl", "[1].jsonl")


def test_an_address_is_a_key_a_prefix_or_a_pattern(moto: Moto) -> None:
    """A prefix is searched as a directory is, and a pattern stands for objects, and for prefixes that it names."""
    keys = ["2026-11-01/a.jsonl", "2026-11-02/b.ndjson", "2026-12-01/c.jsonl", "2026-12-01/sub/d.jsonl.gz"]
    others = ["2026-12-01/notes.txt", "2026-12-01/.hidden.jsonl", "2026-12-01/a.rejects.jsonl", "2026-12-01/x/"]
    moto.bucket("logs", {key: f"{key}\n".encode() for key in [*keys, *others, *STRANGE]})
    assert names("s3://logs/2026-12-01") == names("s3://logs/2026-12-01/") == keys[2:]
    assert names("s3://logs/2026-12-01/notes.txt") == ["2026-12-01/notes.txt"]
    assert names("s3://logs/2026-11-*") == names("s3://logs/2026-11-*/*.*json*") == keys[:2]
    assert names("s3://logs/**/*.jsonl.gz") == keys[3:]
    assert names("s3://logs/2026-1[12]-01/?.jsonl") == [keys[0], keys[2]]
    assert sorted(names("s3://logs")) == sorted([*keys, *STRANGE])
    assert [names(f"s3://logs/{key}") for key in STRANGE] == [[key] for key in STRANGE]
    _, (error,) = find(["s3://logs/2026-11-01/b.jsonl"])
    assert (error.message, error.hint) == ("s3://logs/2026-11-01/b.jsonl: no such object", "there is a.jsonl")
    messages = {
        "s3://nobucket/a.jsonl": "no such bucket",
        "s3://nobucket/": "no such bucket",
        "s3://logs/nothing/": "a prefix without logs",
        "s3://logs/2027*": "matches no object",
        "s3:///a": "no bucket in this address",
    }
    for address, message in messages.items():
        _, (error,) = find([address])
        assert error.message == f"{address}: {message}"


def test_cos_is_asked_by_the_name_of_its_host(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket in COS is the first part of a host's name, and Tencent's credentials are used, not AWS's."""
    moto.bucket("logs-1250000000", {"a.jsonl": log(record())})
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "not for Tencent")
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, moto.proxy.url)
    with pytest.raises(UsageError, match="TENCENTCLOUD_REGION is not set"):
        find(["cos://logs-1250000000/"])
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-guangzhou")
    with pytest.raises(UsageError, match="TENCENTCLOUD_SECRET_ID is not set"):
        find(["cos://logs-1250000000/"])
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "verysecret")
    monkeypatch.setenv("TENCENTCLOUD_TOKEN", "token")
    endpoint = "http://cos.ap-guangzhou.myqcloud.com"
    assert names("cos://logs-1250000000/", endpoint=endpoint) == ["cos://logs-1250000000/a.jsonl"]
    for request in moto.proxy.seen:
        assert request.headers["host"] == "logs-1250000000.cos.ap-guangzhou.myqcloud.com"
        assert "Credential=AKIDEXAMPLE/" in request.headers["authorization"]
        assert "/ap-guangzhou/s3/aws4_request" in request.headers["authorization"]
        assert request.headers["x-amz-security-token"] == "token"


def test_a_web_address_is_one_file(store: Store) -> None:
    """`http://` and `https://` name one file. What was signed into the address is not shown, nor a password used."""
    store.put("a b.jsonl", log(record()))
    (source,), errors = find([f"{store.server.url}/logs/a%20b.jsonl?X-Signature=secret"])
    assert (source.name, errors) == (f"{store.server.url}/logs/a%20b.jsonl?...", [])
    assert store.server.seen[-1].target == "/logs/a%20b.jsonl?X-Signature=secret"
    assert "authorization" not in store.server.seen[-1].headers
    _, (error,) = find([f"{store.server.url.replace('//', '//user:secret@')}/logs/a"])
    assert "a user and a password in an address are not used" in error.message
    assert "secret" not in f"{error.message}{error.hint}"
    with pytest.raises(UsageError, match="--endpoint does nothing for http"):
        find([f"{store.server.url}/logs/a"], endpoint=store.server.url)


def test_the_same_content_is_read_once(store: Store) -> None:
    """Objects of one ETag and size are told without reading them; a log and its compressed copy by their content."""
    data, other = log(record()) * 1000, log(record(event="open"))
    store.put("a.jsonl", data)
    store.put("b.jsonl", data)
    store.put("c.jsonl.gz", gzip.compress(data))
    store.put("d.jsonl", other)
    notes: list[str] = []
    sources, _ = find(["s3://logs/", "s3://logs/d.jsonl"], notes.append)
    assert [source.name for source in sources] == ["s3://logs/a.jsonl", "s3://logs/d.jsonl"]
    assert notes == [
        "s3://logs/b.jsonl has the same content as s3://logs/a.jsonl: read once",
        "s3://logs/c.jsonl.gz has the same content as s3://logs/a.jsonl: read once",
        "s3://logs/d.jsonl is named twice: read once",
    ]
    assert not [seen for seen in store.server.seen if seen.target == "/logs/b.jsonl" and seen.range != (0, 4096)]


def test_an_archive_is_refused(store: Store) -> None:
    """An archive among the objects is told of with what to do."""
    store.put("a.jsonl", b"PK\x03\x04" + bytes(100))
    _, (error,) = find(["s3://logs/a.jsonl"])
    assert (error.message, error.hint) == (
        "s3://logs/a.jsonl: a zip archive, not a log",
        "pipe in the logs in it: unzip -p FILE | ses-events COMMAND",
    )


def test_a_variable_names_objects_beside_files(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """SES_EVENTS_LOG names objects too: the colon of an address separates nothing."""
    store.put("a.jsonl", log(record()))
    monkeypatch.setenv("SES_EVENTS_LOG", "s3://logs/a.jsonl:s3://logs/none")
    monkeypatch.setattr("sys.stdin", None)
    sources, errors = find([])
    assert [source.name for source in sources] == ["s3://logs/a.jsonl"]
    assert [error.message for error in errors] == ["s3://logs/none: no such object"]
    assert isinstance(errors[0], SourceError)
