"""References: local evaluation data to compare runs with, kept beside the runs.

:func:`review.references.adding.add` reads a file, a folder of the hub's cache or a package into
:class:`~review.references.item.Item` records; :func:`review.references.held.load` gives what is held of a benchmark.
"""
