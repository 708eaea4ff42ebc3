"""One line becomes a record, or problems that say exactly why not."""

from ses_cli.schema.check import Checker

__all__ = ["Checker"]
