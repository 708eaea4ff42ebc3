"""docs/check.md shows the rules, classes and definitions that the program uses."""

from pathlib import Path

from ses_cli.reports.health.classes import INVALID_ADDRESS, SPAM_BOUNCE
from ses_cli.reports.health.rates import COUNTS, RATES
from ses_cli.reports.health.rules import BLOCK, LOWER, QUOTAS, RAISE

PAGE = (Path(__file__).parents[2] / "docs" / "check.md").read_text()
TEXT = " ".join(PAGE.split())


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def code(*names: object) -> str:
    return ", ".join(f"`{name}`" for name in names)


def test_the_definitions_are_shown() -> None:
    """Every count and every rate stands there as it is computed."""
    for name, meaning in COUNTS.items():
        assert row(f"`{name}`", meaning) in PAGE
    for rate in RATES.values():
        assert row(f"`{rate.name}`", rate.formula) in PAGE


def test_the_classes_are_shown() -> None:
    """Which classes count as what stands there."""
    assert row("`invalid_addresses`", code(*INVALID_ADDRESS)) in PAGE
    assert row("`spam_bounces`", code(*SPAM_BOUNCE)) in PAGE


def test_the_rules_are_shown() -> None:
    """Every limit stands there, and every quota."""
    lines = {"block: any of": BLOCK, "lower: any of": LOWER, "raise: all of": RAISE[0], "raise: or all of": RAISE[1]}
    for name, limits in lines.items():
        assert row(name, code(*limits)) in PAGE
    assert ", ".join(f"{level}: {mails:,}" for level, mails in QUOTAS.items()) in TEXT
