"""Dataset: request → snapshot Job → result → status."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotProgress, SnapshotRequest, SnapshotResult, SubmissionsSource
from capforge_operator import labels
from capforge_operator.api.capability import Capability
from capforge_operator.api.dataset import Dataset
from capforge_operator.api.dataset_source import SubmissionsSource as Submissions
from capforge_operator.children.snapshot_job import snapshot_job
from capforge_operator.controllers.annotation_watch import AnnotationWatch
from capforge_operator.controllers.purge_marks import PurgeMarks
from capforge_operator.controllers.reading import stored, write_once
from capforge_operator.domain.announcements import announcements
from capforge_operator.domain.dataset_plan import INTACT, READY, plan
from capforge_operator.domain.dataset_view import DatasetPlan, DatasetView, SourceHindrance, spec_hash
from capforge_operator.domain.levels import dataset_figures
from capforge_operator.domain.shape import shape_of
from capforge_operator.domain.snapshot_source import vision_source
from capforge_operator.figures import Board, NoBoard
from capforge_operator.keys import Key
from capforge_operator.ports import Clock, Done, Events, Jobs, Json, Pods, Resources, Store, Tenants
from capforge_operator.resource_types import CAPABILITIES, DATASETS
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
    watch: AnnotationWatch
    marks: PurgeMarks
    settings: Settings
    board: Board = field(default_factory=NoBoard)

    async def reconcile(self, key: Key) -> Done:
        """Observe, decide, act."""
        document = await self.resources.get(DATASETS, key.namespace, key.name)
        if document is None or "deletionTimestamp" in document["metadata"]:
            self.board.dataset(key, None)
            return Done()  # its Jobs go with it; what is stored stays for a Dataset made anew
        view = await self._observe(Dataset.parse(document))
        decided = plan(view)
        done = await self._act(document, view, decided)
        self.board.dataset(key, dataset_figures(decided.status))
        return done

    async def _observe(self, dataset: Dataset) -> DatasetView:
        namespace, name = dataset.metadata.namespace, dataset.metadata.name
        digest = spec_hash(dataset)
        result, request = await asyncio.gather(
            stored(self.store, layout.snapshot_result(namespace, name, digest), SnapshotResult),
            stored(self.store, layout.snapshot_request(namespace, name, digest), SnapshotRequest),
        )
        view = DatasetView(dataset, self.store.uri, self.clock.now(), request=request, result=result)
        if dataset.status.digest or (result and result.digest):
            return await self._observe_marks(view)  # locked: nothing else matters any more
        return await self._observe_job(view, labels.snapshot_job(name, digest), digest)

    async def _observe_marks(self, view: DatasetView) -> DatasetView:
        """Count what a purge has removed of it; only what people annotated here is ever purged."""
        dataset, result = view.dataset, view.result
        digest = dataset.status.digest or (result.digest if result else None)
        if dataset.spec.source.submissions is None or digest is None:
            return view
        return replace(view, purged=len(await self.marks.known(dataset.metadata.namespace, digest)))

    async def _observe_job(self, view: DatasetView, job_name: str, digest: str) -> DatasetView:
        dataset, metadata = view.dataset, view.dataset.metadata
        missing = await self.tenants.missing(metadata.namespace)
        if missing:
            return replace(view, missing=tuple(missing))
        if view.request is None and dataset.spec.source.submissions is not None:
            return await self._observe_annotated(view, dataset.spec.source.submissions)
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
        return replace(view, job=job, pods=tuple(pods), result=result, progress=progress)

    async def _observe_annotated(self, view: DatasetView, source: Submissions) -> DatasetView:
        """Look for what a request for annotated documents or images would say."""
        if source.capability_ref is not None:
            return await self._observe_documents(view, source.capability_ref.name)
        sequence = await self.watch.newest_of_images(view.dataset.metadata.namespace)
        if sequence is None:
            message = "no gateway tells which images are annotated; it is asked again"
            return replace(view, hindrance=SourceHindrance("SourceUnavailable", message))
        return replace(view, annotated=vision_source(source, sequence))

    async def _observe_documents(self, view: DatasetView, name: str) -> DatasetView:
        """Look for what a request for a capability's documents would say."""
        namespace = view.dataset.metadata.namespace
        found = await self.resources.get(CAPABILITIES, namespace, name)
        fields = shape_of(Capability.parse(found)).fields if found else ()
        if not fields:
            message = f"source.submissions.capabilityRef: there is no FieldExtractorElement {name}"
            return replace(view, hindrance=SourceHindrance("UnknownCapability", message))
        counted = await self.watch.counted(namespace, name)
        if counted.count is None or counted.away:
            message = "no gateway tells how many documents are annotated; it is asked again"
            return replace(view, hindrance=SourceHindrance("SourceUnavailable", message))
        source = SubmissionsSource(capability=name, as_of_sequence=counted.count.sequence, fields=list(fields))
        return replace(view, annotated=source)

    async def _act(self, document: Json, view: DatasetView, decided: DatasetPlan) -> Done:
        did = []
        if decided.request is not None:
            await self._start(view.dataset, decided.request)
            did.append("StartedSnapshot")
        if decided.delete_job is not None:
            await self.jobs.delete(decided.delete_job)
            did.append("DeletedJob")
        before, after = view.dataset.status.conditions, decided.status.conditions
        for event in announcements(document, before, after, (READY, INTACT) if view.purged else (READY,)):
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
