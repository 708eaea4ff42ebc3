"""Logs that grow: their lines as they come, through rotation and truncation."""
