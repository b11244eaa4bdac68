"""What training sets are not mirrored, turned or zoomed, for what it would do to their classes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from capforge_trainer.config import AugmentationParameters
from capforge_trainer.data.items import Item
from capforge_trainer.data.looks import Looks, looks_of
from capforge_trainer.data.pictures import Picture
from capforge_trainer.data.suited import Suited, suited
from capforge_trainer.data.telling import (
    colour_share,
    keeps_classes,
    mirrored,
    sizes_tell,
    turned,
    zoom_that_keeps_sizes,
)
from capforge_trainer.regions.examples import examples_of
from capforge_trainer.regions.parameters import CropParameters
from capforge_trainer.regions.size import crop_settings

_SIDE = 80
_ARROW = np.array([[1, 0], [0, -0.9], [0, -0.3], [-1, -0.3], [-1, 0.3], [0, 0.3], [0, 0.9]])
_FLAG = np.array([[-0.9, -1], [0.9, -0.4], [-0.4, 0.2], [-0.4, 1], [-0.9, 1]])

Draw = Callable[[np.random.Generator], tuple[int, np.ndarray, tuple[int, int, int]]]
"""Returns a class, an outline around (0, 0) in pixels, and a colour."""


def _arrow(random: np.random.Generator) -> tuple[int, np.ndarray, tuple[int, int, int]]:
    quarter, sides = int(random.integers(4)), random.uniform(16, 26, 2)
    angle = quarter * np.pi / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return quarter, (_ARROW @ turn.T) * sides, _any(random)


def _flag(random: np.random.Generator) -> tuple[int, np.ndarray, tuple[int, int, int]]:
    side = int(random.integers(2))
    return side, _FLAG * (random.uniform(16, 26) * (1 - 2 * side), random.uniform(16, 26)), _any(random)


def _red_or_blue(random: np.random.Generator) -> tuple[int, np.ndarray, tuple[int, int, int]]:
    name = int(random.integers(2))
    return name, _round() * random.uniform(16, 26, 2), ((200, 40, 40), (40, 60, 210))[name]


def _small_or_large(random: np.random.Generator) -> tuple[int, np.ndarray, tuple[int, int, int]]:
    name = int(random.integers(2))
    return name, _round() * (12, 20)[name] * random.uniform(0.95, 1.05), _any(random)


def _lying_or_standing(random: np.random.Generator) -> tuple[int, np.ndarray, tuple[int, int, int]]:
    name, bar = int(random.integers(2)), np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return name, bar * ((24, 5) if name else (5, 24)) * random.uniform(0.9, 1.1), _any(random)


def _arrow_to_the_right_or_disc(random: np.random.Generator) -> tuple[int, np.ndarray, tuple[int, int, int]]:
    name = int(random.integers(2))
    return name, (_ARROW if name else _round()) * random.uniform(16, 26, 2), _any(random)


def _round() -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _any(random: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = random.integers(0, 256, 3).tolist()
    return red, green, blue


def _world(draw: Draw, count: int = 120) -> tuple[list[Item], Callable[[Item], Picture]]:
    """One object to a blotchy picture."""
    random, items, pixels = np.random.default_rng(5), [], {}
    for number in range(count):
        blotches = random.integers(90, 160, (6, 6, 3)).astype(np.uint8)
        picture = cv2.resize(blotches, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
        name, outline, colour = draw(random)
        moved = outline + _SIDE / 2 + random.uniform(-8, 8, 2)
        finer = cv2.resize(picture, (8 * _SIDE, 8 * _SIDE))
        cv2.fillPoly(finer, [np.round(moved * 8).astype(np.int32)], colour)
        picture = cv2.resize(finer, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        box = np.concatenate([moved.min(axis=0), moved.max(axis=0)])[None].astype(np.float32)
        items.append(Item(str(number), str(number), _SIDE, _SIDE, np.array([name]), box))
        pixels[str(number)] = Picture(picture, 1)
    return items, lambda item: pixels[item.name]


def _looks(draw: Draw, count: int = 120) -> Looks:
    return looks_of(*_world(draw, count))


def _suited(draw: Draw, **parameters: object) -> Suited:
    items, picture = _world(draw)
    chosen = AugmentationParameters.model_validate({"quarterTurns": "Auto", **parameters})
    return suited(chosen, items, lambda: looks_of(items, picture))


@pytest.mark.parametrize(
    ("draw", "mirror", "turns"),
    [
        pytest.param(_arrow, False, False, id="directions"),
        pytest.param(_flag, False, False, id="mirror images"),
        pytest.param(_red_or_blue, True, True, id="colours"),
        pytest.param(_small_or_large, True, True, id="sizes"),
        pytest.param(_lying_or_standing, True, None, id="proportions: a turn is told by their boxes"),
        pytest.param(_arrow_to_the_right_or_disc, True, True, id="unusual, but nothing else"),
    ],
)
def test_it_is_known_whether_a_mirror_or_a_turn_makes_another_class(draw: Draw, mirror: bool, turns: bool | None):
    looks = _looks(draw)
    assert keeps_classes(looks, mirrored, mirrored) is mirror
    if turns is not None:
        assert (keeps_classes(looks, turned(2), turned(2)) and keeps_classes(looks, turned(1), turned(3))) is turns


def test_directions_are_neither_mirrored_nor_turned_and_people_are_told():
    found = _suited(_arrow)
    assert found.parameters.horizontal_flip == 0
    assert found.parameters.quarter_turns == "Never"
    assert any("quarter turns" in one for one in found.left_out)
    assert any("mirroring left and right" in one for one in found.left_out)


def test_what_was_asked_for_by_hand_is_done():
    assert _suited(_arrow, quarterTurns="Always").parameters.quarter_turns == "Always"
    trusted = _suited(_arrow, classCheck="Never")
    assert trusted.parameters.horizontal_flip == 0.5
    assert trusted.left_out == ()


def test_colours_are_mirrored_and_turned_as_ever():
    found = _suited(_red_or_blue)
    assert found.parameters.horizontal_flip == 0.5
    assert found.parameters.quarter_turns == "Always"
    assert found.left_out == ()


def test_sizes_are_zoomed_as_far_as_they_still_tell():
    looks = _looks(_small_or_large)
    assert sizes_tell(looks)
    assert 1.1 < zoom_that_keeps_sizes(looks, 1.7) < 1.35, "a little less than half of the way between the sizes"
    found = _suited(_small_or_large).parameters
    assert 0.75 < found.scale_min < 0.9
    assert 1.1 < found.scale_max < 1.35


@pytest.mark.parametrize("draw", [_red_or_blue, _arrow, _flag])
def test_where_sizes_tell_nothing_zooms_are_as_ever(draw: Draw):
    assert not sizes_tell(_looks(draw))
    assert _suited(draw).parameters.scale_min == AugmentationParameters().scale_min


@pytest.mark.parametrize("count", [1, 2, 5])
def test_of_a_few_objects_nothing_is_known(count: int):
    looks = _looks(_arrow, count)
    assert keeps_classes(looks, mirrored, mirrored)
    assert not sizes_tell(looks)


@pytest.mark.parametrize(
    ("draw", "place"),
    [
        pytest.param(_small_or_large, True, id="sizes"),
        pytest.param(_red_or_blue, False, id="colours"),
        pytest.param(_arrow, False, id="directions"),
    ],
)
def test_a_crop_shows_how_large_things_are_where_that_tells_classes_apart(draw: Draw, place: bool):
    items, picture = _world(draw)
    chosen = crop_settings(CropParameters(), examples_of(items), looks_of(items, picture))
    assert (chosen.scale == 0) is place
    assert (chosen.padding_pixels > 0) is place
    assert not place or chosen.width == chosen.height
    asked = crop_settings(CropParameters(view="Region"), examples_of(items), looks_of(items, picture))
    assert asked.scale == CropParameters().scale


def test_faint_objects_are_shown_in_less_different_light():
    items, picture = _world(_red_or_blue)

    def faint(item: Item) -> Picture:
        pixels = picture(item).pixels
        return Picture((100 + pixels.astype(np.float32) / 32).astype(np.uint8), 1)

    assert colour_share(looks_of(items, picture)) == 1
    share = colour_share(looks_of(items, faint))
    assert 0 < share < 0.3
    usual = AugmentationParameters()
    found = suited(usual, items, lambda: looks_of(items, faint)).parameters
    assert found.colour == pytest.approx(usual.colour * share)
    assert suited(usual, items, lambda: looks_of(items, picture)).parameters.colour == usual.colour


def test_the_objects_looked_at_are_few_and_always_the_same():
    items, picture = _world(_flag, 40)
    many = items * 8
    one, other = looks_of(many, picture), looks_of(many, picture)
    assert np.bincount(one.classes).tolist() == [100, 100]
    assert (one.pixels == other.pixels).all()
