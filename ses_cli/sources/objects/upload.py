"""A file goes to a store, and it is seen that it got there."""

from collections.abc import Iterator
from hashlib import md5, sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ses_cli.errors import SourceError, TargetError, UsageError
from ses_cli.sources.objects.address import ObjectAddress, parse
from ses_cli.sources.objects.ranges import Ranges
from ses_cli.sources.objects.requests import Bucket, ObjectInfo
from ses_cli.sources.objects.trouble import Missing

PART = 8 << 20  # bytes that are sent at once
_BLOCK = 1 << 20


class Digest(NamedTuple):
    """What tells a file from another one."""

    size: int
    sha256: str
    tag: str  # the ETag that a store of S3's kind gives it, where it does not encrypt with a key of the user's


class Uploader:
    """Puts files below a prefix."""

    def __init__(self, address: str, endpoint: str | None = None) -> None:
        """Raises UsageError where the address is none of a prefix, or the library or the credentials are missing."""
        try:
            self._address = parse(address)
        except SourceError as error:
            raise UsageError(error.message, error.hint) from None
        if self._address.is_http or self._address.is_pattern:
            raise UsageError(f"{self._address.shown}: expected a prefix, such as s3://BUCKET/PREFIX/")
        self._bucket = Bucket(self._address, endpoint)

    def address_of(self, name: str) -> ObjectAddress:
        """Where a file of this name goes."""
        prefix = self._address.key
        return self._address.at(f"{prefix}/{name}" if prefix and not prefix.endswith("/") else f"{prefix}{name}")

    def upload(self, file: Path, name: str, digest: Digest) -> None:
        """Puts a file there, unless it is there, and sees that it is. Raises TargetError, OSError."""
        address = self.address_of(name)
        try:
            if not self._is_there(address, digest):
                self._bucket.put(address.key, file, PART).result()
                if not self._is_there(address, digest):
                    raise TargetError(f"{address.shown}: what was uploaded is not what the file holds")
        except SourceError as error:
            raise TargetError(error.message, error.hint) from None

    def _is_there(self, address: ObjectAddress, digest: Digest) -> bool:
        try:
            entry = self._bucket.look(address.key, 1).result().entry
        except Missing:
            return False
        if entry.size != digest.size:
            return False
        return entry.version == digest.tag or self._hash(entry) == digest.sha256

    def _hash(self, entry: ObjectInfo) -> str:
        """What a store holds, read again: not every ETag is one of the content."""
        stream = Ranges(lambda begin, end: self._bucket.fetch(entry, begin, end), entry.size, 0, None)
        found = sha256()
        while data := stream.read(_BLOCK):
            found.update(data)
        return found.hexdigest()


class UploadTarget:
    """One object to be written."""

    def __init__(self, name: str, endpoint: str | None) -> None:
        """Raises UsageError where it is no address of an object, or the library or the credentials are missing."""
        try:
            self._address = parse(name)
        except SourceError as error:
            raise UsageError(error.message, error.hint) from None
        key = self._address.key
        if self._address.is_http or self._address.is_pattern or not key or key.endswith("/"):
            raise UsageError(f"{self._address.shown}: expected an object to write, such as s3://BUCKET/NAME")
        self._bucket = Bucket(self._address, endpoint)

    def put(self, data: Path | bytes) -> None:
        """Puts a file or bytes there, whole or not at all. Raises TargetError."""
        try:
            self._bucket.put(self._address.key, data, PART).result()
        except SourceError as error:
            raise TargetError(error.message, error.hint) from None


def digest_of(path: Path) -> Digest:
    """Reads a file. Raises OSError."""
    whole, parts, size = sha256(), [], 0
    with path.open("rb") as file:
        for part in _parts(file):
            whole.update(part)
            parts.append(md5(part, usedforsecurity=False))
            size += len(part)
    if size <= PART:
        tag = parts[0].hexdigest() if parts else md5(b"", usedforsecurity=False).hexdigest()
    else:
        joined = md5(b"".join(part.digest() for part in parts), usedforsecurity=False)
        tag = f"{joined.hexdigest()}-{len(parts)}"
    return Digest(size, whole.hexdigest(), f'"{tag}"')


def _parts(file: BinaryIO) -> Iterator[bytes]:
    while part := file.read(PART):
        yield part
