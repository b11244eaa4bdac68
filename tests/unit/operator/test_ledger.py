"""The ledger: what it says, and what it needs next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_contracts.ledger import RunFailed, VersionPublished
from capforge_contracts.run import CapabilityType, Output
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.publishing import Demand, EndedRun, TrainedModel, next_entry
from capforge_operator.domain.shape import Shape, fits
from capforge_operator.domain.versions import VersionNumber
from tests.unit.operator.serving_world import OUTPUTS, failed, published, sha

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SHAPE = Shape(CapabilityType.DETECTOR, OUTPUTS)
DEMAND = Demand(SHAPE, max_regression_percent=10)


def ended(
    name: str, digest: int, when: str = "2026-01-01T00:00:00Z", outputs: tuple[Output, ...] = OUTPUTS
) -> EndedRun:
    return EndedRun(
        name, sha(digest), when, TrainedModel(2, sha(digest + 1), (sha(7),), Shape(CapabilityType.DETECTOR, outputs))
    )


def broken(name: str, reason: str) -> EndedRun:
    return EndedRun(name, sha(9), "2026-01-01T00:00:00Z", None, reason, "Why.")


def fold(runs: list[EndedRun], ledger: Ledger | None = None) -> Ledger:
    """Append until nothing is missing."""
    ledger = ledger or Ledger()
    while (entry := next_entry(ledger, runs, DEMAND, NOW)) is not None:
        ledger = Ledger.of([*ledger.entries, entry])
    return ledger


def test_an_empty_ledger_begins_with_entry_1_and_version_1_1():
    entry = next_entry(Ledger(), [ended("a", 1)], DEMAND, NOW)
    assert entry == VersionPublished(
        sequence=1,
        time="2026-03-01T00:00:00Z",
        version="1.1",
        run="a",
        run_digest=sha(1),
        attempt=2,
        dataset_digests=[sha(7)],
        model_sha256=sha(2),
    )


def test_versions_are_ordered_as_numbers():
    ledger = Ledger.of([published(9), published(10), published(2)])
    assert [one.version for one in ledger.published] == ["1.10", "1.9", "1.2"]
    assert str(ledger.next_version) == "1.11"


def test_failures_take_an_entry_but_no_version():
    ledger = fold([broken("x", "OutOfMemory"), ended("a", 1, "2026-01-02T00:00:00Z")])
    assert [(one.sequence, one.kind) for one in ledger.entries] == [(1, "RunFailed"), (2, "VersionPublished")]
    assert ledger.newest is not None
    assert ledger.newest.version == "1.1"


def test_runs_are_published_in_the_order_in_which_they_ended():
    ledger = fold([ended("late", 5, "2026-01-03T00:00:00Z"), ended("early", 3, "2026-01-02T00:00:00Z")])
    assert [(one.version, one.run) for one in reversed(ledger.published)] == [("1.1", "early"), ("1.2", "late")]


def test_the_same_result_is_published_once_however_many_runs_share_it():
    ledger = fold([ended("a", 1), ended("b", 1), ended("c", 1)])
    assert len(ledger.published) == 1


def test_a_capability_made_anew_continues_at_the_next_version():
    first_life = fold([ended("a", 1)])
    second_life = fold([ended("a", 1), ended("b", 5)], first_life)
    assert [one.version for one in second_life.published] == ["1.2", "1.1"]


def test_a_failure_is_written_once_and_again_if_it_ends_differently():
    ledger = fold([broken("x", "OutOfMemory")])
    assert next_entry(ledger, [broken("x", "OutOfMemory")], DEMAND, NOW) is None
    assert isinstance(next_entry(ledger, [broken("x", "NonFiniteLoss")], DEMAND, NOW), RunFailed)


def test_a_cancelled_run_is_no_failure():
    assert next_entry(Ledger(), [broken("x", "Cancelled")], DEMAND, NOW) is None


def test_a_model_for_other_outputs_is_not_published():
    other = (Output(position=0, name="cat"),)
    assert next_entry(Ledger(), [ended("a", 1, outputs=other)], DEMAND, NOW) is None


def test_a_run_that_waits_for_its_result_does_not_hold_up_others():
    waiting = EndedRun("w", sha(3), "2026-01-01T00:00:00Z")
    entry = next_entry(Ledger(), [waiting, ended("a", 1, "2026-01-02T00:00:00Z")], DEMAND, NOW)
    assert entry is not None
    assert entry.run == "a"


def test_failures_since_the_newest_version_are_told_apart():
    ledger = Ledger.of([failed(1, "old"), published(1, sequence=2), failed(3, "new")])
    assert [one.run for one in ledger.failures_since_newest] == ["new"]


@pytest.mark.parametrize(
    ("model", "is_fit"),
    [
        pytest.param(OUTPUTS, True, id="the same"),
        pytest.param(OUTPUTS[:1], True, id="before one was appended"),
        pytest.param((*OUTPUTS, Output(position=2, name="more")), False, id="one too many"),
        pytest.param((Output(position=0, name="WBC"), Output(position=1, name="RBC")), False, id="another order"),
    ],
)
def test_a_model_fits_if_its_outputs_are_the_first_of_the_capability(model: tuple[Output, ...], is_fit: bool):
    assert fits(Shape(CapabilityType.DETECTOR, model), SHAPE) is is_fit


@pytest.mark.parametrize("kind", [CapabilityType.BOX_CLASSIFIER, CapabilityType.BOX_EMBEDDER])
def test_a_model_of_a_capability_that_was_made_anew_as_another_type_does_not_fit(kind: CapabilityType):
    assert fits(Shape(kind, OUTPUTS), Shape(kind, OUTPUTS))
    assert not fits(Shape(kind, OUTPUTS), SHAPE)
    assert not fits(SHAPE, Shape(kind, OUTPUTS))


@pytest.mark.parametrize("text", ["", "1", "2.1", "1.x", "1.01", "1.-1", "v1.1"])
def test_only_version_numbers_are_parsed(text: str):
    with pytest.raises(ValueError, match=r"allowed: 1\.<number>"):
        VersionNumber.parse(text)


@given(st.lists(st.integers(1, 5), max_size=12))
def test_versions_never_repeat_and_never_go_down(digests: list[int]):
    ledger = Ledger()
    for digest in digests:
        ledger = fold([ended(f"run-{digest}", digest)], ledger)
    versions = [VersionNumber.parse(one.version) for one in ledger.entries if isinstance(one, VersionPublished)]
    assert versions == [VersionNumber(minor) for minor in range(1, len(set(digests)) + 1)]
    assert [one.sequence for one in ledger.entries] == list(range(1, len(versions) + 1))
