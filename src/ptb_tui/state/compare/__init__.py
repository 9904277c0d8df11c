"""The Compare screen without a terminal: two runs on one axis, and what was found of both."""
