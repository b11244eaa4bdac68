"""Rings the training runs that wait for something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from capforge_operator.api.training_run import TrainingRun
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Bell, Done, Resources
from capforge_operator.resource_types import TRAINING_RUNS


@dataclass(frozen=True)
class DependentsController:
    """Looks up who names an object; a reconcile of its own, so that a failed lookup is tried again."""

    resources: Resources
    bell: Bell

    async def reconcile(self, key: Key) -> Done:
        """Ring every run that names the object and has not ended."""
        documents = await self.resources.list(TRAINING_RUNS, key.namespace or None)
        for document in documents:
            run = TrainingRun.parse(document)
            if run.status.completion_time is None and key in set(_named(run)):
                self.bell.ring(Key(Kind.TRAINING_RUN, run.metadata.namespace, run.metadata.name))
        return Done()


def _named(run: TrainingRun) -> Iterator[Key]:
    namespace, spec = run.metadata.namespace, run.spec
    yield Key(Kind.CAPABILITY_DEPENDENTS, namespace, spec.capability_ref.name)
    yield Key(Kind.TEMPLATE_DEPENDENTS, "", spec.template_ref.name)
    for ref in (*spec.datasets.train, *spec.datasets.dev, *spec.datasets.test):
        yield Key(Kind.DATASET_DEPENDENTS, namespace, ref.name)
