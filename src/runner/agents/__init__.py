"""Agents as data files: how each scaffold is started, and which credentials it is given."""
