"""The version of the run format; apart from the schemas so that reading a manifest needs no pyarrow."""

MAJOR = 1
"""Readers refuse a newer major version."""
MINOR = 0
"""Readers open a newer minor version and ignore columns they do not know."""
