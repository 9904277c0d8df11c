"""Scores that can be trusted: a model evaluated apart from its agent, by a harness that the agent never touched."""
