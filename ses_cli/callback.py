"""The record: one valid callback, its documented fields as typed attributes."""

from msgspec import Struct

# attribute -> key of the payload, where it is another
KEYS = {
    "bulk_id": "bulkId",
    "bounce_type": "bounceType",
    "sender": "from",
    "from_domain": "fromDomain",
    "template_id": "templateId",
    "message_id": "messageId",
    "task_id": "taskId",
    "sent_timestamp": "sentTimestamp",
}


class Callback(Struct, kw_only=True, gc=False, rename=KEYS):
    """A callback as `events.FIELDS` describes it, in today's spelling. What is absent or null is None.

    Its fields stand in the order in which callbacks have them.
    """

    event: str
    email: str  # "" where the documentation's 2021 sample blanks it
    link: str | None = None
    bulk_id: str
    timestamp: int  # Unix seconds
    reason: str | None = None
    bounce_type: str | None = None
    username: str | None = None
    sender: str | None = None
    from_domain: str | None = None
    template_id: int | None = None
    useragent: str | None = None
    subject: str | None = None
    message_id: str | None = None
    eventid: int | None = None
    task_id: int | None = None
    sent_timestamp: int | None = None  # Unix seconds

    def plain(self) -> "Callback":
        """Its documented fields alone, of what a decoder's own kind of callback has."""
        return Callback(**{name: getattr(self, name) for name in Callback.__struct_fields__})
