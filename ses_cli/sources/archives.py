"""Archives, which are no logs but may hold some: told by their first bytes, with what to do."""

from ses_cli.errors import SourceError
from ses_cli.sources.source import STDIN, is_address

HEAD = 512  # bytes that tell
_MAGIC = {
    b"PK\x03\x04": ("zip", "unzip -p"),
    b"PK\x05\x06": ("zip", "unzip -p"),  # an empty one
    b"7z\xbc\xaf\x27\x1c": ("7z", "7z x -so"),
    b"Rar!\x1a\x07": ("rar", "unrar p -inul"),
}


def refuse_archive(name: str, head: bytes) -> None:
    """Raises SourceError where these first bytes, decompressed, are those of an archive."""
    found = next((known for magic, known in _MAGIC.items() if head.startswith(magic)), None)
    if head[257:262] == b"ustar" and b"\0" in head[:257]:
        found = ("tar", "tar -xOf")
    if found:
        import shlex  # start-up

        kind, command = found
        file = "FILE" if name == STDIN or is_address(name) else shlex.quote(name)
        raise SourceError(
            f"{name}: a {kind} archive, not a log", f"pipe in the logs in it: {command} {file} | ses-events COMMAND"
        )
