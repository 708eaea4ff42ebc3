"""The charts as Vega-Lite specifications; their colours and fonts come from the page, which may be dark."""

from collections.abc import Mapping, Sequence

from ses_cli.report.figures import ENDS, Figures, SegmentCounts
from ses_cli.report.message_charts import funnel, latency
from ses_cli.report.specification import SCHEMA, Spec, Texts

_STACKED = (*ENDS, "deferred")
_COLOURS = {"delivered": "#3d9a84", "bounced": "#d1603d", "dropped": "#8a6fa8", "deferred": "#dcae3f"}
_TIMES = {"labelOverlap": True, "format": "%m-%d", "tickCount": {"interval": "day", "step": 1}}
_COUNTS = {"tickMinStep": 1, "format": ",d"}
# rate -> limits of Tencent's published rules: raise, lower, block
LIMITS: dict[str, dict[str, float]] = {
    "deliverability": {"raise": 0.92, "lower": 0.65},
    "invalid_address_rate": {"raise": 0.05, "lower": 0.09, "block": 0.11},
    "spam_bounce_rate": {"raise": 0.025, "lower": 0.05, "block": 0.15},
    "complaint_rate": {"raise": 0.001, "lower": 0.005},
}


def charts(figures: Figures, receivers: Sequence[SegmentCounts], texts: Texts) -> dict[str, Spec]:
    """Every chart by the id of its place on the page; none where there is nothing to draw."""
    names = [line.name for line in receivers]
    found = {"timeline": timeline(figures, texts)}
    for rate in LIMITS:
        found[rate] = rate_line(figures, rate, texts)
    found["heatmap"] = heatmap(figures, names[:15], texts)
    found["classes"] = classes(figures, names[:10], texts)
    found["funnel"] = funnel(figures.funnel(), texts)
    if times := figures.latency(names[:15]):
        found["latency"] = latency(times, texts)
    found["engagement"] = engagement(figures, texts)
    return found


def timeline(figures: Figures, texts: Texts) -> Spec:
    """What became of the mail over time; dragging over the strip below chooses a part of it."""
    rows = figures.timeline()
    values = [
        {"time": row["time"], "outcome": texts[name], "count": row.get(name, 0), "order": at}
        for row in rows
        for at, name in enumerate(_STACKED)
    ]
    unit = "yearmonthdatehours" if figures.is_hourly else "yearmonthdate"
    time = {"field": "time", "type": "temporal", "timeUnit": unit, "title": None}
    count = {"field": "count", "type": "quantitative", "aggregate": "sum", "title": texts["messages"], "axis": _COUNTS}
    scale = {"domain": [texts[name] for name in _STACKED], "range": [_COLOURS[name] for name in _STACKED]}
    colour = {"field": "outcome", "type": "nominal", "scale": scale, "title": None, "legend": {"orient": "top"}}
    order = {"field": "order", "type": "quantitative"}
    tip = [
        {"field": "time", "type": "temporal", "timeUnit": unit, "title": texts["time"]},
        {"field": "outcome", "title": texts["outcome"]},
        {"field": "count", "aggregate": "sum", "title": texts["messages"], "format": ","},
    ]
    detail = {
        "mark": {"type": "bar", "binSpacing": 1},
        "width": "container",
        "height": 260,
        "encoding": {
            "x": {**time, "scale": {"domain": {"param": "brush"}}, "axis": _TIMES},
            "y": count,
            "color": colour,
            "order": order,
            "tooltip": tip,
        },
    }
    strip = {
        "mark": {"type": "area", "opacity": 0.5, "interpolate": "step"},
        "width": "container",
        "height": 44,
        "params": [{"name": "brush", "select": {"type": "interval", "encodings": ["x"]}}],
        "encoding": {"x": {**time, "axis": _TIMES}, "y": {**count, "axis": None}},
    }
    return {"$schema": SCHEMA, "data": {"values": values}, "vconcat": [detail, strip], "spacing": 8}


def rate_line(figures: Figures, rate: str, texts: Texts) -> Spec:
    """One rate over time, with the limits of the published rules that the values come near to."""
    rows = figures.judged_days(rate)
    values = [{"time": row["time"], "rate": row[rate], "sent": row["sent"]} for row in rows]
    limits = [
        {"limit": limit, "label": f"{texts[f'limit_{name}']} {100 * limit:g}%"}
        for name, limit in near(LIMITS[rate], [float(str(row[rate])) for row in rows], rate == "deliverability")
    ]
    has_zero = rate != "deliverability"
    time = {"field": "time", "type": "temporal", "title": None}
    line = {
        "mark": {"type": "line", "point": len(values) < 60, "strokeWidth": 1.8},
        "encoding": {
            "x": {**time, "axis": {"tickCount": 4, "format": "%m-%d", "labelOverlap": True}},
            "y": {
                "field": "rate",
                "type": "quantitative",
                "title": None,
                "axis": {"format": ".2~%", "tickCount": 4},
                "scale": {"zero": has_zero, "nice": True},
            },
            "tooltip": [
                {"field": "time", "type": "temporal", "title": texts["day"], "format": "%Y-%m-%d"},
                {"field": "rate", "type": "quantitative", "title": texts[rate], "format": ".2%"},
                {"field": "sent", "type": "quantitative", "title": texts["sent"], "format": ","},
            ],
        },
    }
    at = {"field": "limit", "type": "quantitative"}
    mark = {"color": "#c8553d", "opacity": 0.85}
    rule = {"data": {"values": limits}, "mark": {"type": "rule", "strokeDash": [4, 4], **mark}, "encoding": {"y": at}}
    label = {
        "data": {"values": limits},
        "mark": {"type": "text", "align": "left", "baseline": "bottom", "dy": -2, "fontSize": 10, "x": 3, **mark},
        "encoding": {"y": at, "text": {"field": "label"}},
    }
    spec = {"$schema": SCHEMA, "data": {"values": values}, "width": "container", "height": 130}
    return {**spec, "layer": [line, rule, label]}


def near(limits: Mapping[str, float], values: Sequence[float], is_all: bool) -> list[tuple[str, float]]:
    """The limits that the values come near to: the next worse one, and the next better one while it is not passed."""
    highest, lower = max(values, default=0.0), limits["lower"]
    wanted = {"raise": highest <= lower, "lower": True, "block": highest > lower}
    return [(name, limit) for name, limit in limits.items() if is_all or wanted[name]]


def heatmap(figures: Figures, names: Sequence[str], texts: Texts) -> Spec:
    """Receivers by day: what share of their mail was delivered."""
    return {
        "$schema": SCHEMA,
        "data": {"values": figures.receiver_days(names)},
        "width": "container",
        "height": {"step": 22},
        "mark": {"type": "rect", "cornerRadius": 2},
        "encoding": {
            "x": {"field": "day", "type": "ordinal", "title": None, "axis": {"labelOverlap": True, "labelAngle": 0}},
            "y": {
                "field": "domain",
                "type": "nominal",
                "sort": list(names),
                "title": None,
                "axis": {"labelLimit": 140},
            },
            "color": {
                "field": "delivered",
                "type": "quantitative",
                "title": texts["deliverability"],
                "scale": {"domain": [0.5, 0.9, 1], "range": ["#c8553d", "#efd9a0", "#3d9a84"], "clamp": True},
                "legend": {"orient": "top", "format": ".0%", "gradientLength": 160},
            },
            "tooltip": [
                {"field": "domain", "title": texts["receiver"]},
                {"field": "day", "title": texts["day"]},
                {"field": "delivered", "type": "quantitative", "title": texts["deliverability"], "format": ".1%"},
                {"field": "sent", "type": "quantitative", "title": texts["sent"], "format": ","},
            ],
        },
        "config": {"scale": {"bandPaddingInner": 0.06}},
    }


def classes(figures: Figures, names: Sequence[str], texts: Texts) -> Spec:
    """Bounces of the largest receivers by the class of their reason."""
    return {
        "$schema": SCHEMA,
        "data": {"values": figures.classes(names)},
        "width": "container",
        "height": {"step": 24},
        "mark": {"type": "bar", "cornerRadius": 1},
        "encoding": {
            "x": {"field": "bounces", "type": "quantitative", "aggregate": "sum", "title": None, "axis": _COUNTS},
            "y": {
                "field": "domain",
                "type": "nominal",
                "sort": list(names),
                "title": None,
                "axis": {"labelLimit": 140},
            },
            "color": {
                "field": "class",
                "type": "nominal",
                "title": None,
                "scale": {"scheme": "tableau20"},
                "legend": {"orient": "bottom", "columns": 3, "labelLimit": 140},
            },
            "tooltip": [
                {"field": "domain", "title": texts["receiver"]},
                {"field": "class", "title": texts["class"]},
                {"field": "bounces", "aggregate": "sum", "title": texts["bounces"], "format": ","},
            ],
        },
    }


def engagement(figures: Figures, texts: Texts) -> Spec:
    """Opens and clicks by weekday and hour."""
    days = texts["weekdays"].split()
    values = [{**row, "day": days[int(str(row["weekday"])) - 1]} for row in figures.engagement()]
    return {
        "$schema": SCHEMA,
        "data": {"values": values},
        "width": "container",
        "height": {"step": 22},
        "mark": {"type": "rect", "cornerRadius": 2},
        "encoding": {
            "x": {
                "field": "hour",
                "type": "ordinal",
                "title": texts["hour"],
                "axis": {"labelAngle": 0, "labelOverlap": True},
            },
            "y": {"field": "day", "type": "nominal", "sort": days, "title": None},
            "color": {
                "field": "count",
                "type": "quantitative",
                "title": texts["opens_clicks"],
                "scale": {"scheme": "teals"},
                "legend": {"orient": "top", "gradientLength": 160},
            },
            "tooltip": [
                {"field": "day", "title": texts["weekday"]},
                {"field": "hour", "title": texts["hour"]},
                {"field": "count", "type": "quantitative", "title": texts["opens_clicks"], "format": ","},
            ],
        },
        "config": {"scale": {"bandPaddingInner": 0.06}},
    }
