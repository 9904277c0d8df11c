"""One widget a module; each paints its own lines from :mod:`ptb_tui.state`."""
