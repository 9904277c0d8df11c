"""Whose weights a model has: the base's, the instruct sibling's, a mixture of both, or others."""

from runner.weights.answer import Answer, Report
from runner.weights.check import check_weights

__all__ = ["Answer", "Report", "check_weights"]
