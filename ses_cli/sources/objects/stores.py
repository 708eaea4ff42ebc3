"""The stores that addresses lead to, with credentials and endpoints as each provider's own tools take them."""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from ses_cli.errors import UsageError, reason
from ses_cli.sources.objects import metadata
from ses_cli.sources.objects.address import ObjectAddress

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, HTTPStore, S3Store

    Store: TypeAlias = AzureStore | GCSStore | HTTPStore | S3Store

_TIMEOUTS = {"timeout": timedelta(minutes=2), "connect_timeout": timedelta(seconds=5)}
_RETRIES = 4  # while somebody waits to hear whether the address is right; the library's own number after that
_REGION = re.compile(r"\bcos(?:-internal)?\.([a-z]{2,}-[a-z0-9-]+)\.")


@cache
def store_of(address: ObjectAddress, endpoint: str | None, is_asking: bool) -> "Store":
    """The store of an address, whose `key` is to be empty; `endpoint` is what `endpoint_of` says.

    `is_asking`: it is not known yet whether the address is right.

    Raises UsageError where the library, or what the address needs, is missing.
    """
    try:
        from obstore import store as stores
    except ImportError:
        raise UsageError(f"{address.shown}: obstore is not installed", "pip install 'ses-events[cloud]'") from None
    options: dict[str, Any] = {"client_options": _client(endpoint or str(address))}
    if is_asking:
        options["retry_config"] = {"max_retries": _RETRIES}
    at: dict[str, Any] = {} if endpoint is None else {"endpoint": endpoint}
    try:
        match address.scheme:
            case "s3":
                return stores.S3Store(address.bucket, **at, **_aws(address), **options)
            case "cos":
                return stores.S3Store(address.bucket, **at, **_tencent(address, endpoint or ""), **options)
            case "gs":
                return stores.GCSStore(address.bucket, **_google(endpoint), **options)
            case "az":
                return stores.AzureStore(address.bucket, **at, **options)
            case _:
                return stores.HTTPStore(address.bucket, **options)
    except Exception as error:  # each store has its own
        said = reason(error).partition("\n")[0]
        raise UsageError(f"{address.shown}: {said}") from None


def endpoint_of(
    address: ObjectAddress, endpoint: str | None, environment: Mapping[str, str] = os.environ
) -> str | None:
    """The address of the store itself, None where the library knows it."""
    if endpoint is not None and urlsplit(endpoint).scheme not in ("http", "https"):
        raise UsageError(f'--endpoint: expected an address such as https://HOST, got "{endpoint}"')
    match address.scheme:
        case "s3":
            named = (environment.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"))
            return endpoint or next(filter(None, named), None)
        case "cos":
            return _cos_endpoint(address, endpoint, environment)
        case "gs" | "az":
            return endpoint
        case _ if endpoint:
            raise UsageError(f"--endpoint does nothing for {address.shown}", "it says where its server is")
        case _:
            return None


def _cos_endpoint(address: ObjectAddress, endpoint: str | None, environment: Mapping[str, str]) -> str:
    """COS knows a bucket by the name of the host that is asked."""
    if endpoint is None:
        region = environment.get("TENCENTCLOUD_REGION")
        if not region:
            raise UsageError(f"{address.shown}: TENCENTCLOUD_REGION is not set", "to the bucket's, like ap-guangzhou")
        return f"https://{address.bucket}.cos.{region}.myqcloud.com"
    scheme, host = urlsplit(endpoint)[:2]
    if _is_host(host) and not host.startswith(f"{address.bucket}."):
        return f"{scheme}://{address.bucket}.{host}"
    return endpoint


def _client(url: str) -> dict[str, Any]:
    options: dict[str, Any] = {**_TIMEOUTS, "allow_http": urlsplit(url).scheme == "http"}
    if file := os.environ.get("AWS_CA_BUNDLE"):
        try:
            with open(file, "rb") as certificates:
                options["root_certificate"] = certificates.read()
        except OSError as error:
            raise UsageError(f"AWS_CA_BUNDLE={file}: {reason(error)}") from None
    return options


def _aws(address: ObjectAddress) -> dict[str, Any]:
    """What the library does not find in the environment by itself."""
    if not metadata.needs_credentials(os.environ):
        return {}
    if metadata.has_profile(os.environ):
        try:
            from obstore.auth.boto3 import Boto3CredentialProvider

            return {"credential_provider": Boto3CredentialProvider()}
        except ImportError:
            hint = 'eval "$(aws configure export-credentials --format env)", or: pip install boto3'
            raise UsageError(f"{address.shown}: AWS profiles are read by boto3, which is not installed", hint) from None
    if not metadata.answers(os.environ):
        hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a public bucket"
        raise UsageError(f"{address.shown}: no credentials", hint)
    return {}


def _tencent(address: ObjectAddress, endpoint: str) -> dict[str, Any]:
    """COS speaks S3. Nothing that is meant for AWS gets there."""
    names = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise UsageError(f"{address.shown}: {missing[0]} is not set", "both it and its key come from the console's CAM")
    key, secret = (os.environ[name] for name in names)
    token = os.environ.get("TENCENTCLOUD_TOKEN") or None
    found = _REGION.search(endpoint)
    return {
        "region": os.environ.get("TENCENTCLOUD_REGION") or (found[1] if found else "ap-guangzhou"),
        "virtual_hosted_style_request": _is_host(urlsplit(endpoint).netloc),
        "skip_signature": False,
        "credential_provider": lambda: {
            "access_key_id": key,
            "secret_access_key": secret,
            "token": token,
            "expires_at": None,
        },
    }


def _google(endpoint: str | None) -> dict[str, Any]:
    return {} if endpoint is None else {"config": {"base_url": endpoint}}


def _is_host(netloc: str) -> bool:
    """Whether it is a name, which another can be put in front of."""
    host = netloc.rpartition(":")[0] if ":" in netloc else netloc
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host != "localhost"
    return False
