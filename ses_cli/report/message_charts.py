"""The charts of messages: what became of them, and how long it took."""

from collections.abc import Mapping, Sequence

from ses_cli.report.figures import FunnelStep, Latency
from ses_cli.report.specification import SCHEMA, Spec, Texts

# seconds as people say them
_SAID = (
    "datum.value < 60 ? datum.value + ' s' : datum.value < 3600 ? datum.value / 60 + ' min' : datum.value / 3600 + ' h'"
)


def funnel(steps: Sequence[FunnelStep], texts: Texts) -> Spec:
    """What became of all messages, as bars from the same line."""
    values = [
        {
            "step": texts[one.name],
            "messages": one.messages,
            "label": f"{one.messages:,} · {_share(one.share)}" if at and one.share is not None else f"{one.messages:,}",
            "of": texts[one.of],
            "kind": "end" if at < 2 else "read" if one.name in ("opened", "clicked") else "harm",
        }
        for at, one in enumerate(steps)
    ]
    y = {"field": "step", "type": "nominal", "sort": None, "title": None, "axis": {"domain": False, "ticks": False}}
    most = max([one.messages for one in steps], default=0) or 1
    x = {
        "field": "messages",
        "type": "quantitative",
        "title": None,
        "axis": None,
        "scale": {"domain": [0, most * 1.25]},  # room for the numbers
    }
    colour: Spec = {"field": "kind", "type": "nominal", "legend": None}
    tip = [
        {"field": "step", "title": texts["step"]},
        {"field": "messages", "title": texts["messages"], "format": ","},
    ]
    colour["scale"] = {"domain": ["end", "read", "harm"], "range": ["#3d9a84", "#5b8db8", "#d1603d"]}
    bar = {
        "mark": {"type": "bar", "cornerRadius": 2},
        "encoding": {"color": colour, "tooltip": tip},
    }
    label = {"mark": {"type": "text", "align": "left", "dx": 6}, "encoding": {"text": {"field": "label"}}}
    return {
        "$schema": SCHEMA,
        "data": {"values": values},
        "width": "container",
        "height": {"step": 26},
        "encoding": {"x": x, "y": y},
        "layer": [bar, label],
    }


def _share(share: float) -> str:
    return f"{share:.2%}" if 0 < share < 0.01 else f"{share:.1%}"


def latency(times: Sequence[Latency], texts: Texts) -> Spec:
    """How long the mail took to be delivered, by receiver: a bar from p50 to p90, a line on to p99."""
    shown = ("p50", "p90", "p99")  # on a scale that has no 0
    values = [{**one._asdict(), **{name: max(getattr(one, name), 1) for name in shown}} for one in times]
    scale = {"type": "log", "nice": False}
    marks = [1, 10, 60, 600, 3600, 36000, 360000]
    axis = {"values": marks, "labelExpr": _SAID, "grid": True}
    y = {
        "field": "name",
        "type": "nominal",
        "sort": [one.name for one in times],
        "title": None,
        "axis": {"labelLimit": 140},
    }
    tip = [
        {"field": "name", "title": texts["receiver"]},
        {"field": "messages", "title": texts["messages"], "format": ","},
        *({"field": name, "title": f"{name} (s)", "format": ","} for name in shown),
    ]

    def span(mark: Mapping[str, object], first: str, last: str) -> Spec:
        x = {"field": first, "type": "quantitative", "scale": scale, "axis": axis, "title": None}
        return {"mark": mark, "encoding": {"x": x, "x2": {"field": last}, "tooltip": tip}}

    tick = {"field": "p50", "type": "quantitative"}
    return {
        "$schema": SCHEMA,
        "data": {"values": values},
        "width": "container",
        "height": {"step": 24},
        "encoding": {"y": y},
        "layer": [
            span({"type": "rule", "color": "#8aa0b2", "strokeWidth": 2}, "p90", "p99"),
            span({"type": "bar", "color": "#3d9a84", "height": 10, "cornerRadius": 2}, "p50", "p90"),
            {
                "mark": {"type": "tick", "color": "#d9902f", "thickness": 3, "size": 16},
                "encoding": {"x": tick, "tooltip": tip},
            },
        ],
    }
