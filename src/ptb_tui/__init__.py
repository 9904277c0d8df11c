"""The terminal app and the `ptb` command."""
