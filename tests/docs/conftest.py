"""Where the documented program is found."""

import os
import sys
from pathlib import Path

import pytest


@pytest.fixture
def program_path() -> str:
    """A PATH on which `ses-events` is the program of this environment."""
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"
