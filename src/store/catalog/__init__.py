"""The task catalog: what a benchmark and a base model are, as data files and their reader.

``benchmarks/`` and ``models/`` hold one TOML file each; a user adds a task by putting a file of the same form into
``benchmarks/`` or ``models/`` of ``$PTB_CATALOG`` (default: ``catalog`` in the user's ptb config folder). A file with
the id of a shipped one takes its place.
"""
