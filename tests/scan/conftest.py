"""What tests of scans share with those of objects."""

from tests.objects.conftest import store

__all__ = ["store"]
