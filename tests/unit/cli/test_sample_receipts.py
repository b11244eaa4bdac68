from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from capforge.sample.receipts import draw, write


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    folder: Path = tmp_path_factory.mktemp("receipts")
    assert list(write(folder, 24, seed=1)) == list(range(1, 25))
    found = {}
    for role in ("train", "dev"):
        found[role] = [json.loads(line) for line in (folder / f"{role}.jsonl").read_text().splitlines()]
        for one in found[role]:
            with Image.open(folder / one["image"]) as image:
                assert image.size == (one["width"], one["height"])
    return found


def test_a_quarter_is_for_dev_and_no_document_is_in_both(records: dict[str, list[dict[str, Any]]]) -> None:
    names = {role: {one["id"] for one in found} for role, found in records.items()}
    assert (len(names["train"]), len(names["dev"])) == (18, 6)
    assert not names["train"] & names["dev"]


def test_every_gold_value_stands_on_the_page(records: dict[str, list[dict[str, Any]]]) -> None:
    for one in [*records["train"], *records["dev"]]:
        text = " ".join(line["text"] for line in one["lines"])
        assert one["fields"]["company"] in text
        assert one["fields"]["date"] in text
        assert one["fields"]["total"] in text
        for part in one["fields"]["address"].split(", "):
            assert part in text
        assert date.fromisoformat(one["typed"]["date"])
        assert Decimal(one["typed"]["total"]) == Decimal(one["fields"]["total"])


def test_every_word_has_a_box_inside_the_page(records: dict[str, list[dict[str, Any]]]) -> None:
    for one in records["train"]:
        for word in (word for line in one["lines"] for word in line["words"]):
            x0, y0, x1, y1 = word["box"]
            assert 0 <= x0 < x1 <= one["width"], word
            assert 0 <= y0 < y1 <= one["height"], word


def test_there_are_several_layouts_and_date_forms(records: dict[str, list[dict[str, Any]]]) -> None:
    assert len({one["width"] for one in records["train"]}) == 3
    assert len({"".join("9" if c.isdigit() else c for c in one["fields"]["date"]) for one in records["train"]}) > 3


def test_the_same_seed_draws_the_same_document() -> None:
    one, again, other = draw(3, 7), draw(3, 7), draw(3, 8)
    assert one.jpeg == again.jpeg
    assert one.record == again.record
    assert Image.open(io.BytesIO(other.jpeg)).format == "JPEG"
    assert one.jpeg != other.jpeg
