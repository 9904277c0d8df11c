"""Imports: results of PostTrainBench, whole or as published, become runs like recorded ones."""

from recorder.importer.many import import_all
from recorder.importer.one import Fate, Outcome, import_results
from recorder.importer.results import Results, find_results

__all__ = ["Fate", "Outcome", "Results", "find_results", "import_all", "import_results"]
