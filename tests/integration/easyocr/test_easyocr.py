"""The EasyOCR engine: weights from a folder, words through the same port, nothing from the network."""

from __future__ import annotations

import shutil
from pathlib import Path

import easyocr.easyocr
import pytest

from capforge_candidates.document import read_document
from capforge_candidates.engines.choice import engine_from
from capforge_candidates.engines.easy import easyocr_engine, split
from capforge_candidates.faults import Code, Fault
from capforge_candidates.files.page import Limits
from capforge_candidates.settings import settings_from
from capforge_contracts.reading import Engine
from tests.support.papers import coded, drawn

LIMITS = Limits(max_pages=5, max_pixels=50_000_000)
PAGE = drawn(["Total 5.00"], letter_pixels=20, size=(240, 160))


def test_the_real_reader_reads_a_page_with_weights_from_the_folder(weights: Path) -> None:
    settings = settings_from(
        {"CAPFORGE_ENGINE": "easyocr", "CAPFORGE_LANGUAGES": "en", "CAPFORGE_WEIGHTS": str(weights)}
    )
    engine = engine_from(settings)
    reading = read_document(coded(PAGE), engine, LIMITS)
    (page,) = reading.pages
    assert reading.engine is Engine.EASYOCR
    assert reading.engine_version.startswith("easyocr-1.")
    assert "+en+" in reading.engine_version
    assert page.words, "the detector was made to find text everywhere"
    assert all(word.text and 0 <= word.confidence <= 1 for word in page.words)


def test_reading_needs_no_place_to_write(weights: Path) -> None:
    before = sorted(weights.iterdir())
    easyocr_engine(weights, ["en"])
    assert sorted(weights.iterdir()) == before


@pytest.mark.parametrize("missing", ["craft_mlt_25k.pth", "english_g2.pth"])
def test_a_missing_file_is_named_with_what_to_do(weights: Path, tmp_path: Path, missing: str) -> None:
    for file in weights.iterdir():
        if file.name != missing:
            shutil.copy(file, tmp_path)
    with pytest.raises(Fault, match=rf"{missing}.*CAPFORGE_WEIGHTS") as away:
        easyocr_engine(tmp_path, ["en"])
    assert away.value.code is Code.ENGINE_AWAY
    assert not (tmp_path / missing).exists()


def test_files_that_are_not_those_that_were_published_are_not_loaded(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(easyocr.easyocr.recognition_models["gen2"]["english_g2"], "md5sum", "0" * 32)
    copy = tmp_path / "weights"
    shutil.copytree(weights, copy)
    with pytest.raises(Fault, match=r"MD5 mismatch.*english_g2\.pth") as away:
        easyocr_engine(copy, ["en"])
    assert away.value.code is Code.ENGINE_AWAY
    assert (copy / "english_g2.pth").exists()


def test_a_folder_that_is_not_there_is_no_reason_to_make_one_elsewhere() -> None:
    with pytest.raises(Fault) as away:
        easyocr_engine(Path("/proc/capforge-weights"), ["en"])
    assert away.value.code is Code.ENGINE_AWAY


def test_a_language_that_it_does_not_know_is_named(weights: Path) -> None:
    with pytest.raises(Fault, match="tlh") as away:
        easyocr_engine(weights, ["tlh"])
    assert away.value.code is Code.ENGINE_AWAY


def test_a_piece_of_text_is_cut_into_words_in_proportion() -> None:
    words = list(split([[10, 5], [110, 5], [110, 25], [10, 25]], "Total 5.00", 0.5, 3))
    assert [(word.text, word.box) for word in words] == [("Total", (10, 5, 60, 25)), ("5.00", (70, 5, 110, 25))]
    assert {(word.line, word.confidence) for word in words} == {(3, 0.5)}
