"""Benchmarks with their peers in the same run: ``python -m benchmarks NAME [--events N] [--json FILE]``.

Each module of this package that defines ``run`` is one benchmark; figures are flat, with units in the names.
"""
