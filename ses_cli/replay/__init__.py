"""Replay: send captured callbacks again, exact, paced, in order, resumable.

`session.prepare` puts a replay together from `session.Settings`; `session.forecast` says what one would send.
"""
