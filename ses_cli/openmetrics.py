"""Numbers for Prometheus, in the text format of OpenMetrics: what node_exporter's textfile collector reads."""

from collections.abc import Iterator, Mapping, Sequence

Sample = tuple[Mapping[str, object], float]  # labels, value
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}


def gauges(prefix: str, texts: Mapping[str, str], samples: Mapping[str, Sequence[Sample]]) -> Iterator[bytes]:
    """The metrics that `texts` explains, by their names without the prefix, and their samples."""
    for name, text in texts.items():
        yield f"# HELP {prefix}_{name} {text}\n# TYPE {prefix}_{name} gauge\n".encode()
        for labels, value in samples[name]:
            told = ",".join(f'{label}="{_escaped(content)}"' for label, content in labels.items())
            yield f"{prefix}_{name}{f'{{{told}}}' if told else ''} {_number(value)}\n".encode(errors="replace")
    yield b"# EOF\n"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.6g}"


def _escaped(value: object) -> str:
    text = "" if value is None else str(value)
    return "".join(_ESCAPES.get(character, character) for character in text)
