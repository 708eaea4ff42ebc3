"""The addresses of objects: `s3://bucket/key`, `cos://bucket-appid/key`, `gs://`, `az://`, `https://host/path`."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from ses_cli.errors import SourceError
from ses_cli.sources.source import shown

_MAGIC = re.compile(r"[*?\[]")


class ObjectAddress(NamedTuple):
    """Where an object lies, or what the objects begin with that are meant."""

    scheme: str
    bucket: str  # with HTTP, all of the address
    key: str = ""

    @property
    def is_http(self) -> bool:
        """Whether it is an address of the web, which names one object."""
        return self.scheme in ("http", "https")

    @property
    def is_pattern(self) -> bool:
        """Whether it may stand for several objects."""
        return not self.is_http and _MAGIC.search(self.key) is not None

    @property
    def is_prefix(self) -> bool:
        """Whether it can only stand for what lies below it, or for what matches it."""
        return not self.is_http and (self.is_pattern or not self.key or self.key.endswith("/"))

    @property
    def fixed(self) -> str:
        """What all keys begin with that a pattern matches."""
        return _MAGIC.split(self.key, maxsplit=1)[0]

    def at(self, key: str) -> "ObjectAddress":
        """Another object in the same bucket."""
        return self._replace(key=key)

    def __str__(self) -> str:
        return self.bucket if self.is_http else f"{self.scheme}://{self.bucket}/{self.key}"

    @property
    def shown(self) -> str:
        """The address in a line, without what may be secret in it."""
        if not self.is_http:
            return shown(str(self))
        parts = urlsplit(self.bucket)
        host = parts.netloc.rpartition("@")[2]
        return shown(f"{parts.scheme}://{host}{parts.path}{'?...' if parts.query else ''}")


def parse(name: str) -> ObjectAddress:
    """Raises SourceError where the address makes no sense."""
    scheme, _, rest = name.partition("://")
    if scheme in ("http", "https"):
        address = ObjectAddress(scheme, name.partition("#")[0])
        if "@" in urlsplit(name).netloc:
            hint = f"pipe it in: curl -u USER {address.shown} | ses-events COMMAND"
            raise SourceError(f"{address.shown}: a user and a password in an address are not used", hint)
        return address
    bucket, _, key = rest.partition("/")
    if not bucket:
        raise SourceError(f"{shown(name)}: no bucket in this address", f"like {scheme}://BUCKET/PREFIX/")
    return ObjectAddress(scheme, bucket, key)
