"""Reads everything that a decision about a training run needs, and no more than that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import ValidationError
from structlog.contextvars import bind_contextvars

from capforge_contracts import layout
from capforge_contracts.model import wrong_fields
from capforge_contracts.run import Phase, RunResult, RunSpec
from capforge_contracts.store import TooLarge
from capforge_operator import labels
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.controllers.champions import Champions
from capforge_operator.controllers.reading import stored
from capforge_operator.controllers.run_attempts import Attempts
from capforge_operator.controllers.run_case import RunCaseReader
from capforge_operator.domain.checks import violations
from capforge_operator.domain.checks.case import Violation
from capforge_operator.domain.run_spec import accept
from capforge_operator.domain.run_view import Accepted, RunView
from capforge_operator.ports import Clock, JobFact, JobOutcome, Jobs, Pods, Store, Tenants
from capforge_operator.settings import Settings


@dataclass(frozen=True)
class RunObserver:
    """Looks in the order in which facts make other facts unnecessary."""

    tenants: Tenants
    jobs: Jobs
    pods: Pods
    store: Store
    clock: Clock
    cases: RunCaseReader
    catalogue: Catalogue
    champions: Champions
    settings: Settings

    async def observe(self, run: TrainingRun) -> RunView:
        """Return the view; raises StoreError, PortError."""
        settings = self.settings
        view = RunView(
            run, self.store.uri, self.clock.now(), settings.image_pull_patience_seconds, settings.poll_seconds
        )
        if view.ended:
            return await self._version(view, run.status.run_digest)
        metadata = run.metadata
        missing = await self.tenants.missing(metadata.namespace)
        job = None if missing else await self.jobs.get(metadata.namespace, labels.training_job(metadata.name))
        view = replace(view, missing=tuple(missing), job=job if job and job.owner_uid == metadata.uid else None)
        view = await self._acceptance(view)
        if view.accepted is None:
            return view
        return await self._outcome(view, view.accepted.spec.digest)

    async def _acceptance(self, view: RunView) -> RunView:
        """Take the run.json that was written when the run was accepted; without one, check."""
        known = _known_digest(view.job) or view.run.status.run_digest
        if known:
            spec = await stored(self.store, layout.run_spec(view.run.metadata.namespace, known), RunSpec)
            if spec is not None:
                return replace(view, accepted=Accepted(spec))
        case = await self.cases.read(view.run)
        wrong = violations(case)
        if wrong:
            return replace(view, violations=tuple(wrong))
        if case.weights and view.missing:  # a file is not read over and over while nothing can begin
            return view
        weights = await self.cases.weights.pin(case.weights) if case.weights else None
        if isinstance(weights, Violation):
            return replace(view, violations=(weights,))
        champion = await self.champions.of(view.run.metadata.namespace, case)
        return replace(view, accepted=accept(view.run, case, self.settings.trainer_image, champion, weights))

    async def _outcome(self, view: RunView, digest: str) -> RunView:
        bind_contextvars(run_digest=digest)  # in every line about this visit
        attempts = Attempts(self.store, view.run.metadata.namespace, digest)
        result = await stored(self.store, layout.run_result(view.run.metadata.namespace, digest), RunResult)
        if result is not None:
            finished = await attempts.card(result.attempt)
            view = replace(view, result=result, finished=finished, attempts=result.attempt)
            return await self._version(view, digest)
        newest = await attempts.newest(view.run.status.attempts or 0)
        bind_contextvars(attempt=newest)
        progress = await attempts.progress(newest)
        view = replace(view, attempts=newest, progress=progress)
        if view.job is not None:
            pods = await self.pods.list(view.job.namespace, {labels.JOB_NAME: view.job.name})
            view = replace(view, pods=tuple(pods))
        # Read after the Job and the progress: what is seen as done has left its card.
        may_be_done = view.job is None or view.job.outcome is not JobOutcome.ACTIVE
        if may_be_done or (progress is not None and progress.phase is Phase.DONE):
            view = await self._card(view, attempts)
        return view

    async def _card(self, view: RunView, attempts: Attempts) -> RunView:
        try:
            return replace(view, finished=await attempts.finished(view.attempts))
        except ValidationError as error:
            return replace(view, card_fault=wrong_fields(error)[0])
        except TooLarge as error:
            return replace(view, card_fault=str(error))

    async def _version(self, view: RunView, digest: str | None) -> RunView:
        if digest is None or view.run.status.version is not None:
            return view
        ledger = await self.catalogue.known(view.run.metadata.namespace, view.run.spec.capability_ref.name)
        return replace(view, version=ledger.version_of(digest), held=ledger.held(digest))


def _known_digest(job: JobFact | None) -> str | None:
    return job.annotations.get(labels.WHOLE_RUN_DIGEST) if job else None
