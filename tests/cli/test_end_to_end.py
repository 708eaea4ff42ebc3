"""From the first callback to the last: listen, summarize, bounces, replay into another listener."""

import json
from pathlib import Path

from .running import ROOT, Listener, run

SAMPLES = (ROOT / "examples" / "official.jsonl").read_bytes().splitlines()


def test_what_is_captured_can_be_read_and_replayed(tmp_path: Path) -> None:
    """The official samples go through every command, and a replay into another listener leaves an equal log."""
    homes = tmp_path / "one", tmp_path / "two"
    for home in homes:
        home.mkdir()
    one, two = (home / "data" / "ses-events" / "callbacks.jsonl" for home in homes)
    with Listener(homes[0]) as listener:
        assert [listener.curl(sample) for sample in SAMPLES] == [200] * len(SAMPLES)
        assert listener.stop() == 0
    assert one.read_bytes().splitlines() == SAMPLES

    status, out, _ = run(homes[0], "summarize", "--json")
    summary = json.loads(out)
    assert (status, summary["records"]["counted"]) == (0, len(SAMPLES))
    status, out, _ = run(homes[0], "bounces", "--hard", "--json")
    hard = [json.loads(sample) for sample in SAMPLES]
    wanted = {sample["email"] for sample in hard if sample.get("bounceType", "").startswith("hard")}
    assert (status, {row["email"] for row in json.loads(out)["bounces"]}) == (0, wanted)

    with Listener(homes[1]) as listener:
        options = ("--lane", "none", "--concurrency", "1", "--json")
        status, out, _ = run(homes[0], "replay", "--to", f"http://127.0.0.1:{listener.port}/", *options)
        assert (status, json.loads(out)["replay"]["delivered"]) == (0, len(SAMPLES))
        assert listener.stop() == 0
    assert two.read_bytes() == one.read_bytes()
