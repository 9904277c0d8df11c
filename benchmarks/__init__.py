"""Benchmarks with their peers: ``python -m benchmarks NAME``."""
