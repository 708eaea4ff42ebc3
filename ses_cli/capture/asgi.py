"""The part of ASGI that is spoken between a connection and the application."""

from collections.abc import Awaitable, Callable
from typing import TypedDict


class Scope(TypedDict):
    """What is known of a request before its body."""

    type: str
    asgi: dict[str, str]
    http_version: str
    method: str
    path: str
    query_string: bytes
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None


class Message(TypedDict, total=False):
    """A piece of the body, that the client has gone, or a part of the answer."""

    type: str
    body: bytes
    more_body: bool
    status: int
    headers: list[tuple[bytes, bytes]]


Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
