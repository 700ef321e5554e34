"""The kinds of job that a function runs, each registered with the model of its params and its recipe.

    recipes = Recipes(RunningJob)
    recipes.add("train_model", Training, train)

A kind is a name such as `train_model`. The database accepts any, so a new kind needs no migration.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from shared.jobs.records import check_kind
from shared.running.outcome import JobFailed, Outcome
from shared.running.running_job import RunningJob

Context = TypeVar("Context", bound=RunningJob)
Params = TypeVar("Params", bound=BaseModel)

FailureOf = Callable[[Exception], JobFailed | None]
"""Turns a recipe's exception into the failure of its job; None for one that the next attempt may not meet."""


def no_failure(_error: Exception) -> None:
    """No exception but JobFailed fails a job."""


class Recipes(Generic[Context]):
    """A function's recipes by kind, and the context that they are given."""

    def __init__(self, context: type[Context], *, failure_of: FailureOf = no_failure) -> None:
        self.context, self.failure_of = context, failure_of
        self._run = dict[str, Callable[[Context], Awaitable[Outcome]]]()
        self._params = dict[str, type[BaseModel]]()

    def add(
        self,
        kind: str,
        params: type[Params],
        recipe: Callable[[Context, Params], Awaitable[Outcome]],
    ) -> None:
        """Register a recipe. Raises ValueError for a name that is no kind, or that is registered already."""
        if check_kind(kind) in self._run:
            raise ValueError(f"{kind} is registered already")
        self._params[kind] = params
        self._run[kind] = lambda job: recipe(job, params.model_validate(job.job.params))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are registered."""
        return tuple(self._run)

    def params_of(self, kind: str) -> type[BaseModel] | None:
        """The model of a kind's params; None for a kind that is not registered."""
        return self._params.get(kind)

    async def run(self, job: Context) -> Outcome:
        """Run the recipe of a job's kind. Raises what the recipe raises; JobFailed if there is none."""
        run = self._run.get(job.job.kind)
        if run is None:
            raise JobFailed("unknown_kind", f"This worker has no recipe for {job.job.kind}.")
        return await run(job)


AnyRecipes = Recipes[Any]
