"""The page: figures, charts and texts in one file that works offline and runs no script but its own."""

import base64
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ses_cli import __version__
from ses_cli.collection import no_collection
from ses_cli.events import ERRORS, WARNINGS
from ses_cli.ledger import Ledger
from ses_cli.report import chinese
from ses_cli.report.charts import LIMITS, charts
from ses_cli.report.figures import ENDS, Figures, SegmentCounts, rates, sent
from ses_cli.report.library import script
from ses_cli.reports.health import words
from ses_cli.reports.health.rates import RATES
from ses_cli.reports.health.report import Found, Health
from ses_cli.reports.health.sentences import sentence
from ses_cli.reports.health.words import NONE, judged, reasons
from ses_cli.times import zone_name

LANGUAGES = ("en", "zh")
_HERE = Path(__file__).parent
_CHANGES = 8  # sentences on the page
_TIMELINE = (*ENDS, "deferred", "complaints", "opened", "clicked")


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """What is put on a page, and how."""

    health: Health
    ledger: Ledger
    sources: Sequence[str]
    title: str | None = None
    language: str = "en"
    tz: tzinfo | None = None
    addresses: Sequence[Sequence[str]] | None = None  # to suppress: address, class, reason; None leaves them out


def render(page: HtmlPage) -> bytes:
    """The whole file."""
    with no_collection():
        return _render(page)


def _render(page: HtmlPage) -> bytes:
    texts = texts_of(page.language)
    figures = Figures(page.health.counted(), page.tz)
    found = page.health.found()
    receivers = figures.receivers()
    data: dict[str, object] = {"charts": charts(figures, receivers, texts) if figures.hours else {}}
    if page.addresses is not None:
        data["addresses"] = [[texts["address"], texts["class"], texts["reason"]], *page.addresses]
    library, own = script(), (_HERE / "page.js").read_text("utf-8")
    template = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("page.html.j2")
    return template.render(
        t=texts,
        title=page.title or texts["title"],
        period=_period(figures, page.tz, texts),
        policy=_policy(library, own),
        style=Markup((_HERE / "style.css").read_text("utf-8")),
        data=Markup(embedded(data)),
        library=Markup(library),
        script=Markup(own),
        figures=figures,
        rates=rates,
        receivers=receivers,
        senders=figures.senders(),
        templates=figures.templates(),
        reasons=figures.reasons(),
        verdict=(chinese if page.language == "zh" else words).verdict(found.recent),
        changes=_changes(found, page.language),
        addresses=page.addresses,
        sources=page.sources,
        made=_made(page.ledger, texts),
        problems=_problems(page.ledger),
        definitions=[(name, RATES[name].formula) for name in (*LIMITS, "open_rate")],
        **_tables(page, figures, receivers, texts),
    ).encode(errors="replace")


def _changes(found: Found, language: str) -> list[str] | None:
    """What changed, in sentences; None where there is nothing to compare with."""
    context = found.context
    if context is None:
        return None
    told = chinese.changed if language == "zh" else sentence
    return [told(change, context) for change in found.changes[:_CHANGES]]


def texts_of(language: str) -> Mapping[str, Any]:
    """What the page says, by name."""
    found: Mapping[str, Any] = tomllib.loads((_HERE / "texts.toml").read_text("utf-8"))[language]
    return found


def embedded(data: object) -> str:
    """JSON that ends no script element, whatever its strings hold."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode(errors="replace").decode()


def _policy(*scripts: str) -> str:
    """Nothing is fetched, nothing runs but these."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    rest = "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {allowed}; {rest}"


def _period(figures: Figures, tz: tzinfo | None, texts: Mapping[str, Any]) -> str:
    if figures.hours is None:
        return ""
    first, last = (f"{figures.local(hour):%Y-%m-%d %H:00}" for hour in figures.hours)
    return str(texts["period"]).format(first=first, last=last, zone=zone_name(tz))


def _made(ledger: Ledger, texts: Mapping[str, Any]) -> str:
    numbers = {name: f"{getattr(ledger, name):,}" for name in ("lines", "valid", "invalid")}
    return str(texts["made"]).format(**numbers, version=__version__)


def _problems(ledger: Ledger) -> list[tuple[str, int, str]]:
    """The most frequent first. Those as frequent as each other are met in another order by another engine."""
    counts = ledger.problems + ledger.warnings
    known = [(code, counts[code], meaning) for code, meaning in (ERRORS | WARNINGS).items() if code in counts]
    return sorted(known, key=lambda one: -one[1])


def _tables(
    page: HtmlPage, figures: Figures, receivers: Sequence[SegmentCounts], texts: Mapping[str, Any]
) -> dict[str, object]:
    """What the charts show, as rows; and the totals."""
    names, rows, totals = [line.name for line in receivers], figures.timeline(), figures.totals()
    days, weekdays = figures.timeline(by_day=True), str(texts["weekdays"]).split()
    return {
        "totals": {**totals, "sent": sent(totals)},
        "totals_rates": rates(totals),
        "levels": [
            {
                "domain": one.from_domain or NONE,
                "day": f"{one.day}",
                "sent": one.counts["sent"],
                "level": one.judgement.level,
                "why": chinese.why(one) if page.language == "zh" else reasons(one),
            }
            for one in judged(page.health.found().recent)
        ],
        "timeline_rows": [[_spaced(row["time"]), *(row.get(name, 0) for name in _TIMELINE)] for row in rows],
        "rate_rows": {
            name: [[_spaced(row["time"])[:10], row[name], row["sent"]] for row in days if row["sent"]]
            for name in LIMITS
        },
        "heatmap_rows": [[*row.values()] for row in figures.receiver_days(names[:15])],
        "class_rows": [[*row.values()] for row in figures.classes(names[:10])],
        "funnel_rows": [[texts[one.name], one.messages, one.share, texts[one.of]] for one in figures.funnel()],
        "latency_rows": [[*one] for one in figures.latency(names[:15])],
        "engagement_rows": [
            [weekdays[int(str(row["weekday"])) - 1], row["hour"], row["count"]]
            for row in figures.engagement()
            if row["count"]
        ],
    }


def _spaced(time: object) -> str:
    return str(time).replace("T", " ")
