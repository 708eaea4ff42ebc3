"""What a user may try, by the cause of a failure."""

_ADVICE = {
    "bad-answer": "what listens there speaks no HTTP: check the port in --to, and http or https",
    "connect": "nothing listens there: start the handler, or check host and port in --to",
    "connect-timeout": "nothing answers there: check host, port and firewall, or raise --connect-timeout",
    "no-answer": "the connection was closed without an answer: if the target speaks TLS, --to needs https://",
    "proxy": "check the proxy that the environment names (http_proxy, https_proxy, no_proxy)",
    "reset": "the connection was closed without an answer: if the target speaks TLS, --to needs https://",
    "timeout": "--timeout gives it longer to answer, --concurrency or --rate gives it less to do",
    "tls": "--cacert FILE trusts a private authority; a target without TLS needs http:// in --to",
    "status 401": "-H 'Authorization: ...' tells the target who sends",
    "status 403": "-H 'Authorization: ...' tells the target who sends",
    "status 404": "check the path in --to",
    "status 405": "--method sends another one than POST",
    "status 407": "the proxy wants credentials: http://USER:PASSWORD@HOST in http_proxy or https_proxy",
    "status 415": "-H 'Content-Type: ...' says what the body is",
    "status 429": "--rate and --concurrency slow down",
}


def advice(cause: str) -> str | None:
    """The next step, None where nothing better than the cause is known."""
    if cause.startswith("status 3"):
        return "redirects are not followed: name the new address in --to"
    return _ADVICE.get(cause)
