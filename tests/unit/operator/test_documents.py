"""Datasets of annotated documents, runs on them, and how a field extractor is routed."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.data_model import DataField
from capforge_contracts.dataset import SnapshotOutcome, SnapshotRequest, SnapshotResult, Split
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import CapabilityType, Comparison, DocumentMetrics, ModelCard, RunSpec
from capforge_contracts.submissions import FieldLabel, LabelledValue, Submission, write_documents_manifest
from capforge_operator.api.dataset import Dataset
from capforge_operator.children.snapshot_job import snapshot_job
from capforge_operator.domain.dataset_view import spec_hash
from capforge_operator.domain.shape import shape_of
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import JobOutcome, Json
from capforge_operator.resource_types import CAPABILITIES, DATASETS
from tests.unit.operator.extractor_world import NAME, ExtractorWorld, extractor
from tests.unit.operator.test_annotation_status import parsed
from tests.unit.operator.training_world import (
    NAMESPACE,
    SETTINGS,
    TEMPLATE,
    capability,
    model_card,
    resource,
    run,
    template,
)

DATASET = "receipts-2026"
FIELDS = list(shape_of(parsed(extractor())).fields)
DIGEST = "a" * 64


def documents(name: str = DATASET, of: str = NAME) -> Json:
    return resource("Dataset", name, {"source": {"submissions": {"capabilityRef": {"name": of}}}, "onFault": "Reject"})


def submission(
    content: str, split: Split = Split.TRAIN, present: tuple[str, ...] = ("total", "issued", "kind")
) -> Submission:
    value = LabelledValue(key="00000000", content="1", value="1", page_id=0, words=[0], box=[0, 0, 1, 1])
    labels = [FieldLabel(field=field.name, values=[value] if field.name in present else []) for field in FIELDS]
    return Submission(
        sha256=sha256_hex(content.encode()),
        document=content,
        name=f"{content}.pdf",
        reading_sha256=DIGEST,
        split=split,
        submission=content,
        sequence=1,
        annotator="anna",
        time="2026-01-01T00:00:00Z",
        labels=labels,
    )


ITEMS = (submission("a"), submission("b"), submission("c", Split.DEV))


def document_run(name: str = "receipts-1", **spec: Any) -> Json:
    chosen = {role: [{"name": DATASET, "split": split}] for role, split in (("train", "Train"), ("dev", "Dev"))}
    return run(name, **{"capabilityRef": {"name": NAME}, "datasets": chosen, **spec})


class World(ExtractorWorld):
    async def look_at_dataset(self, name: str = DATASET) -> Dataset:
        await self.alive[Kind.DATASET].reconcile(Key(Kind.DATASET, NAMESPACE, name))
        return self.seen_dataset(name)

    def request(self, name: str = DATASET) -> SnapshotRequest:
        key = layout.snapshot_request(NAMESPACE, name, spec_hash(self.seen_dataset(name)))
        return SnapshotRequest.from_json(self.twins.store.objects.get(key))

    async def locked_documents(self, items: tuple[Submission, ...] = ITEMS, fields: list[DataField] = FIELDS) -> None:
        data = write_documents_manifest(fields, items)
        digest = sha256_hex(data)
        self.twins.store.objects.put(layout.manifest(NAMESPACE, digest), data)
        self.twins.resources.put(documents())
        await self.look_at_dataset()
        result = SnapshotResult(outcome=SnapshotOutcome.LOCKED, message="3 documents", digest=digest, items=len(items))
        self.answer_snapshot(result, DATASET)
        await self.look_at_dataset()


@pytest.fixture
def world() -> World:
    made = World()
    made.twins.resources.put(extractor())
    made.twins.resources.put(template(capabilityTypes=["DetectorElement", "FieldExtractorElement"]))
    made.annotated(3)
    return made


class TestDatasets:
    async def test_the_request_says_as_of_which_submission_and_with_which_fields(self, world: World):
        world.twins.resources.put(documents())
        status = (await world.look_at_dataset()).status
        asked = world.request().submissions
        assert asked is not None
        assert (asked.capability, asked.as_of_sequence, asked.fields) == (NAME, 1, FIELDS)
        world.annotated(9)
        await world.look_at_dataset()
        assert world.request().submissions == asked
        assert status.condition("Ready") is not None

    async def test_the_status_tells_the_newest_submission_that_counts(self, world: World):
        await world.locked_documents()
        assert world.seen_dataset(DATASET).status.as_of_sequence == 1

    async def test_one_that_is_made_anew_attaches_to_the_same_snapshot(self, world: World):
        await world.locked_documents()
        digest = world.seen_dataset(DATASET).status.digest
        world.twins.resources.remove(DATASETS, NAMESPACE, DATASET)
        world.annotated(50)
        world.twins.resources.put(documents())
        jobs = list(world.twins.jobs.created)
        assert (await world.look_at_dataset()).status.digest == digest
        assert world.twins.jobs.created == jobs

    @pytest.mark.parametrize("other", [None, capability("letters")], ids=["nobody's", "a detector's"])
    async def test_documents_of_no_field_extractor_are_waited_for(self, world: World, other: Json | None):
        if other:
            world.twins.resources.put(other)
        world.twins.resources.put(documents(of="letters"))
        ready = (await world.look_at_dataset()).status.condition("Ready")
        assert ready is not None
        assert (ready.status, ready.reason) == ("False", "UnknownCapability")
        assert "there is no FieldExtractorElement letters" in ready.message
        world.twins.resources.objects.pop((CAPABILITIES.kind, NAMESPACE, "letters"), None)
        world.twins.resources.put(extractor("letters"))
        ready = (await world.look_at_dataset()).status.condition("Ready")
        assert ready is not None
        assert ready.reason == "Snapshotting"

    async def test_gateways_that_are_away_are_waited_for(self, world: World):
        world.twins.gateways.away = True
        world.twins.resources.put(documents())
        ready = (await world.look_at_dataset()).status.condition("Ready")
        assert ready is not None
        assert ready.reason == "SourceUnavailable"
        assert world.twins.jobs.created == []
        world.twins.gateways.away = False
        world.twins.clock.advance(11)
        await world.look_at_dataset()
        assert len(world.twins.jobs.created) == 1

    def test_the_job_gets_the_gateways_address_and_a_token_for_it_alone(self):
        made = snapshot_job(Dataset.parse(documents()), DIGEST, SETTINGS)
        pod = made["spec"]["template"]["spec"]
        env = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
        assert env["CAPFORGE_GATEWAY_URL"] == "http://capforge-gateway-internal.capforge-system.svc:9001"
        assert env["CAPFORGE_GATEWAY_TOKEN_FILE"] == "/var/run/secrets/capforge-gateway/token"
        [volume] = [one for one in pod["volumes"] if one["name"] == "gateway-token"]
        [source] = volume["projected"]["sources"]
        assert source["serviceAccountToken"]["audience"] == "capforge-gateway"
        assert pod["automountServiceAccountToken"] is False

    def test_the_job_of_images_gets_neither(self):
        source = {"coco": {"annotationsUri": "s3://capforge/team-a/in/a.json"}}
        made = snapshot_job(Dataset.parse(resource("Dataset", "cells", {"source": source})), DIGEST, SETTINGS)
        assert "gateway" not in str(made["spec"]["template"])


class TestRuns:
    async def accepted(self, world: World, name: str = "receipts-1") -> RunSpec:
        await world.reconcile(Kind.TRAINING_RUN, name)
        digest = world.seen_run(name).status.run_digest
        assert digest is not None, world.seen_run(name).status.conditions
        return RunSpec.from_json(world.twins.store.objects.get(layout.run_spec(NAMESPACE, digest)))

    async def refused(self, world: World, name: str = "receipts-1") -> tuple[str, str]:
        await world.reconcile(Kind.TRAINING_RUN, name)
        found = world.seen_run(name).status.condition("Succeeded")
        assert found is not None
        return found.reason, found.message

    async def test_the_trainer_is_told_the_fields_and_no_champion_before_there_is_one(self, world: World):
        await world.locked_documents()
        world.twins.resources.put(document_run())
        spec = await self.accepted(world)
        assert (spec.capability_type, spec.fields, spec.outputs) == (CapabilityType.FIELD_EXTRACTOR, FIELDS, [])
        assert spec.champion is None

    async def test_a_field_that_no_document_has_is_warned_of(self, world: World):
        few = tuple(one.model_copy(update={"labels": one.labels[:1]}) for one in ITEMS)
        await world.locked_documents(few)
        world.twins.resources.put(document_run())
        await self.accepted(world)
        warnings = world.seen_run("receipts-1").status.warnings
        assert any("datasets.train: no document has a value for issued" in one for one in warnings)

    async def test_without_a_document_for_dev_it_is_refused(self, world: World):
        await world.locked_documents(ITEMS[:2])
        world.twins.resources.put(document_run())
        reason, message = await self.refused(world)
        assert reason == "EmptySelection"
        assert "datasets.dev: receipts-2026 (Dev) has no items; annotate more documents" in message

    async def test_the_same_content_in_train_and_dev_is_refused(self, world: World):
        await world.locked_documents((*ITEMS, submission("a", Split.DEV)))
        world.twins.resources.put(document_run())
        reason, message = await self.refused(world)
        assert reason == "SplitsOverlap"
        assert "documents of receipts-2026 (Dev) are also in train" in message

    async def test_images_do_not_train_a_field_extractor_nor_documents_a_detector(self, world: World):
        await world.locked_documents()
        await world.locked()
        world.twins.resources.put(capability())
        images = {role: [{"name": "cells", "split": split}] for role, split in (("train", "Train"), ("dev", "Dev"))}
        world.twins.resources.put(document_run(datasets=images))
        world.twins.resources.put(document_run("cells-1", capabilityRef={"name": "cells"}))
        for name, needed in (("receipts-1", "is trained on documents"), ("cells-1", "is trained on images")):
            reason, message = await self.refused(world, name)
            assert reason == "OtherData"
            assert needed in message


def card(world: World, name: str, **changes: Any) -> ModelCard:
    metrics = DocumentMetrics(documents=10, decisions=30, right=24, accuracy=0.8, calibration_error=0.05)
    left = model_card(world.seen_run(name).status.run_digest or "", run_name=name)
    return left.model_copy(
        update={
            "capability": NAME,
            "capability_type": CapabilityType.FIELD_EXTRACTOR,
            "template": TEMPLATE,
            "outputs": [],
            "fields": FIELDS,
            "field_thresholds": {"total": 0.7},
            "ignored_classes": {},
            "dev": None,
            "test": None,
            "document_dev": metrics,
            **changes,
        }
    )


class TestTheLoop:
    async def trained(self, world: World, name: str, **changes: Any) -> None:
        await world.reconcile(Kind.TRAINING_RUN, name)
        world.claim(name)
        world.attempt_file(layout.CARD, card(world, name, **changes).to_json(), name)
        world.end_job(JobOutcome.COMPLETE, name)
        await world.reconcile(Kind.TRAINING_RUN, name)
        await world.visit()
        await world.reconcile(Kind.TRAINING_RUN, name)

    async def test_the_first_model_is_published_and_the_second_has_to_beat_it(self, world: World):
        await world.locked_documents()
        for number in (1, 2):
            world.twins.resources.put(document_run(f"receipts-{number}", seed=number))
        await self.trained(world, "receipts-1")
        assert world.seen_run("receipts-1").status.version == "1.1"
        shown = {one.name: one.value for one in world.seen_run("receipts-1").status.metrics}
        assert (shown["accuracy"], shown["documents"]) == ("0.8", "10")
        worse = Comparison(
            version="1.1", documents=10, decisions=30, champion_right=24, challenger_right=18, wins=0, losses=6
        )
        await self.trained(world, "receipts-2", comparison=worse, model_sha256="d" * 64)
        digest = world.seen_run("receipts-2").status.run_digest or ""
        spec = RunSpec.from_json(world.twins.store.objects.get(layout.run_spec(NAMESPACE, digest)))
        assert spec.champion is not None
        assert (spec.champion.version, spec.champion.model_sha256) == ("1.1", "e" * 64)
        published = world.seen_run("receipts-2").status.condition("Published")
        assert published is not None
        assert (published.status, published.reason) == ("False", "WorseThanChampion")
        assert "right in 60.0 % of 30 decisions on 10 dev documents, version 1.1 in 80.0 %" in published.message
        held = world.seen().status.held_challenger
        assert held is not None
        assert (held.run, held.champion, held.reason) == ("receipts-2", "1.1", "WorseThanChampion")
        assert world.reason(condition="RolloutBlocked") == "WorseThanChampion"
        assert "WorseThanChampion" in world.twins.events.reasons
        assert world.seen().status.version_count == 1
        rung, world.twins.bell.keys = world.twins.bell.keys, []
        await world.visit()
        assert Key(Kind.TRAINING_RUN, NAMESPACE, "receipts-2") not in world.twins.bell.keys, "it is told"
        assert rung

    async def test_it_is_routed_from_the_start_and_its_versions_with_fields_and_thresholds(self, world: World):
        serving = Key(Kind.SERVING, "", SETTINGS.pool)
        await world.alive[Kind.SERVING].reconcile(serving)
        [routed] = world.twins.gateways.tables["10.0.0.9"].capabilities
        assert (routed.name, routed.current, routed.fields, routed.outputs) == (NAME, None, FIELDS, [])
        assert "annotate documents" in routed.reason
        await world.locked_documents()
        world.twins.resources.put(document_run())
        await self.trained(world, "receipts-1")
        await world.alive[Kind.SERVING].reconcile(serving)
        [version] = world.twins.gateways.tables["10.0.0.9"].capabilities[0].versions
        assert (version.version, version.fields) == ("1.1", FIELDS)
        assert version.thresholds == {"total": 0.7, "issued": 0.4, "kind": 0.4}
        assert version.max_batch_size == 8
