"""Each policy of domain/checks about data, and the whole list."""

from __future__ import annotations

from capforge_operator.domain.checks import violations
from capforge_operator.domain.checks.case import Role, Selection
from capforge_operator.domain.checks.classes_in_train import class_warnings
from tests.unit.operator.checks_world import case, said, selection


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
