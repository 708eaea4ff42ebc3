"""Requests over HTTP: where they go, what they carry, and the client that sends them."""
