"""Each policy of domain/checks, and the whole list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from capforge_contracts.run import CapabilityType, Output
from capforge_operator.domain.checks import violations
from capforge_operator.domain.checks.case import Case, Item, Role, Selection, Target, Template
from capforge_operator.domain.checks.classes_in_train import class_warnings
from capforge_operator.domain.parameters import merged, null_paths
from tests.unit.operator.training_world import DEFAULTS, SCHEMA

OUTPUTS = ("RBC", "WBC")
DIGEST = "d" * 64


def selection(
    role: Role, dataset: str, *items: str, split: str = "All", classes: tuple[str, ...] = OUTPUTS
) -> Selection:
    """Items are `content` or `content=name`."""
    parsed = [one.partition("=") for one in items]
    found = tuple(Item(content, name or f"{content}.jpg") for content, _, name in parsed)
    return Selection(role, dataset, split, DIGEST, items=found, entities=Counter(dict.fromkeys(classes, 1)))


TEMPLATE = Template(frozenset({"DetectorElement"}), SCHEMA, DEFAULTS, None)


def case(*selections: Selection, **changes: Any) -> Case:
    fields: dict[str, Any] = {
        "capability_name": "cells",
        "capability": Target(
            CapabilityType.DETECTOR, tuple(Output(position=n, name=name) for n, name in enumerate(OUTPUTS))
        ),
        "template_name": "tiny-detector",
        "template": TEMPLATE,
        "selections": selections or (selection(Role.TRAIN, "t", "a"), selection(Role.DEV, "d", "b")),
        "overrides": {},
        **changes,
    }
    return Case(**fields)


def said(found: Case) -> list[tuple[str, str]]:
    return [(one.reason, one.message) for one in violations(found)]


def test_a_good_run_has_nothing_wrong():
    assert said(case()) == []


def test_an_unknown_capability_is_named():
    assert said(case(capability=None)) == [("UnknownCapability", "capabilityRef: there is no Capability cells")]


def test_each_unlocked_dataset_is_named_once_with_why():
    unlocked = [Selection(role, "raw", "All", why_unlocked="Snapshotting: ...") for role in (Role.TRAIN, Role.DEV)]
    assert said(case(*unlocked)) == [("DatasetNotLocked", "dataset raw is not locked: Snapshotting: ...")]


def test_an_empty_split_is_named():
    found = said(case(selection(Role.TRAIN, "t", "a"), selection(Role.DEV, "t", split="Dev")))
    expected = "datasets.dev: t (Dev) has no items; choose another split, or a dataset with spec.split"
    assert found == [("EmptySelection", expected)]


def test_the_same_image_under_two_names_overlaps_and_both_names_are_told():
    found = said(
        case(
            selection(Role.TRAIN, "t", "a=one.jpg", "x"),
            selection(Role.DEV, "d", "a=copy-of-one.jpg", "y"),
            selection(Role.TEST, "e", "z"),
        )
    )
    expected = (
        "datasets.dev: 1 of 2 images of d are also in train (same content): copy-of-one.jpg = one.jpg in t;"
        " train may share no image with dev or test"
    )
    assert found == [("SplitsOverlap", expected)]


def test_an_overlap_is_found_over_all_selections_and_roles():
    found = violations(
        case(
            selection(Role.TRAIN, "t1", "a"),
            selection(Role.TRAIN, "t2", "b", split="Train"),
            selection(Role.DEV, "d", "c", "b"),
            selection(Role.TEST, "e", "a"),
        )
    )
    assert [one.reason for one in found] == ["SplitsOverlap", "SplitsOverlap"]
    assert "b.jpg = b.jpg in t2 (Train)" in found[0].message
    assert found[1].message.startswith("datasets.test: 1 of 1 images of e")


def test_only_the_first_examples_of_an_overlap_are_told():
    names = [chr(ord("a") + n) for n in range(5)]
    found = said(case(selection(Role.TRAIN, "t", *names), selection(Role.DEV, "d", *names)))
    assert "5 of 5 images" in found[0][1]
    assert found[0][1].count(" = ") == 3
    assert " …;" in found[0][1]


def test_dev_and_test_may_share_images():
    assert (
        said(case(selection(Role.TRAIN, "t", "a"), selection(Role.DEV, "d", "b"), selection(Role.TEST, "d", "b"))) == []
    )


def test_an_output_without_train_objects_is_refused_and_the_datas_classes_are_told():
    found = said(case(selection(Role.TRAIN, "t", "a", classes=("RBC", "rbc")), selection(Role.DEV, "d", "b")))
    expected = (
        "datasets.train: no object of WBC; every output of cells must occur, the classes of the data are: RBC, rbc"
    )
    assert found == [("ClassMissing", expected)]


def test_classes_are_counted_over_all_train_selections():
    train = (
        selection(Role.TRAIN, "t1", "a", classes=("RBC",)),
        selection(Role.TRAIN, "t2", "b", classes=("WBC",)),
    )
    assert said(case(*train, selection(Role.DEV, "d", "c"))) == []


def test_a_class_that_dev_or_test_lacks_is_a_warning_only():
    found = case(
        selection(Role.TRAIN, "t", "a"),
        selection(Role.DEV, "d", "b", classes=("RBC",)),
        selection(Role.TEST, "e", "c", classes=()),
    )
    assert said(found) == []
    assert class_warnings(found) == [
        "datasets.dev: no object of WBC; its metrics will be 'no data'",
        "datasets.test: no object of RBC; its metrics will be 'no data'",
        "datasets.test: no object of WBC; its metrics will be 'no data'",
    ]


def test_no_test_data_gives_no_warning_about_it():
    assert class_warnings(case()) == []


def test_classes_that_are_no_outputs_are_counted_as_ignored():
    train = selection(Role.TRAIN, "t", "a", classes=("RBC", "WBC", "Platelets"))
    assert case(train, selection(Role.DEV, "d", "b")).ignored_classes() == {"Platelets": 1}


def test_an_unknown_template_is_named():
    found = said(case(template=None))
    assert found[0][0] == "UnknownTemplate"
    assert "there is no ModelTemplate tiny-detector" in found[0][1]


def test_a_template_for_another_type_is_refused():
    other = Template(frozenset({"BoxClassifierElement"}), SCHEMA, DEFAULTS, None)
    expected = "templateRef: tiny-detector trains BoxClassifierElement; cells is a DetectorElement"
    assert said(case(template=other)) == [("UnknownTemplate", expected)]


@pytest.mark.parametrize(
    ("schema", "part"),
    [({"type": "nonsense"}, "is no JSON Schema"), ({"$ref": "https://elsewhere.invalid/x"}, "which is not there")],
    ids=["no schema", "a reference out of it"],
)
def test_a_broken_template_is_refused_and_nothing_is_fetched(schema: dict[str, Any], part: str):
    found = said(case(template=Template(TEMPLATE.capability_types, schema, DEFAULTS, None)))
    assert [reason for reason, _ in found] == ["UnknownTemplate"]
    assert part in found[0][1]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"epochs": 0}, ["overrides.epochs: 0 is less than the minimum of 1"]),
        ({"epochs": "ten"}, ["overrides.epochs: 'ten' is not of type 'integer'"]),
        ({"epoch": 3}, ["overrides.epoch: there is no such parameter; allowed: epochs, optimizer, sizes"]),
        (
            {"optimizer": {"lr": 1}},
            ["overrides.optimizer.lr: there is no such parameter; allowed: name, rate"],
        ),
        ({"sizes": [1, "x"]}, ["overrides.sizes.1: 'x' is not of type 'integer'"]),
        (
            {"optimizer": {"rate": None}, "epochs": None},
            [
                "overrides.epochs: null is not allowed; leave the parameter out to keep the default",
                "overrides.optimizer.rate: null is not allowed; leave the parameter out to keep the default",
            ],
        ),
        (
            {"epochs": 0, "optimizer": {"name": "lion", "rate": 0}},
            [
                "overrides.epochs: 0 is less than the minimum of 1",
                "overrides.optimizer.name: 'lion' is not one of ['adam', 'sgd']",
                "overrides.optimizer.rate: 0 is less than or equal to the minimum of 0",
            ],
        ),
    ],
    ids=["too small", "type", "unknown", "unknown inside", "list item", "nulls", "all at once"],
)
def test_every_wrong_override_is_named_by_its_path(overrides: dict[str, Any], expected: list[str]):
    found = said(case(overrides=overrides))
    assert [reason for reason, _ in found] == ["InvalidOverrides"] * len(expected)
    assert [message for _, message in found] == expected


def test_everything_that_is_wrong_is_said_at_once_in_the_policies_order():
    found = violations(
        case(
            selection(Role.TRAIN, "t", "a", classes=("RBC",)),
            selection(Role.DEV, "d", "a"),
            Selection(Role.TEST, "raw", "All", why_unlocked="..."),
            overrides={"epochs": 0},
        )
    )
    assert [one.reason for one in found] == ["DatasetNotLocked", "SplitsOverlap", "ClassMissing", "InvalidOverrides"]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, DEFAULTS),
        ({"optimizer": {"rate": 1}}, {**DEFAULTS, "optimizer": {"name": "adam", "rate": 1}}),
        ({"sizes": [1]}, {**DEFAULTS, "sizes": [1]}),
        ({"optimizer": 5}, {**DEFAULTS, "optimizer": 5}),
        ({"epochs": {"a": 1}}, {**DEFAULTS, "epochs": {"a": 1}}),
    ],
    ids=["none", "objects merge", "lists replace", "an object gives way", "an object replaces"],
)
def test_overrides_are_merged_into_the_defaults(overrides: Mapping[str, Any], expected: Mapping[str, Any]):
    before = repr(DEFAULTS)
    assert merged(DEFAULTS, overrides) == expected
    assert repr(DEFAULTS) == before


def test_nulls_are_found_at_any_depth():
    assert null_paths({"a": None, "b": [1, None, {"c": None}], "d": {"e": 1}}) == ["a", "b.1", "b.2.c"]
