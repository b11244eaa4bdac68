"""The report: one file that refers to nothing, runs nothing and shows what was found, whatever things are named."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from capforge_contracts.run import InitialWeights, ModelCard
from capforge_trainer.errors import StoppedError
from capforge_trainer.report.findings import Counts, Findings, Mistake, Picture
from capforge_trainer.report.page import report_page
from capforge_trainer.report.pictures import LONG_SIDE, MOST_MISTAKES, shown
from tests.unit.trainer.report.told import NASTY, card, classifier_card, embedder_card, findings, pixels, told

_VOID = frozenset({"meta", "br", "img", "line", "image", "circle", "polygon", "path", "input", "hr"})


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, text, and whether everything is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(word for word in self.words if word)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def html() -> str:
    return report_page(told())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_nothing_in_it_refers_to_anything_outside(page: Page, html: str) -> None:
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in {"href", "src", "xlink:href", "action", "srcset", "data", "poster"} and value
    ]
    assert addresses
    assert all(one.startswith(("#", "data:image/jpeg;base64,")) for one in addresses)
    assert not re.search(r"@import|url\(|https?://", html)


def test_it_runs_nothing(page: Page) -> None:
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "iframe", "object", "embed", "form", "link", "base"}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_names_are_words_wherever_they_stand(page: Page, html: str) -> None:
    assert "<script" not in html
    assert html.count("</style>") == 1
    assert page.text.count("alert(1)") >= 4, "in the tables, the matrix, the warnings and the mistakes"


def test_it_shows_what_the_card_and_the_rows_say(page: Page) -> None:
    for words in ("shapes / shapes-1", "mAP50", "0.700", "no data", "Loss", "On dev", "Learning rate", "trainer:test"):
        assert words in page.text, words
    assert "model.backbone resnet18 resnet10_slim" in page.text, (
        "a parameter that is not the default, beside the default"
    )
    assert "a1" * 32 in page.text
    assert "passed on 2 examples" in page.text


def test_every_link_in_the_page_has_its_place(page: Page) -> None:
    places = {attributes.get("id") for _, attributes in page.elements}
    assert {one["href"] for one in page.all("a")} <= {f"#{place}" for place in places if place}


def test_mistakes_have_pictures_with_both_boxes(page: Page) -> None:
    (picture,) = page.all("image")
    assert picture["href"]
    marks = [one for one in page.all("polygon") if str(one["class"]).startswith("mark")]
    assert [one["class"] for one in marks] == ["mark truth", "mark said"]
    assert "1 disc missed" in page.text


def test_a_run_without_findings_and_rows_has_a_page_all_the_same() -> None:
    page = Page(report_page(told(findings=Findings(), rows=(), card=card(dev=None, warnings=[]))))
    assert "nothing to judge on" in page.text
    assert not page.all("image")


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (classifier_card(), ("top-1", "0.800", "Confusion on dev", "pixels of a region, upright")),
        (embedder_card(), ("recall@1", "0.900", "40 regions of 10 classes", "128")),
    ],
    ids=["classifier", "embedder"],
)
def test_models_of_regions_are_shown_from_their_cards(of: ModelCard, words: tuple[str, ...]) -> None:
    text = Page(report_page(told(card=of, findings=Findings()))).text
    for one in words:
        assert one in text, one


@pytest.mark.parametrize("same", [True, False])
def test_the_champion_stands_beside_it(same: bool) -> None:
    mine = card()
    dev = mine.dev.model_copy(update={"map50": 0.6}) if mine.dev else None
    data = mine.datasets if same else mine.datasets.model_copy(update={"dev": mine.datasets.train})
    text = Page(report_page(told(champion=("1.4", card(dev=dev, datasets=data))))).text
    assert "version 1.4" in text
    assert "mAP50 0.700 0.600 +0.100" in text
    assert ("the same dev data" in text) is same


def test_initial_weights_are_part_of_the_lineage() -> None:
    weights = InitialWeights(key="k", sha256="f6" * 32, origin="version 1.3")
    assert "initial weights version 1.3" in Page(report_page(told(initial_weights=weights))).text


def test_pictures_are_small_and_few() -> None:
    def large() -> np.ndarray:
        return np.zeros((600, 800, 3), np.uint8)

    (first, *others) = shown(Mistake(str(number), "", (Picture(large),)) for number in range(100))
    assert len(others) == MOST_MISTAKES - 1
    picture = first.pictures[0]
    assert (picture.width, picture.height) == (LONG_SIDE, LONG_SIDE * 3 // 4)
    assert len(picture.source) < 100_000


def test_a_picture_that_cannot_be_read_is_left_out() -> None:
    def gone() -> np.ndarray:
        raise OSError("gone")

    page = Page(report_page(told(findings=Findings(mistakes=(Mistake("a.png", "missed", (Picture(gone),)),)))))
    assert "the picture could not be read" in page.text


def test_a_stop_while_pictures_are_read_stops() -> None:
    def stopped() -> np.ndarray:
        raise StoppedError("stop")

    with pytest.raises(StoppedError):
        shown([Mistake("a.png", "", (Picture(stopped),))])


def test_a_thousand_classes_are_cut_to_the_worst() -> None:
    names = tuple(f"class {number}" for number in range(1000))
    cells = np.diag(np.full(1000, 9))
    cells[700, 3] = 5
    page = Page(report_page(told(findings=Findings(counts=(Counts("All", names, names, cells),)))))
    assert "class 700" in page.text
    assert "970 more with fewer mistakes are left out" in page.text


def test_the_marks_of_a_large_picture_shrink_with_it() -> None:
    mistake = findings().mistakes[0]
    picture = mistake.pictures[0]
    twice = Picture(lambda: pixels().repeat(4, axis=0).repeat(4, axis=1), picture.marks)
    (one,) = shown([Mistake("a", "", (twice,))])
    assert one.pictures[0].drawn[0].points.split()[0] == "3.7,7.5"
    assert one.pictures[0].drawn[0].label == NASTY
