"""Which challenger may take over, and what becomes of one that may not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.ledger import ChallengerHeld, VersionPublished
from capforge_contracts.run import CapabilityType, Comparison
from capforge_operator.domain.gate import chance_between_equals, judge
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.publishing import Demand, EndedRun, TrainedModel, next_entry
from capforge_operator.domain.shape import Shape, fits, shape_of
from tests.unit.operator.extractor_world import extractor
from tests.unit.operator.serving_world import OUTPUTS, published, sha
from tests.unit.operator.test_annotation_status import parsed

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SHAPE = shape_of(parsed(extractor()))


def compared(champion: int, challenger: int, wins: int, losses: int, decisions: int = 40) -> Comparison:
    return Comparison(
        version="1.1",
        documents=10,
        decisions=decisions,
        champion_right=champion,
        challenger_right=challenger,
        wins=wins,
        losses=losses,
    )


@pytest.mark.parametrize(
    ("comparison", "limit", "passed"),
    [
        pytest.param(None, 10, True, id="no champion"),
        pytest.param(compared(0, 0, 0, 0, decisions=0), 10, True, id="nothing to compare on"),
        pytest.param(compared(30, 36, 7, 1), 10, True, id="better"),
        pytest.param(compared(36, 36, 0, 0), 10, True, id="the same"),
        pytest.param(compared(36, 34, 2, 4), 10, True, id="a little worse, which may be chance"),
        pytest.param(compared(36, 32, 0, 4), 10, False, id="worse four times of four: not by chance"),
        pytest.param(compared(36, 33, 0, 3), 10, True, id="worse three times of three: may be chance"),
        pytest.param(compared(36, 31, 5, 10), 20, True, id="fewer right, within the limit"),
        pytest.param(compared(36, 31, 5, 10), 10, False, id="more than ten points fewer right"),
        pytest.param(compared(36, 32, 6, 10), 10, True, id="ten points fewer are allowed"),
        pytest.param(compared(36, 35, 2, 3), 0, False, id="no regression is allowed"),
        pytest.param(compared(3600, 3500, 450, 550, decisions=4000), 10, False, id="certain on many decisions"),
    ],
)
def test_the_gate(comparison: Comparison | None, limit: int, passed: bool):
    assert judge(comparison, "1.1" if comparison else None, limit).passed is passed


@pytest.mark.parametrize(
    ("wins", "losses", "chance"), [(0, 0, 1.0), (0, 4, 1 / 16), (3, 0, 1.0), (2, 4, 22 / 64), (1, 1, 0.75)]
)
def test_the_sign_test(wins: int, losses: int, chance: float):
    assert chance_between_equals(wins, losses) == pytest.approx(chance)


def test_the_sign_test_of_many_decisions_goes_on_where_the_exact_one_ends():
    exact, near = chance_between_equals(470, 530), chance_between_equals(470, 531)
    assert near == pytest.approx(exact, rel=0.15)


def test_the_message_has_both_figures():
    said = judge(compared(36, 31, 5, 10), "1.1", 10).message
    assert "right in 77.5 % of 40 decisions on 10 dev documents, version 1.1 in 90.0 %" in said
    assert judge(None, None, 10).message == ""
    assert "not compared with version 1.1" in judge(None, "1.1", 10).message


def ended(comparison: Comparison | None, digest: int = 7, champion: str | None = "1.1") -> EndedRun:
    model = TrainedModel(1, sha(digest), (sha(70),), SHAPE, champion, comparison)
    return EndedRun("receipts-auto-40", sha(digest), "2026-02-01T00:00:00Z", model)


def test_a_worse_challenger_gets_no_number_and_is_judged_once():
    ledger = Ledger.of([published(1)])
    held = next_entry(ledger, [ended(compared(36, 31, 0, 5))], Demand(SHAPE, 10), NOW)
    assert isinstance(held, ChallengerHeld)
    assert (held.reason, held.champion, held.run) == ("WorseThanChampion", "1.1", "receipts-auto-40")
    after = Ledger.of([*ledger.entries, held])
    assert next_entry(after, [ended(compared(36, 31, 0, 5))], Demand(SHAPE, 10), NOW) is None
    assert after.held_since_newest == held
    assert str(after.next_version) == "1.2"


def test_a_version_after_it_ends_the_word_about_it():
    held = next_entry(Ledger.of([published(1)]), [ended(compared(36, 31, 0, 5))], Demand(SHAPE, 10), NOW)
    assert held is not None
    assert Ledger.of([published(1), held, published(2, sequence=3)]).held_since_newest is None


def test_a_better_challenger_is_the_next_version_and_the_ledger_tells_the_figures():
    entry = next_entry(Ledger.of([published(1)]), [ended(compared(30, 36, 7, 1))], Demand(SHAPE, 10), NOW)
    assert isinstance(entry, VersionPublished)
    assert entry.version == "1.2"
    assert "version 1.1 in 75.0 %" in entry.gate


def test_without_a_champion_it_is_published_without_a_word():
    entry = next_entry(Ledger(), [ended(None, champion=None)], Demand(SHAPE, 10), NOW)
    assert isinstance(entry, VersionPublished)
    assert (entry.version, entry.gate) == ("1.1", "")


def test_the_fields_are_the_contracts_with_its_defaults():
    total, issued, kind = SHAPE.fields
    assert (total.name, total.type, total.whole.value) == ("total", FieldType.AMOUNT, "Sometimes")
    assert issued.convention.value == "US"
    assert kind.classes == ["receipt", "invoice"]


MORE = DataField(name="supplier", type=FieldType.WORD)


@pytest.mark.parametrize(
    ("model", "is_fit"),
    [
        pytest.param(SHAPE, True, id="the same"),
        pytest.param(
            Shape(CapabilityType.FIELD_EXTRACTOR, fields=SHAPE.fields[:2]), True, id="before a field was appended"
        ),
        pytest.param(
            Shape(CapabilityType.FIELD_EXTRACTOR, fields=SHAPE.fields[::-1]),
            True,
            id="another order: the card names its fields",
        ),
        pytest.param(Shape(CapabilityType.FIELD_EXTRACTOR, fields=(*SHAPE.fields, MORE)), False, id="a field too many"),
        pytest.param(
            Shape(
                CapabilityType.FIELD_EXTRACTOR, fields=(SHAPE.fields[0].model_copy(update={"type": FieldType.WORD}),)
            ),
            False,
            id="another type",
        ),
        pytest.param(
            Shape(
                CapabilityType.FIELD_EXTRACTOR, fields=(SHAPE.fields[2].model_copy(update={"classes": ["receipt"]}),)
            ),
            True,
            id="a class less",
        ),
        pytest.param(
            Shape(
                CapabilityType.FIELD_EXTRACTOR, fields=(SHAPE.fields[2].model_copy(update={"classes": ["invoice"]}),)
            ),
            False,
            id="other classes",
        ),
        pytest.param(Shape(CapabilityType.DETECTOR, OUTPUTS), False, id="a detector"),
    ],
)
def test_a_model_fits_if_all_its_fields_are_the_capabilitys(model: Shape, is_fit: bool):
    assert fits(model, SHAPE) is is_fit


def test_a_field_extractors_model_does_not_fit_a_detector():
    assert not fits(SHAPE, Shape(CapabilityType.DETECTOR, OUTPUTS))
