"""The serving documents as bytes: what is written is what the models would write, in either form."""

from __future__ import annotations

from capforge_contracts.run import CapabilityType, Output
from capforge_contracts.serving import (
    DesiredModel,
    DesiredModels,
    Endpoint,
    RoutedCapability,
    RoutedVersion,
    RoutingTable,
)
from capforge_operator.children.config_maps import PLAIN_BYTES, desired_manifest, routes_manifest
from capforge_operator.controllers.documents import parsed
from capforge_operator.domain.packed import PackedDesired, PackedRoutes
from tests.unit.operator.serving_world import sha


def routed(name: str, namespace: str = "team-a", version: str = "1.1") -> RoutedCapability:
    found = RoutedVersion(
        version=version,
        model=f"{name}--{sha(1)[:12]}",
        run=f"{name}-1",
        run_digest=sha(1),
        dataset_digests=[sha(2)],
        input_width=320,
        input_height=320,
        transforms_version="1",
        thresholds={"ü": 0.4, "a": 0.5},
        endpoints=[Endpoint(pod="p", address="10.0.0.1:8000")],
    )
    return RoutedCapability(
        namespace=namespace,
        name=name,
        type=CapabilityType.DETECTOR,
        description='Größe "in" mm\n',
        outputs=[Output(position=0, name="ü")],
        versions=[found],
        current=version,
    )


def desired(capability: str, model: str, namespace: str = "team-a", *, required: bool = False) -> DesiredModel:
    return DesiredModel(
        model=model,
        namespace=namespace,
        capability=capability,
        version="1.1",
        model_key="m",
        model_sha256=sha(1),
        golden_key="g",
        golden_sha256=sha(2),
        max_batch_size=8,
        required=required,
    )


def test_routes_are_the_bytes_of_the_table_sorted_by_name():
    table = RoutingTable(generation=7, capabilities=[routed("a"), routed("b"), routed("a", "team-b")])
    packed = PackedRoutes.of(RoutingTable(generation=7, capabilities=list(reversed(table.capabilities))))
    assert packed.to_json() == table.to_json()
    assert packed.capability("team-a", "b") == routed("b")
    assert packed.current(("team-b", "a")) == "1.1"


def test_desired_models_are_the_bytes_of_the_document():
    document = DesiredModels(
        pool="cpu", generation=3, models=[desired("a", "a--1"), desired("b", "b--1", required=True)]
    )
    assert PackedDesired.of("cpu", document).to_json() == document.to_json()
    assert PackedDesired("cpu").to_json() == DesiredModels(pool="cpu", generation=0).to_json()


def test_two_capabilities_that_share_a_model_want_it_once_and_required_if_either_does():
    models = [desired("cells", "cells--1", "team-b", required=True), desired("cells", "cells--1", "team-a")]
    packed = PackedDesired.of("cpu", DesiredModels(pool="cpu", generation=1, models=models))
    (only,) = DesiredModels.from_json(packed.to_json()).models
    assert (only.namespace, only.required) == ("team-a", True)


def test_a_part_that_is_the_same_makes_no_difference():
    packed = PackedRoutes.of(RoutingTable(generation=1, capabilities=[routed("a"), routed("b")]))
    assert not packed.put([("team-a", "a")], [routed("a")])
    assert packed.put([("team-a", "a")], [routed("a", version="1.2")])
    assert packed.put([("team-a", "b")], [])
    assert not packed.put([("team-a", "b")], [])
    assert [one.name for one in RoutingTable.from_json(packed.to_json()).capabilities] == ["a"]


def test_documents_that_are_too_large_for_an_object_go_gzipped_and_are_read_all_the_same():
    many = RoutingTable(generation=1, capabilities=[routed(f"cells-{number:05d}") for number in range(2000)])
    packed = PackedRoutes.of(many).to_json()
    assert len(packed) > PLAIN_BYTES
    manifest = routes_manifest("release", packed)
    assert manifest["data"] == {}
    assert len(manifest["binaryData"]["routes.json"]) < PLAIN_BYTES
    assert parsed(RoutingTable, manifest, "routes.json") == many


def test_small_documents_stay_readable():
    document = DesiredModels(pool="cpu", generation=1, models=[desired("a", "a--1")])
    manifest = desired_manifest("release", "cpu", document.to_json(), "{}")
    assert manifest["data"] == {"desired.json": document.to_json().decode(), "proven.json": "{}"}
    assert "binaryData" not in manifest


def test_a_damaged_document_is_none():
    for broken in ("AAAA", "H4sIAAAA", "%"):
        assert parsed(RoutingTable, {"binaryData": {"routes.json": broken}}, "routes.json") is None
