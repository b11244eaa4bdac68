"""What the checks ask of the data of classifiers and embedders."""

from __future__ import annotations

import pytest

from capforge_contracts.run import CapabilityType, Output
from capforge_operator.domain.checks.case import Case, Role, Target, Template
from capforge_operator.domain.checks.classes_in_train import class_warnings
from capforge_operator.domain.shape import Shape
from tests.unit.operator.checks_world import OUTPUTS, case, said, selection, target
from tests.unit.operator.training_world import DEFAULTS, SCHEMA

CLASSIFIER, EMBEDDER = CapabilityType.BOX_CLASSIFIER, CapabilityType.BOX_EMBEDDER


def of_regions(kind: CapabilityType, train: tuple[str, ...], dev: tuple[str, ...] = OUTPUTS) -> Case:
    template = Template(frozenset({kind.value}), SCHEMA, DEFAULTS, None)
    return case(
        selection(Role.TRAIN, "t", "a", classes=train),
        selection(Role.DEV, "d", "b", classes=dev),
        selection(Role.TEST, "e", "c", classes=()),
        capability=target(kind),
        template=template,
    )


@pytest.mark.parametrize("kind", [CLASSIFIER, EMBEDDER])
def test_images_without_entities_train_no_classifier_and_no_embedder(kind: CapabilityType):
    words = f"a {kind.value} is trained on and judged by entities (a box or polygon with a class)"
    assert [(reason, words in message) for reason, message in said(of_regions(kind, ()))] == [("NoEntities", True)]
    found = said(of_regions(kind, OUTPUTS, dev=()))
    assert [(reason, message.partition(";")[0]) for reason, message in found] == [
        ("NoEntities", "datasets.dev: the images hold no entity" + (" of RBC, WBC" if kind is CLASSIFIER else ""))
    ]


def test_a_classifier_needs_every_class_in_train():
    found = said(of_regions(CLASSIFIER, ("RBC", "other")))
    assert found == [
        (
            "ClassMissing",
            (
                "datasets.train: no object of WBC; every output of cells must occur, the classes of the data are:"
                " RBC, other"
            ),
        )
    ]


def test_a_classifier_is_judged_by_its_own_classes():
    assert [reason for reason, _ in said(of_regions(CLASSIFIER, OUTPUTS, dev=("other",)))] == ["NoEntities"]
    assert said(of_regions(EMBEDDER, OUTPUTS, dev=("other",))) == []


def test_an_embedder_learns_from_the_classes_that_there_are_and_says_which_are_missing():
    names = ("RBC", "WBC", "Platelets")
    outputs = tuple(Output(position=n, name=name) for n, name in enumerate(names))
    found = of_regions(EMBEDDER, ("RBC", "WBC"), dev=("new",))
    changed = Case(**{**vars(found), "capability": Target(Shape(EMBEDDER, outputs))})
    assert said(changed) == []
    assert class_warnings(changed) == ["datasets.train: no object of Platelets; nothing is learnt from it"]


def test_an_embedder_needs_two_classes_to_tell_apart():
    found = said(of_regions(EMBEDDER, ("RBC", "other")))
    assert found == [
        (
            "ClassMissing",
            (
                "datasets.train: no object of WBC; at least 2 outputs of cells must occur, the classes of the data are:"
                " RBC, other"
            ),
        )
    ]
