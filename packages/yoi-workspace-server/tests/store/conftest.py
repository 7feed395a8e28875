"""The databases that the store suite runs against."""

from support.backend.store_under_test import database_maker, world

__all__ = ["database_maker", "world"]
