"""Where credentials for AWS come from, when they are not in the environment."""

import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

_ADDRESS = "http://169.254.169.254"
_PATIENCE = 1.0  # seconds that a machine of theirs takes at most
_KNOWN = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def needs_credentials(environment: Mapping[str, str]) -> bool:
    """Whether the environment has none, and does not say that none are needed."""
    is_public = environment.get("AWS_SKIP_SIGNATURE", "").lower() in ("true", "1", "yes")
    return not is_public and not any(environment.get(name) for name in _KNOWN)


def has_profile(environment: Mapping[str, str]) -> bool:
    """Whether AWS's own tools would read a file of theirs."""
    file = environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    return bool(environment.get("AWS_PROFILE")) or Path(file).expanduser().is_file()


def answers(environment: Mapping[str, str]) -> bool:
    """Whether this is a machine in AWS, which can be asked. The library would ask for minutes."""
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return False
    parts = urlsplit(environment.get("AWS_METADATA_ENDPOINT") or _ADDRESS)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), _PATIENCE):
            return True
    except OSError:
        return False
