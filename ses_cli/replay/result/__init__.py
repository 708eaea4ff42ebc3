"""What came of a replay, and what one would send."""
