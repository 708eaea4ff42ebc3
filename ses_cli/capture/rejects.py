"""The file of what was posted and is not a callback: its lines, and how it is kept from growing for ever."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import orjson

from ses_cli.capture.body import Reject

MAX_PROBLEMS = 20  # of one reject
_MAX_TEXT = 300  # characters of a message, and of a path


def rejects_path(log: Path) -> Path:
    """Where rejects go: `callbacks.rejects.jsonl` beside `callbacks.jsonl`."""
    return log.with_name(f"{log.stem}.rejects.jsonl")


def previous_path(rejects: Path) -> Path:
    """Where the rejects before them are: `callbacks.rejects.1.jsonl`."""
    return rejects.with_name(f"{rejects.stem}.1{rejects.suffix}")


def reject_line(reject: Reject, received: float) -> bytes:
    """A line of the file, with its end: receive time (Unix seconds), problems, raw bytes.

    The raw bytes are text where that is not longer than base64: control characters are six times as long in JSON.
    """
    at = datetime.fromtimestamp(received, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    problems = [
        {"code": p.code, "path": p.path[:_MAX_TEXT], "message": p.message[:_MAX_TEXT]}
        for p in reject.problems[:MAX_PROBLEMS]
    ]
    record: dict[str, object] = {"received": at, "problems": problems}
    if len(reject.problems) > MAX_PROBLEMS:
        record["problem_count"] = len(reject.problems)
    text = None if reject.is_gzip else _text(reject.raw)
    if text is None:
        record["raw_base64"] = b64encode(reject.raw).decode()
    else:
        record["raw"] = text
    if reject.is_gzip:
        record["content_encoding"] = "gzip"
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _text(raw: bytes) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if len(orjson.dumps(text)) <= len(raw) * 4 // 3 + 64 else None
