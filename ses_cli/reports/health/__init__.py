"""Is the sending healthy: what the provider makes of it, what changed, and why."""
