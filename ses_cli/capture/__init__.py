"""Receive callbacks over HTTP, and acknowledge each only when it is on disk."""
