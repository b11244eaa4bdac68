from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.reading import SpanKind
from capforge_transforms.documents import candidate_keys, candidates_of, keys
from tests.unit.transforms.documents.readings import RECEIPT, page, reading, span

TEXTS = st.lists(st.sampled_from(["a", "b", "12", "Total"]), min_size=1, max_size=30)


def all_keys(*texts: list[str]) -> list[str]:
    pages = [page(number, " ".join(words)) for number, words in enumerate(texts)]
    found = candidate_keys(reading(*pages))
    return [key for page_keys in (*found.words.values(), *found.spans.values()) for key in page_keys]


@settings(deadline=None, derandomize=True)
@given(TEXTS, TEXTS)
def test_keys_are_stable_unique_and_8_hex_digits(first: list[str], second: list[str]):
    made = all_keys(first, second)
    assert made == all_keys(first, second)
    assert len(set(made)) == len(made)
    assert all(len(key) == 8 and set(key) <= set("0123456789abcdef") for key in made)


def test_keys_are_what_they_were_when_annotations_were_made():
    """A change here would cut every stored annotation off from its candidates."""
    found = candidate_keys(RECEIPT)
    assert (found.words[0][0], found.words[1][1], found.spans[0][0]) == ("70ec0342", "a348ef53", "adc8538e")


def test_keys_do_not_depend_on_the_data_model():
    total, word = DataField(name="total", type=FieldType.AMOUNT), DataField(name="word", type=FieldType.WORD)
    both = candidates_of(RECEIPT, [word, total])
    assert both["total"] == candidates_of(RECEIPT, [total])["total"]


def test_a_word_and_the_value_it_spells_have_different_keys():
    found = candidate_keys(RECEIPT)
    assert found.words[0][3] != found.spans[0][0]


def test_two_equal_values_in_one_word_have_different_keys():
    twice = (span(SpanKind.AMOUNT, [0], "5", "5"), span(SpanKind.AMOUNT, [0], "5", "5"))
    first, second = candidate_keys(reading(page(0, "5/5", spans=twice))).spans[0]
    assert first != second


def test_a_collision_is_resolved_in_the_same_way_each_time(monkeypatch: pytest.MonkeyPatch):
    """Two hex digits instead of eight: a hundred words must collide."""
    monkeypatch.setattr(keys, "HEX_DIGITS", 2)
    texts = [str(number) for number in range(100)]
    made = all_keys(texts)
    assert len(set(made)) == 100
    assert made == all_keys(texts)
    assert made[:50] == all_keys(texts[:50])
