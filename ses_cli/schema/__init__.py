"""What a valid line is, and the engine in Python that decides it."""

from ses_cli.schema.check import PythonEngine

__all__ = ["PythonEngine"]
