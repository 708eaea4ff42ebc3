"""`listen --ship`: rotated logs and rejects get to the store, whole, whatever happens on the way."""

import hashlib
import json
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest
import zstandard

from ses_cli.errors import TargetError
from ses_cli.sources.objects import upload
from ses_cli.sources.objects.upload import Uploader, digest_of
from tests.cli.running import Listener, callback, run
from tests.objects.conftest import Moto
from tests.objects.server import Answer, Request, Response

SHIPPED = r"note: shipped \S+-(\d+T\d+Z)\.jsonl\S* to (s3://\S+)\n"


def objects(moto: Moto, bucket: str) -> dict[str, bytes]:
    """What a bucket holds."""
    listed = moto.client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {one["Key"]: moto.client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed}


def unpacked(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


def test_what_is_rotated_is_shipped_and_only_that_is_deleted(tmp_path: Path, moto: Moto) -> None:
    """All but the log that is written to gets to the store, with the rejects; `--keep` deletes none that did not."""
    moto.bucket("ship", {})
    is_down = [True]
    moto.proxy.faults.append(lambda *_: Response.error(403, "AccessDenied") if is_down[0] else None)
    options = ("--log", "log.jsonl", "--rotate", "100B", "--compress", "zstd", "--keep", "1", "--ship", "s3://ship/in")
    with Listener(tmp_path, *options, **moto.environment) as listener:
        bodies = [callback(number) for number in range(8)]
        assert listener.post(*bodies, b'{"not": "one"}' + b" " * 90, b'{"nor": "this"}') == [200] * 10
        listener.until("error: shipping: s3://ship/in/\\S+: access denied; retrying until it works")
        with urlopen(f"http://127.0.0.1:{listener.port}/healthz") as answer:
            health = answer.read().decode().splitlines()
        assert health[0] == "ready"
        assert "shipping: 0 shipped, " in health[1]
        assert "waiting since" in health[1]
        rotated = [path for path in tmp_path.iterdir() if path.name.startswith("log-")]
        assert len({path.name[:20] for path in rotated}) == 7  # one kept, six that were not shipped
        is_down[0] = False
        listener.until("note: shipping: the store is accepting files again\n")
        listener.until(f"(?:{SHIPPED}.*){{8}}")
        assert listener.stop() == 0
    assert "shipping: 8 shipped" in listener.seen.decode()
    found = objects(moto, "ship")
    logs = {key: unpacked(data) for key, data in found.items() if "/log-" in key}
    assert b"".join(logs[key] for key in sorted(logs)).splitlines() == bodies[:-1]
    (rejects,) = (unpacked(data) for key, data in found.items() if "/log.rejects-" in key)
    assert json.loads(rejects)["raw"].startswith('{"not": "one"}')
    status, out, _ = run(tmp_path, "summarize", "--json", "s3://ship/in/", **moto.environment)
    assert (status, json.loads(out)["records"]["counted"]) == (0, 7)
    assert not [name for name in found if "verysecret" in name]


def test_what_was_shipped_is_known_over_runs(tmp_path: Path, moto: Moto) -> None:
    """A restart ships the rest and nothing twice, even where the file that tells of it was lost."""
    moto.bucket("again", {})
    options = ("--log", "log.jsonl", "--rotate", "100B", "--ship", "s3://again")
    for number in range(3):
        with Listener(tmp_path, *options, **moto.environment) as listener:
            assert listener.post(callback(number)) == [200]
            if number:  # the last run finds the first file in the store, and tells of both
                listener.until(f"(?:{SHIPPED}.*){{{number}}}")
            listener.stop(signal.SIGKILL)
        if number == 1:
            (tmp_path / "log.jsonl.shipped").unlink()
    found = objects(moto, "again")
    assert sorted(found.values()) == [callback(0) + b"\n", callback(1) + b"\n"]
    puts = [request.target for request in moto.proxy.seen if request.method == "PUT"]
    assert len(puts) == len(set(puts)) == 2


@pytest.mark.parametrize("size", [0, 100, 40_000])
def test_what_arrived_is_compared(tmp_path: Path, moto: Moto, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Size and ETag are compared, of a file in one part or many; of an ETag that says nothing, the content itself."""
    monkeypatch.setattr(upload, "PART", 6 << 20)
    file = tmp_path / "file"
    file.write_bytes(b"0123456789abcdef" * (size * 16))
    moto.client.create_bucket(Bucket=f"compare-{size}")
    uploader, digest = Uploader(f"s3://compare-{size}/"), digest_of(file)
    uploader.upload(file, "a", digest)
    seen = len(moto.proxy.seen)
    uploader.upload(file, "a", digest)  # it is there: nothing is read or written
    assert [request.method for request in moto.proxy.seen[seen:]] in (["GET"], ["GET", "HEAD"])
    uploader.upload(file, "b", digest._replace(tag="another"))
    other = digest._replace(sha256=hashlib.sha256(b"other").hexdigest(), tag="another")
    with pytest.raises(TargetError, match="what was uploaded is not what the file holds"):
        uploader.upload(file, "c", other)


def test_an_upload_that_is_cut_is_no_upload(tmp_path: Path, moto: Moto) -> None:
    """What a store cut short on the way is uploaded again."""
    moto.bucket("cut", {})
    cut = [1]

    def shorten(request: Request, answer: Answer) -> Response | None:
        if request.method != "PUT" or not cut[0]:
            return None
        cut[0] -= 1
        headers = {name: value for name, value in request.headers.items() if not name.startswith("content-")}
        return answer(Request("PUT", request.target, headers, request.body[:-3]))

    moto.proxy.faults.append(shorten)
    options = ("--log", "log.jsonl", "--rotate", "100B", "--ship", "s3://cut/")
    with Listener(tmp_path, *options, **moto.environment) as listener:
        assert listener.post(callback(1), callback(2)) == [200, 200]
        listener.until("error: shipping: \\S+: what was uploaded is not what the file holds")
        listener.until(SHIPPED)
        listener.stop()
    assert list(objects(moto, "cut").values()) == [callback(1) + b"\n"]


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    """--ship needs --rotate and a prefix in a store, and --endpoint needs --ship."""
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for options, message in {
        ("--ship", "s3://bucket"): "--ship needs --rotate",
        ("--ship", "somewhere", "--rotate", "daily"): "--ship: expected a prefix such as s3://BUCKET/",
        ("--ship", "https://example.com/", "--rotate", "daily"): "expected a prefix, such as s3://",
        ("--endpoint", "https://example.com"): "--endpoint does nothing without --ship",
    }.items():
        status, _, stderr = run(tmp_path, "listen", "--port", "0", *options, **keys)
        assert (status, message in stderr) == (2, True), stderr
