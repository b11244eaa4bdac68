"""Automatic training of one field extractor: from the count of annotated documents to a run, and the word about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotRequest, SubmissionsSource
from capforge_contracts.ledger import AutomaticTraining
from capforge_operator.api.capability import Capability
from capforge_operator.api.dataset import Dataset
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.children.automatic import automatic_dataset, automatic_run
from capforge_operator.controllers.annotation_watch import AnnotationWatch
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.controllers.reading import write_once
from capforge_operator.domain.annotation import AutomaticRuns, Count, Counted, Outlook, situation
from capforge_operator.domain.automatic import Policy, decide
from capforge_operator.domain.automatic_runs import (
    automatic_of,
    entry_of,
    threshold_of,
    unrecorded,
    waits_for_data,
    why_gone,
    why_over,
)
from capforge_operator.domain.dataset_view import snapshot_request
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.shape import shape_of
from capforge_operator.ports import AlreadyThere, Clock, Conflict, Json, Resources, Store
from capforge_operator.resource_types import DATASETS, TRAINING_RUNS


@dataclass(frozen=True)
class Visit:
    """What a look at automatic training came to."""

    counted: Counted
    outlook: Outlook | None
    """None: nothing is known of the count, so nothing was decided."""
    ledger: Ledger
    recorded: tuple[AutomaticTraining, ...] = ()
    """What was appended to the ledger."""


@dataclass(frozen=True)
class AutomaticTrainer:
    """Makes what is due: the snapshot's request, the Dataset, the TrainingRun, and last the ledger's word (watermark).

    All names follow from capability and threshold, and each is made only if it is not there: killed between any two of
    them, the next visit goes on. A run that exists is written down before anything else is decided.
    """

    resources: Resources
    store: Store
    clock: Clock
    catalogue: Catalogue
    watch: AnnotationWatch

    async def visit(self, capability: Capability, runs: Sequence[TrainingRun], ledger: Ledger) -> Visit:
        """Record, decide, act; raises Conflict where somebody else wrote to the ledger."""
        counted = await self.watch.counted(capability.metadata.namespace, capability.metadata.name)
        own, recorded = automatic_of(capability, runs), []
        while (run := unrecorded(ledger, own)) is not None:
            recorded.append(entry_of(run, ledger, self.clock.now()))
            ledger = await self._append(capability, recorded[-1])
        state = await self._state(capability, own, ledger)
        if counted.count is None:
            return Visit(counted, None, ledger, tuple(recorded))
        outlook = self._outlook(capability, ledger, counted.count, state)
        if not outlook.decision.fires or counted.away:
            return Visit(counted, outlook, ledger, tuple(recorded))
        try:
            run = await self._fire(capability, outlook)
        except AlreadyThere as error:
            taken = self._outlook(capability, ledger, counted.count, AutomaticRuns(taken=str(error)))
            return Visit(counted, taken, ledger, tuple(recorded))
        entry = entry_of(run, ledger, self.clock.now())
        ledger = await self._append(capability, entry)
        outlook = self._outlook(capability, ledger, counted.count, AutomaticRuns(under_way=entry.run))
        return Visit(counted, outlook, ledger, (*recorded, entry))

    def _outlook(self, capability: Capability, ledger: Ledger, count: Count, runs: AutomaticRuns) -> Outlook:
        now = self.clock.now()
        seen = situation(capability, ledger, count, runs, now)
        return Outlook(count, decide(Policy.of(capability), now, seen), runs, seen.changed, seen.reached)

    async def _append(self, capability: Capability, entry: AutomaticTraining) -> Ledger:
        namespace, name = capability.metadata.namespace, capability.metadata.name
        if not await self.catalogue.append(namespace, name, entry):
            raise Conflict(f"ledger entry {entry.sequence} of {namespace}/{name} is taken")
        return await self.catalogue.read(namespace, name)

    async def _state(self, capability: Capability, own: Sequence[TrainingRun], ledger: Ledger) -> AutomaticRuns:
        """Look at the runs, and make a Dataset again that somebody deleted while a run waits for it."""
        failed = why_gone(ledger)
        for run in own:
            dataset = await self._dataset(capability, run) if waits_for_data(run) else None
            why = why_over(run, dataset)
            if why is None:
                return AutomaticRuns(under_way=run.metadata.name)
            failed = why
        return AutomaticRuns(failed=failed)

    async def _dataset(self, capability: Capability, run: TrainingRun) -> Dataset:
        name = run.spec.datasets.train[0].name
        found = await self.resources.get(DATASETS, capability.metadata.namespace, name)
        if found is None:
            found = await self.resources.create(DATASETS, automatic_dataset(capability, threshold_of(run)))
        return Dataset.parse(found)

    async def _fire(self, capability: Capability, outlook: Outlook) -> TrainingRun:
        manifest = automatic_dataset(capability, outlook.decision.threshold)
        as_of_sequence = await self._request(capability, manifest, outlook.count)
        await self.resources.create(DATASETS, manifest)
        run = automatic_run(capability, outlook.decision.threshold, outlook.count.documents, as_of_sequence)
        return TrainingRun.parse(await self.resources.create(TRAINING_RUNS, run))

    async def _request(self, capability: Capability, manifest: Json, count: Count) -> int:
        """Write down what the snapshot is to hold before there is a Dataset; return the newest submission in it."""
        source = SubmissionsSource(
            capability=capability.metadata.name,
            as_of_sequence=count.sequence,
            fields=list(shape_of(capability).fields),
        )
        request = snapshot_request(Dataset.parse(manifest), self.clock.now(), source)
        key = layout.snapshot_request(request.namespace, request.dataset, request.spec_hash)
        if await write_once(self.store, key, request):
            return count.sequence
        written = SnapshotRequest.from_json(await self.store.get(key))
        return written.submissions.as_of_sequence if written.submissions else 0
