"""Tests, from the public surface."""
