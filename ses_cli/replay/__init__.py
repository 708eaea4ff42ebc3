"""Replay: send captured callbacks again, exact, paced, in order, resumable."""
