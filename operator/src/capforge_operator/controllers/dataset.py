"""Dataset: request → snapshot Job → result → status."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotProgress, SnapshotRequest, SnapshotResult
from capforge_operator import labels
from capforge_operator.api.dataset import Dataset
from capforge_operator.children.snapshot_job import snapshot_job
from capforge_operator.controllers.reading import stored, write_once
from capforge_operator.domain.announcements import announcements
from capforge_operator.domain.dataset_plan import READY, plan
from capforge_operator.domain.dataset_view import DatasetPlan, DatasetView, spec_hash
from capforge_operator.keys import Key
from capforge_operator.ports import Clock, Done, Events, Jobs, Json, Pods, Resources, Store, Tenants
from capforge_operator.resource_types import DATASETS
from capforge_operator.settings import Settings


@dataclass(frozen=True)
class DatasetController:
    """Reconciles one Dataset."""

    resources: Resources
    tenants: Tenants
    jobs: Jobs
    pods: Pods
    store: Store
    events: Events
    clock: Clock
    settings: Settings

    async def reconcile(self, key: Key) -> Done:
        """Observe, decide, act."""
        document = await self.resources.get(DATASETS, key.namespace, key.name)
        if document is None or "deletionTimestamp" in document["metadata"]:
            return Done()  # its Jobs go with it; what is stored stays for a Dataset made anew
        view = await self._observe(Dataset.parse(document))
        return await self._act(document, view, plan(view))

    async def _observe(self, dataset: Dataset) -> DatasetView:
        namespace, name = dataset.metadata.namespace, dataset.metadata.name
        digest = spec_hash(dataset)
        result, request = await asyncio.gather(
            stored(self.store, layout.snapshot_result(namespace, name, digest), SnapshotResult),
            stored(self.store, layout.snapshot_request(namespace, name, digest), SnapshotRequest),
        )
        as_of = request.as_of if request else None
        view = DatasetView(dataset, self.store.uri, self.clock.now(), as_of=as_of, result=result)
        if dataset.status.digest or (result and result.digest):
            return view  # locked: nothing else matters any more
        return await self._observe_job(view, labels.snapshot_job(name, digest), digest)

    async def _observe_job(self, view: DatasetView, job_name: str, digest: str) -> DatasetView:
        dataset, metadata = view.dataset, view.dataset.metadata
        missing = await self.tenants.missing(metadata.namespace)
        if missing:
            return DatasetView(dataset, view.store_uri, view.now, tuple(missing), as_of=view.as_of, result=view.result)
        job = await self.jobs.get(metadata.namespace, job_name)
        if job is None or job.owner_uid != metadata.uid:
            return view
        pods = await self.pods.list(metadata.namespace, {labels.JOB_NAME: job_name})
        # Read after the Job: a Job that is seen as ended has written what it had to say.
        result = await stored(
            self.store, layout.snapshot_result(metadata.namespace, metadata.name, digest), SnapshotResult
        )
        progress = await stored(
            self.store, layout.snapshot_progress(metadata.namespace, metadata.name, digest), SnapshotProgress
        )
        return DatasetView(dataset, view.store_uri, view.now, (), job, tuple(pods), view.as_of, result, progress)

    async def _act(self, document: Json, view: DatasetView, decided: DatasetPlan) -> Done:
        did = []
        if decided.request is not None:
            await self._start(view.dataset, decided.request)
            did.append("StartedSnapshot")
        if decided.delete_job is not None:
            await self.jobs.delete(decided.delete_job)
            did.append("DeletedJob")
        before, after = view.dataset.status.conditions, decided.status.conditions
        for event in announcements(document, before, after, (READY,)):
            await self.events.emit(event)
        if await self.resources.write_status(DATASETS, document, decided.status.to_document()):
            did.append("WroteStatus")
        routine = decided.status.conditions == view.dataset.status.conditions and did == ["WroteStatus"]
        return Done(decided.after_seconds, ", ".join(did) or Done().did, routine)

    async def _start(self, dataset: Dataset, request: SnapshotRequest) -> None:
        """Write the request, then make the Job; what exists already (a crash in between) is left as it is."""
        metadata = dataset.metadata
        key = layout.snapshot_request(metadata.namespace, metadata.name, request.spec_hash)
        await write_once(self.store, key, request)
        await self.jobs.create(snapshot_job(dataset, request.spec_hash, self.settings))
