"""Fakes, strategies and processes for tests."""
