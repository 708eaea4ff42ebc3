"""The chart library as one script, made once for each version and kept in the user's cache."""

import os
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

_SNIPPET = "window.vegaEmbed = vegaEmbed;"  # what the page calls


def script(environment: Mapping[str, str] = os.environ) -> str:
    """Vega, Vega-Lite and Vega-Embed, which need no network and no `eval`."""
    cache = Path(environment.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ses-events"
    kept = cache / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError, UnicodeDecodeError):
        text = kept.read_text("utf-8")
        if text.endswith(_END):
            return text
    import vl_convert

    made = vl_convert.javascript_bundle(_SNIPPET) + _END
    with suppress(OSError):  # it can be made again
        cache.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f".{kept.name}.{os.getpid()}")
        part.write_text(made, "utf-8")
        part.replace(kept)
    return made


_END = "\n// end\n"  # what was cut short in the cache does not have it
