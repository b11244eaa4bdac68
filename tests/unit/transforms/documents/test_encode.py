"""A page as numbers for the model."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from capforge_contracts.reading import PICTURE_LONG_SIDE, ReadPage, ReadWord, Span, SpanKind
from capforge_transforms.documents.encode import (
    BUCKETS,
    FEATURES,
    FEATURES_INPUT,
    GRAMS_INPUT,
    INPUTS,
    MASK_INPUT,
    NEIGHBOURS_INPUT,
    PICTURE_INPUT,
    encode,
    stacked,
)
from capforge_transforms.documents.grams import BUCKETS as GRAM_BUCKETS
from capforge_transforms.documents.grams import bare, word_grams
from capforge_transforms.documents.places import Slot


def page(lines: list[str], spans: list[Span] | None = None, picture: str = "") -> ReadPage:
    """Words of 0.1 width, lines of 0.02 height."""
    words = [
        ReadWord(
            text=text,
            box=[0.1 + 0.12 * place, 0.05 * number + 0.01, 0.2 + 0.12 * place, 0.05 * number + 0.03],
            line=number,
        )
        for number, line in enumerate(lines)
        for place, text in enumerate(line.split())
    ]
    return ReadPage(page_id=0, width=600, height=900, words=words, spans=spans or [], picture=picture)


def amount(word: int, text: str, box: list[float]) -> Span:
    return Span(kind=SpanKind.AMOUNT, words=[word], content=text, value=text, box=box)


def test_tokens_are_the_words_then_the_typed_values():
    lines = ["ACME Ltd", "TOTAL 12.50"]
    one = page(lines)
    row = encode(one.model_copy(update={"spans": [amount(3, "12.50", one.words[3].box)]}))
    assert (row.words, row.spans, row.tokens, row.bucket) == (4, (0,), 5, BUCKETS[0])
    assert row.arrays[MASK_INPUT].sum() == 5
    assert row.arrays[FEATURES_INPUT].shape == (BUCKETS[0], FEATURES)
    assert not row.arrays[FEATURES_INPUT][5:].any()


def test_a_values_left_neighbour_is_the_word_before_it_not_the_word_that_it_is():
    one = page(["ACME Ltd", "TOTAL 12.50"])
    row = encode(one.model_copy(update={"spans": [amount(3, "12.50", one.words[3].box)]}))
    neighbours = row.arrays[NEIGHBOURS_INPUT]
    assert neighbours[4, Slot.LEFT] == 2 + 1
    assert neighbours[3, Slot.LEFT] == 2 + 1
    assert neighbours[2, Slot.LEFT] == 0
    assert neighbours[2, Slot.ABOVE] == 0 + 1
    assert neighbours[0, Slot.LINE_AFTER] == 2 + 1


@pytest.mark.parametrize(("words", "bucket"), [(0, 128), (1, 128), (128, 128), (129, 256), (600, 1024), (5000, 2048)])
def test_a_page_is_padded_to_the_smallest_bucket_and_cut_at_the_largest(words: int, bucket: int):
    row = encode(page([" ".join("word" for _ in range(8))] * (words // 8) + ["x"] * (words % 8)))
    assert row.bucket == bucket
    assert row.words == min(words, 2048)


def test_values_whose_words_were_cut_off_are_left_out():
    one = page(["a"] * 2040)
    spans = [amount(place, "1", one.words[place].box) for place in range(2040)]
    row = encode(one.model_copy(update={"spans": spans}))
    assert row.tokens <= 2048
    assert all(spans[place].words[0] < row.words for place in row.spans)


def test_pieces_of_longer_values_are_left_out_before_words():
    one = page(["a"] * 1500)
    places = range(0, 1200, 2)
    pieces = [amount(place, "1", one.words[place].box) for place in places]
    whole = [one_.model_copy(update={"words": [one_.words[0], one_.words[0] + 1]}) for one_ in pieces[:500]]
    row = encode(one.model_copy(update={"spans": [*pieces, *whole]}))
    assert row.words == 1448
    assert row.spans == tuple(range(500, 1100))


def test_everything_is_finite_and_the_same_again():
    one = page(["TOTAL: 1.00", "(:)", "é ñ 漢字"])
    first, second = encode(one), encode(one)
    for name in INPUTS:
        assert np.isfinite(first.arrays[name].astype(float)).all()
        assert (first.arrays[name] == second.arrays[name]).all()
    assert first.arrays[GRAMS_INPUT].max() <= GRAM_BUCKETS


def test_numbers_of_one_form_read_the_same_to_the_model():
    assert word_grams("43300") == word_grams("81750")
    assert word_grams("Total:")[0] == word_grams("TOTAL")[0]


def test_texts_are_equal_without_case_spaces_and_signs():
    assert bare("MR. D.I.Y. (JOHOR)") == bare("mr diy johor")


def test_the_picture_stands_top_left_on_white():
    grey = np.zeros((256, 100), dtype=np.uint8)
    row = encode(page(["a"], picture=base64.b64encode(cv2.imencode(".png", grey)[1].tobytes()).decode()))
    picture = row.arrays[PICTURE_INPUT]
    assert picture.shape == (PICTURE_LONG_SIDE, PICTURE_LONG_SIDE)
    assert (picture[:, :100] == 0).all()
    assert (picture[:, 100:] == 255).all()


def test_a_picture_that_cannot_be_read_is_white():
    assert (encode(page(["a"], picture=base64.b64encode(b"no picture").decode())).arrays[PICTURE_INPUT] == 255).all()


def test_pages_of_different_buckets_make_one_batch():
    batch = stacked([encode(page(["a b"])), encode(page(["word " * 8] * 20))])
    assert {name: len(array) for name, array in batch.items()} == dict.fromkeys(INPUTS, 2)
    assert batch[MASK_INPUT].shape == (2, 256)
    assert batch[MASK_INPUT].sum(axis=1).tolist() == [2.0, 160.0]
