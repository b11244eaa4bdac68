"""TrainingRun: checks → run.json → training Job → model card → result → status."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from capforge_contracts import layout
from capforge_contracts.run import RunSpec
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.children.training_job import training_job
from capforge_operator.controllers.reading import write_once
from capforge_operator.controllers.run_observer import RunObserver
from capforge_operator.domain.announcements import announcements
from capforge_operator.domain.levels import run_figures
from capforge_operator.domain.notifications import is_unsettled
from capforge_operator.domain.run_conditions import MILESTONES, SUMMARIES
from capforge_operator.domain.run_plan import plan
from capforge_operator.domain.run_view import RunPlan, RunView
from capforge_operator.figures import Board, NoBoard
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Bell, Conflict, Done, Event, Events, Jobs, Json, Resources, Store
from capforge_operator.resource_types import CAPABILITIES, TRAINING_RUNS
from capforge_operator.settings import Settings


@dataclass(frozen=True)
class TrainingRunController:
    """Reconciles one TrainingRun."""

    resources: Resources
    jobs: Jobs
    store: Store
    events: Events
    observer: RunObserver
    settings: Settings
    bell: Bell
    board: Board = field(default_factory=NoBoard)

    async def reconcile(self, key: Key) -> Done:
        """Observe, decide, act."""
        told = Key(Kind.NOTIFICATION, key.namespace, key.name)
        document = await self.resources.get(TRAINING_RUNS, key.namespace, key.name)
        if document is None or "deletionTimestamp" in document["metadata"]:
            self.board.run(key, None)
            self.board.untold(told, None)
            return Done()  # its Job goes with it; what it has written stays for a run made anew
        view = await self._with_notifications(await self.observer.observe(TrainingRun.parse(document)))
        decided = plan(view)
        done = await self._act(document, view, decided)
        if is_unsettled(view.run.model_copy(update={"status": decided.status})):
            self.bell.ring(told)
        else:
            self.board.untold(told, None)
        self.board.run(key, run_figures(view, decided))
        return done

    async def _with_notifications(self, view: RunView) -> RunView:
        """Add whether anybody is told how the run ends."""
        metadata = view.run.metadata
        capability = await self.resources.get(CAPABILITIES, metadata.namespace, view.run.spec.capability_ref.name)
        return replace(view, has_notifications=bool(capability and capability["spec"].get("notifications")))

    async def _act(self, document: Json, view: RunView, decided: RunPlan) -> Done:
        did = [decided.did] if decided.did else []
        did += await self._work(view, decided)
        await self._announce(document, view, decided)
        if await self.resources.write_status(TRAINING_RUNS, document, decided.status.to_document()):
            did.append("WroteStatus")
        routine = decided.status.conditions == view.run.status.conditions and did == ["WroteStatus"]
        return Done(decided.after_seconds, ", ".join(did) or Done().did, routine)

    async def _work(self, view: RunView, decided: RunPlan) -> list[str]:
        did = []
        if decided.start is not None:
            await self._start(view.run, decided.start)
            did.append("StartedJob")
        if decided.result is not None:
            key = layout.run_result(view.run.metadata.namespace, decided.status.run_digest or "")
            if not await write_once(self.store, key, decided.result):
                raise Conflict(f"{key}: an equal run recorded its result first")
            did.append("WroteResult")
        if decided.suspend is not None and view.job is not None:
            await self.jobs.set_suspended(view.job, decided.suspend)
            did.append("SuspendedJob" if decided.suspend else "ResumedJob")
        if decided.delete_job is not None:
            await self.jobs.delete(decided.delete_job)
            did.append("DeletedJob")
        return did

    async def _start(self, run: TrainingRun, spec: RunSpec) -> None:
        """Write run.json, then make the Job; what exists already (after a crash, of an equal run) is left as it is."""
        await write_once(self.store, layout.run_spec(spec.namespace, spec.digest), spec)
        await self.jobs.create(training_job(run, spec, self.settings))

    async def _announce(self, document: Json, view: RunView, decided: RunPlan) -> None:
        before, after = view.run.status, decided.status
        for event in announcements(document, before.conditions, after.conditions, SUMMARIES, MILESTONES):
            await self.events.emit(event)
        for warning in after.warnings:
            if warning not in before.warnings:
                await self.events.emit(Event(document, "TrainingData", warning, warning=True))
