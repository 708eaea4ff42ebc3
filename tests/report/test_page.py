"""The page, opened in a real browser."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.conftest import LIMIT, Program
from tests.logs import log, record

EXAMPLE = Path(__file__).parents[2] / "examples" / "callbacks.jsonl"
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
HOSTILE = (
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "\"'><svg onload=window.pwned=1>",
    "{{7*7}} {% raw %} ${window.pwned=1} `",
    "\u2028\u2029\u202egpj.exe\u2066",
    "]]>--><!--",
    "javascript:window.pwned=1",
)
pytestmark = [
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER) and not os.environ.get("SES_EVENTS_BROWSER"), reason="there is no chromium"
    ),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """Chromium without a window, that keeps what scripts complain of."""
    options = ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1000"):
        options.add_argument(argument)
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def opened(browser: Chrome, page: Path) -> None:
    """Waits until every chart is drawn; the browser complains of nothing and asks nobody."""
    browser.get(page.as_uri())
    deadline = time.monotonic() + LIMIT
    while not browser.execute_script("return document.body.dataset.ready"):
        assert not browser.execute_script("return document.body.dataset.failed")
        assert time.monotonic() < deadline, "the charts were not drawn"
    complaints = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry for entry in complaints if entry["level"] == "SEVERE"] == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


def made(run: Program, *arguments: str | Path) -> Path:
    """A page of these logs."""
    done = run("report", "-o", "report.html", *arguments)
    assert done.status == 0, done.stderr
    return run.home / "report.html"


def rows(browser: Chrome, chart: str) -> list[dict[str, Any]]:
    data = json.loads(browser.execute_script("return document.getElementById('data').textContent"))
    found: list[dict[str, Any]] = data["charts"][chart]["data"]["values"]
    return found


def test_the_charts_have_the_counts_of_the_json(run: Program, browser: Chrome) -> None:
    """What is drawn is what `messages --json` counts, and the page needs no network."""
    page = made(run, EXAMPLE)
    assert page.stat().st_size < 3 << 20
    opened(browser, page)
    counts = json.loads(run("messages", "--json", EXAMPLE).stdout)["messages"]
    drawn = browser.execute_script("return window.views.timeline.data('source_0')")
    for outcome in ("delivered", "bounced", "dropped"):
        assert sum(row["count"] for row in drawn if row["outcome"] == outcome) == counts[outcome]
    assert sum(row["count"] for row in rows(browser, "engagement")) == counts["opened"] + counts["clicked"]
    assert sum(row["bounces"] for row in rows(browser, "classes")) <= counts["bounced"]
    assert browser.find_element(By.CSS_SELECTOR, ".facts li:nth-child(2) b").text == f"{counts['delivered']}"


def test_the_funnel_and_the_times_are_those_of_messages(run: Program, browser: Chrome) -> None:
    """What became of the messages, and how long they took by receiver, is what `messages --json` says."""
    opened(browser, made(run, EXAMPLE))
    document = json.loads(run("messages", "--by", "domain", "--json", EXAMPLE).stdout)
    counts, groups = document["messages"], {group["domain"]: group["to_delivered_s"] for group in document["groups"]}
    steps = [counts[name] for name in ("total", "delivered", "opened", "clicked", "complained", "unsubscribed")]
    assert [row["messages"] for row in rows(browser, "funnel")] == steps
    for row in rows(browser, "latency"):
        told = groups[row["name"]]
        assert [row["messages"], row["most"]] == [told["count"], told["max"]]
        assert [row[name] for name in ("p50", "p90", "p99")] == [max(told[name], 1) for name in ("p50", "p90", "p99")]


def test_no_address_is_on_the_page_unless_asked_for(run: Program, browser: Chrome) -> None:
    """Without --addresses none of the log's is in the file; with it those to suppress are, as a download."""
    emails = {json.loads(line)["email"] for line in EXAMPLE.open()}
    text = made(run, EXAMPLE).read_text()
    assert not [email for email in emails if email in text]
    opened(browser, made(run, "--addresses", EXAMPLE))
    data = json.loads(browser.execute_script("return document.getElementById('data').textContent"))
    exported = run("bounces", "--hard", "--export", "plain", EXAMPLE).stdout.split()
    assert sorted(row[0] for row in data["addresses"][1:]) == sorted(exported)
    assert browser.find_element(By.ID, "download").is_displayed()


def test_dragging_sorting_and_filtering_work(run: Program, browser: Chrome) -> None:
    """The strip chooses a part of the time, a head sorts its column both ways, and the box filters senders."""
    opened(browser, made(run, EXAMPLE))
    strip = browser.find_element(By.CSS_SELECTOR, "#timeline .concat_1_group path.background")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", strip)
    drag = ActionChains(browser).move_to_element_with_offset(strip, -150, 0).click_and_hold()
    drag.move_by_offset(60, 0).move_by_offset(60, 0).release().perform()
    assert len(browser.execute_script("return window.views.timeline.data('brush_store')")) == 1
    head = browser.find_element(By.CSS_SELECTOR, "#receivers thead th:nth-child(2)")
    for order in ("descending", "ascending"):
        head.click()
        sent = [int(cell.text) for cell in browser.find_elements(By.CSS_SELECTOR, "#receivers tbody td:nth-child(2)")]
        assert sent == sorted(sent, reverse=order == "descending")
        assert head.get_attribute("aria-sort") == order
    browser.find_element(By.CSS_SELECTOR, "input[data-for=senders]").send_keys("NEWS")
    shown = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "#senders tbody tr") if row.is_displayed()]
    assert len(shown) == 1
    assert shown[0].startswith("news.example.net")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_on_a_phone_in_both_languages_and_schemes(
    run: Program, browser: Chrome, language: str, scheme: str
) -> None:
    """At 390 px nothing scrolls sideways, the page is in the language, and its colours follow the system."""
    page = made(run, "--lang", language, EXAMPLE)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    )
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
    try:
        opened(browser, page)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
        assert browser.execute_script("return document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[language]
        verdict = {"en": "3 sender domains keep their levels", "zh": "3 个发信域名保持当前等级"}[language]
        assert browser.find_element(By.CSS_SELECTOR, ".verdict").text == verdict
        assert {"en": "deliverability", "zh": "到达率"}[language] in browser.find_element(By.ID, "receivers").text
        colour = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (colour == "rgb(18, 23, 28)") == (scheme == "dark")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_it_prints_without_what_can_only_be_clicked(run: Program, browser: Chrome) -> None:
    """In print the boxes, buttons and folded tables are gone, and a PDF comes out."""
    opened(browser, made(run, EXAMPLE))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        for element in browser.find_elements(By.CSS_SELECTOR, "details, .filter, button"):
            assert not element.is_displayed()
        assert len(browser.print_page()) > 10_000
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_every_chart_has_its_table_and_its_name(run: Program, browser: Chrome) -> None:
    """Who cannot see a chart hears what it is, and finds its numbers below it."""
    opened(browser, made(run, EXAMPLE))
    charts = browser.find_elements(By.CSS_SELECTOR, "figure")
    assert len(charts) == 10
    for chart in charts:
        assert chart.find_element(By.CSS_SELECTOR, ".chart").get_attribute("aria-label")
        assert chart.find_elements(By.CSS_SELECTOR, "details tbody tr")


def test_text_of_the_log_never_runs(run: Program, browser: Chrome) -> None:
    """Scripts, tags, quotes and bidi marks in any field, in file names and in the title are text."""
    records = [
        record(
            event=event,
            email=f"a@{text.replace('@', '').replace(' ', '')}.example",
            bulkId=f"q-{n}-{event}",
            reason=f"550 5.1.1 {text}",
            bounceType="hard_bounce" if event == "bounce" else None,
            fromDomain=text,
            **{"from": f"x@{text}"},
            subject=text,
            useragent=text,
            link=text,
        )
        for n, text in enumerate(HOSTILE)
        for event in ("delivered", "bounce", "deferred", "open")
    ]
    name = "<img src=x onerror=window.pwned=1>.jsonl"
    (run.home / name).write_bytes(log(*records))
    opened(browser, made(run, "--title", HOSTILE[0], "--addresses", name))
    assert browser.execute_script("return window.pwned") is None
    assert browser.find_element(By.TAG_NAME, "h1").text == HOSTILE[0]
    assert name in browser.find_element(By.CSS_SELECTOR, ".sources").text
    assert browser.find_elements(By.CSS_SELECTOR, "img, svg[onload]") == []


def test_a_log_without_callbacks_makes_a_page_that_says_so(run: Program) -> None:
    """Nothing selected is no reason to fail, and no empty charts are drawn."""
    page = made(run, "--domain", "nobody.example", EXAMPLE).read_text()
    assert "Nothing to show: no callback was selected." in page
    assert 'id="timeline"' not in page
