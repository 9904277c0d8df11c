"""The tasks that a leaderboard counts, with their weights and the scores to fall back to: all from the catalog."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Self

from runner.leaderboard.cell import Place
from store.catalog.reader import Catalog


@dataclass(frozen=True, slots=True)
class Grid:
    """Benchmarks that have a weight, and base models that have a zero-shot score on every one of them."""

    weights: Mapping[str, float]
    """By benchmark."""
    models: Mapping[str, str]
    """Hub id by catalog id."""
    base: Mapping[Place, float]
    """The base model's zero-shot score of every place."""
    instruct: Mapping[Place, float]
    """The score of the maker's own instruct model, where it is known."""
    _names: Mapping[str, str]
    """Catalog id by any name of a model, in lower case."""

    @classmethod
    def of(cls, catalog: Catalog) -> Self:
        """The grid of a catalog."""
        benchmarks = [one for one in catalog.benchmarks.values() if one.leaderboard_weight > 0]
        models = [
            model
            for model in catalog.models.values()
            if all(benchmark.baseline(model.hub_id) is not None for benchmark in benchmarks)
        ]
        base: dict[Place, float] = {}
        instruct: dict[Place, float] = {}
        for benchmark in benchmarks:
            for model in models:
                place = Place(benchmark.id, model.id)
                base[place] = benchmark.baseline(model.hub_id) or 0.0
                siblings = (benchmark.baseline(sibling) for sibling in model.instruct_siblings)
                known = next((score for score in siblings if score is not None), None)
                if known is not None:
                    instruct[place] = known
        names = {
            name.lower(): model.id
            for model in models
            for name in (model.id, model.title, model.hub_id, model.hub_id.partition("/")[2])
        }
        return cls(
            {one.id: one.leaderboard_weight for one in benchmarks},
            {model.id: model.hub_id for model in models},
            base,
            instruct,
            names,
        )

    def place(self, benchmark: str, base_model: str) -> Place | None:
        """The task of these names (a model's may be its hub id); None for one that does not count."""
        model = self._names.get(base_model.lower())
        if model is None or benchmark.lower() not in self.weights:
            return None
        return Place(benchmark.lower(), model)

    def score(self, cells: Mapping[Place, float]) -> float:
        """The weighted mean over benchmarks of the mean over base models; absent places fall back to the base."""
        return self.weighted_mean(
            {
                benchmark: fsum(
                    cells.get(Place(benchmark, model), self.base[Place(benchmark, model)])
                    for model in self.models
                )
                / len(self.models)
                for benchmark in self.weights
            }
        )

    def weighted_mean(self, by_benchmark: Mapping[str, float]) -> float:
        """The mean of one score a benchmark, by the weights of the leaderboard."""
        return fsum(self.weights[name] * by_benchmark[name] for name in self.weights) / fsum(
            self.weights.values()
        )
