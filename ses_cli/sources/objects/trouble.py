"""What goes wrong with objects, as errors that say what, where, and what to do about it."""

import re

from ses_cli.errors import SourceError
from ses_cli.sources.objects.address import ObjectAddress

_LONGEST = 120  # characters of what a server said
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_REGION = re.compile(r"<Region>([a-z0-9-]{1,40})</Region>")
_ADDRESS = re.compile(r"\S+://\S+")

_CREDENTIALS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a public bucket",
    "cos": "set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_REGIONS = {"s3": "set AWS_REGION", "cos": "set TENCENTCLOUD_REGION"}
_MISSING = "no such object"
_NO_CREDENTIALS = "no credentials"
_CLOCK = "set the clock: timedatectl set-ntp true"
_RENEW = "get new ones"
_ALLOW = "the credentials must be allowed to list the bucket and to get its objects"
_BUCKET = "is its name right, and the region?"
_BUSY = "try again later, or with a lower --jobs"
_DOWNLOAD = "pipe it in: curl URL | ses-events COMMAND"
_TRUST = "AWS_CA_BUNDLE=FILE names the authority to trust"
_PLAIN = "an endpoint that begins with http:// is used without"
_REACH = "is the endpoint right, and can it be reached from here?"

# the code that a store gives -> what that means, and what to do about it
_CODES = {
    "NoSuchBucket": ("no such bucket", _BUCKET),
    "ContainerNotFound": ("no such container", _BUCKET),
    "NoSuchKey": (_MISSING, None),
    "BlobNotFound": (_MISSING, None),
    "AccessDenied": ("access denied", _ALLOW),
    "AllAccessDisabled": ("access denied", _ALLOW),
    "AuthorizationFailure": ("access denied", _ALLOW),
    "InvalidAccessKeyId": ("the store does not know this access key", "another account's, or one that was deleted?"),
    "SignatureDoesNotMatch": ("the secret key does not fit the access key", "copy both again"),
    "AuthenticationFailed": ("the credentials were refused", "copy them again"),
    "ExpiredToken": ("the credentials have expired", _RENEW),
    "TokenRefreshRequired": ("the credentials have expired", _RENEW),
    "InvalidToken": ("the session token is not valid", _RENEW),
    "RequestTimeTooSkewed": ("the clock of this machine and that of the store differ too much", _CLOCK),
    "RequestExpired": ("the clock of this machine and that of the store differ too much", _CLOCK),
    "InvalidObjectState": ("archived: it must be restored before it can be read", "restore it in the console"),
    "SlowDown": ("the store asked again and again to slow down", _BUSY),
    "ServiceUnavailable": ("the store was not available again and again", _BUSY),
    "ServerBusy": ("the store was too busy again and again", _BUSY),
    "InternalError": ("the store failed again and again", _BUSY),
}
_ELSEWHERE = ("AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException")
# what the library says -> what that means, and what to do about it
_SAID = {
    "169.254.169.254": (_NO_CREDENTIALS, None),
    "metadata.google.internal": (_NO_CREDENTIALS, None),
    "ConnectionRefused": ("connection refused", _REACH),
    "dns error": ("no such host", _REACH),
    "CertificateError": ("the certificate is not trusted", _TRUST),
    "InvalidCertificate": ("the certificate is not trusted", _TRUST),
    "InvalidContentType": ("no TLS is spoken there", _PLAIN),
    "TimedOut": ("no answer in time", _REACH),
    "Connect": ("no connection", _REACH),
    "Range request not supported": ("the server does not give parts of a file", _DOWNLOAD),
    "NotPartial": ("the server does not give parts of a file", _DOWNLOAD),
    "Incomplete": ("the answer was cut off again and again", "try again"),
    "UnexpectedEof": ("the answer was cut off again and again", "try again"),
    "Interrupted": ("the answer was cut off again and again", "try again"),
    "EmptySegment": ("a key in it has two slashes in a row, which is not supported", "name other prefixes or objects"),
}


class Short(Exception):
    """Fewer bytes came than the store has."""


class Replaced(Exception):
    """Another version of the object is there now."""


class Missing(SourceError):
    """There is no such object."""


def told(error: Exception, address: ObjectAddress, endpoint: str | None, is_reading: bool = False) -> SourceError:
    """An error of the library as one of ours. `is_reading`: the object was there before."""
    if isinstance(error, SourceError):
        return error
    what, hint = _meaning(error, str(error), address.scheme)
    if what == _MISSING:
        return (
            SourceError(f"{address.shown}: was deleted while it was read")
            if is_reading
            else Missing(f"{address.shown}: {what}")
        )
    if what == _NO_CREDENTIALS:
        hint = _CREDENTIALS.get(address.scheme)
    if address.is_http and hint == _ALLOW:
        hint = "an address that was signed expires"
    if endpoint and hint in (_REACH, _TRUST, _PLAIN):
        what = f"{endpoint}: {what}"
    return SourceError(f"{address.shown}: {what}", hint)


def _meaning(error: Exception, text: str, scheme: str) -> tuple[str, str | None]:
    kind = type(error).__name__
    if kind in ("Replaced", "PreconditionError"):
        return "was replaced while it was read", "read it again"
    if kind == "Short":
        return f"{error}, again and again", "try again"
    code = found[1] if (found := _CODE.search(text)) else ""
    if code in _ELSEWHERE or "without LOCATION" in text:
        region = f"={found[1]}" if (found := _REGION.search(text)) else ""
        return "the bucket is in another region", _REGIONS.get(scheme, "set the region") + region
    if code in _CODES:
        return _CODES[code]
    if kind == "FileNotFoundError":
        return _MISSING, None
    if kind == "PermissionDeniedError":
        return "access denied", _ALLOW
    if kind == "UnauthenticatedError":
        return "the credentials were refused", _CREDENTIALS.get(scheme)
    if status := _STATUS.search(text):
        if status[1] == "403":  # of a listing
            return "access denied", _ALLOW
        return f"the store answered {status[1]}{' ' * bool(code)}{code}", None
    for said, meaning in _SAID.items():
        if said in text:
            return meaning
    return f"the request failed ({_ADDRESS.sub('...', text.partition(chr(10))[0])[:_LONGEST]})", None
