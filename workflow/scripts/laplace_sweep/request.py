"""What is asked of sweeps: their plans, and what each rule needs of them, by wildcards."""

from functools import wraps
from pathlib import Path

from snakemake.exceptions import WorkflowError

from laplace_approx.errors import InputError
from laplace_files.models.trial import source_hash
from laplace_sweep.definition import open_sweeps
from laplace_sweep.plan import Plan


def _in_words(method):
    """Let Snakemake print the sentence of an InputError, and no traceback with it."""

    @wraps(method)
    def worded(self, wildcards):
        try:
            return method(self, wildcards)
        except InputError as error:
            raise WorkflowError(str(error)) from None

    return worded


class SweepRequest:
    """The sweeps of a configuration: `plans` by name, and functions of a rule's wildcards.

    Scenarios are made when a rule asks for them: a run that asks for no sweep makes only the first
    of each, to refuse settings that do not go together.
    """

    def __init__(self, config: dict):
        self.config = config
        self.plans = {name: Plan(sweep, config) for name, sweep in open_sweeps(config).items()}
        for plan in self.plans.values():
            plan.check_first()

    @_in_words
    def chunks(self, wildcards) -> list[str]:
        """Return the tables of one step in all chunks of a sweep."""
        folder = f"results/sweeps/{wildcards.sweep}/chunks"
        chunks = self.plans[wildcards.sweep].chunks
        return [f"{folder}/{chunk}/{wildcards.step}.parquet" for chunk in chunks]

    @_in_words
    def part(self, wildcards) -> dict:
        """Return what the job of a chunk needs of the configuration, and nothing beside it."""
        return self.plans[wildcards.sweep].part(wildcards.chunk)

    @_in_words
    def whole(self, wildcards) -> dict:
        """Return the settings of a sweep, from which its scenarios follow in their order."""
        return self.plans[wildcards.sweep].whole()

    @_in_words
    def definition(self, wildcards) -> dict:
        """Return the definition of a scenario by its key."""
        return self.plans[wildcards.sweep].definition(wildcards.scenario)

    @_in_words
    def on_disk(self, wildcards) -> list[dict]:
        """Return the sweeps of which there are tables, as plain values, for the audit."""
        sweeps = self.config["sweeps"]
        return [
            plan.whole() | {"recomputed": sweeps[name]["recomputed"]}
            for name, plan in self.plans.items()
            if any(Path("results/sweeps", name).glob("*.parquet"))
        ]

    def settings(self, wildcards) -> list[str]:
        """Return the names of the settings that a sweep varies."""
        return list(self.plans[wildcards.sweep].sweep.axes)

    def combine(self, wildcards) -> str:
        """Return how the settings of a sweep are combined, `product` or `zip`."""
        return self.plans[wildcards.sweep].sweep.combine

    def files(self, wildcards) -> list[str]:
        """Return the files of the model of a sweep: its code and its data."""
        model = self._model(wildcards)
        return [file for file in (model["file"], model.get("data")) if file]

    def sources(self, wildcards) -> str:
        """Return the hash of those files and of what the model imports."""
        return source_hash(self._model(wildcards))

    def _model(self, wildcards) -> dict:
        return self.config["models"][self.plans[wildcards.sweep].sweep.base["model"]]
