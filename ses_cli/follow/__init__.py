"""Logs that grow: their lines as they come, through rotation and truncation. Nothing here knows of journals."""

from ses_cli.follow.backlog import Backlog, LinesBehind
from ses_cli.follow.contract import LogChange, OnChange, Start, Tracker
from ses_cli.follow.follower import POLL, Follower
from ses_cli.follow.generations import Identity
from ses_cli.follow.logfile import LogFile
from ses_cli.follow.ordering import open_generations

__all__ = [
    "POLL",
    "Backlog",
    "Follower",
    "Identity",
    "LinesBehind",
    "LogChange",
    "LogFile",
    "OnChange",
    "Start",
    "Tracker",
    "open_generations",
]
