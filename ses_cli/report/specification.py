"""What all charts are: Vega-Lite specifications."""

from collections.abc import Mapping
from typing import Any

Spec = dict[str, Any]
Texts = Mapping[str, str]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name: nothing is fetched
