"""What happened in a world, to be read."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .plan import Plan
from .storing import Storing


def show(plan: Plan | Storing, trace: Sequence[tuple[Any, ...]]) -> str:
    """The plan, and a line for each thing that happened."""
    rows = [f"{name:14} {value}" for name, value in asdict(plan).items() if name != "runs"]
    rows += [f"run            {run}" for run in plan.runs] if isinstance(plan, Plan) else []
    return "\n".join([*rows, "", *(f"{at:12.4f}  {kind:12} {_facts(facts)}" for at, kind, *facts in trace)])


def _facts(facts: Sequence[Any]) -> str:
    return " ".join(str(fact) for fact in facts)
