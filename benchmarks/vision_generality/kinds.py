"""The kinds of sets. Each asks for one thing that the others do not; none knows of real pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.vision_generality import canvas
from benchmarks.vision_generality.canvas import Colour, Outline, Random, Scene

_WIDTH, _HEIGHT = 320, 240
_TRIES = 40


@dataclass(frozen=True)
class Kind:
    """One set: how many pictures, and how one is drawn."""

    about: str
    draw: Callable[[Random], Scene]
    train: int = 60
    dev: int = 30
    sixteen_bit_grey: bool = False
    one_class: bool = False


def _big(random: Random) -> Scene:
    scene = canvas.photograph(_WIDTH, _HEIGHT, random)
    side = random.uniform(110, 190)
    centre = np.array([random.uniform(0.35, 0.65) * _WIDTH, random.uniform(0.4, 0.6) * _HEIGHT])
    turn = random.uniform(-25, 25)
    outline = canvas.placed(canvas.STAR, centre, side, turn)
    scene.put(outline, canvas.some_colour(random), random, "star")
    scene.put(canvas.placed(canvas.DISC, centre, side * 0.3), (235, 225, 60), random)
    return scene


def _tiny(random: Random) -> Scene:
    scene = canvas.photograph(1024, 768, random, clutter=10)
    for centre in _apart(random, (1024, 768), int(random.integers(6, 14)), 40):
        name, outline = (("disc", canvas.DISC), ("cross", canvas.CROSS))[int(random.integers(2))]
        scene.put(canvas.placed(outline, centre, random.uniform(8, 12)), _bright(random), random, name)
    return scene


def _dense(random: Random) -> Scene:
    scene = canvas.photograph(480, 360, random, clutter=0)
    for centre in _apart(random, scene.size, int(random.integers(45, 70)), 20):
        sides = random.uniform(28, 52, 2)
        outline = canvas.placed(canvas.DISC, centre, sides, random.uniform(0, 180))
        light = random.uniform(150, 220)
        scene.put(canvas.placed(outline - centre, centre, 2.12), (40, 40, 50), random)
        scene.put(outline, (light, light * 0.8, light * 0.6), random, "bean")
    return scene


def _long(random: Random) -> Scene:
    scene = canvas.photograph(_WIDTH * 2, _HEIGHT * 2, random)
    for centre in _apart(random, scene.size, int(random.integers(2, 6)), 150):
        length, name = random.uniform(100, 180), ("plain", "banded")[int(random.integers(2))]
        degrees = random.choice([0, 90]) + random.uniform(-5, 5)
        sides = np.array([length, length / 8])
        scene.put(canvas.placed(canvas.SQUARE, centre, sides, degrees), (215, 210, 200), random, name)
        if name == "banded":
            for place in (-0.6, -0.2, 0.2, 0.6):
                band = canvas.SQUARE * (0.08, 1) + (place, 0)
                scene.put(canvas.placed(band, centre, sides, degrees), (40, 40, 60), random)
    return scene


def _pages(random: Random) -> Scene:
    scene = canvas.paper(600, 848, random)
    for centre in _apart(random, scene.size, int(random.integers(4, 9)), 60):
        mark, height = str(random.choice(list("6R9K"))), random.uniform(22, 34)
        place = (float(centre[0]) - 14, float(centre[1]) - 18)
        scene.pixels[int(place[1]) - 5 : int(place[1]) + 42, int(place[0]) - 6 : int(place[0]) + 34] = 246
        scene.label(mark, scene.write(mark, place, height, random.uniform(10, 60), random))
    return scene


def _faint(random: Random) -> Scene:
    scene = Scene(np.full((_HEIGHT, _WIDTH, 3), 90, np.float32))
    low = random.normal(0, 2.0, (5, 5, 1)).astype(np.float32)
    scene.pixels += cv2.resize(low, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC)[..., None]
    for centre in _apart(random, scene.size, int(random.integers(2, 6)), 55):
        name, outline = (("disc", canvas.DISC), ("square", canvas.SQUARE))[int(random.integers(2))]
        grey = 90 + random.choice([-1, 1]) * random.uniform(5, 8)
        scene.put(canvas.placed(outline, centre, random.uniform(28, 50)), (grey, grey, grey), random, name)
    scene.pixels = scene.pixels.mean(axis=2, keepdims=True) * np.ones(3, np.float32)
    return scene


_TAIL_SHAPES: tuple[tuple[str, Outline], ...] = (
    ("star", canvas.STAR),
    ("cross", canvas.CROSS),
    ("triangle", canvas.TRIANGLE),
    ("disc", canvas.DISC),
)
_TAIL_COLOURS: tuple[tuple[str, Colour], ...] = (
    ("red", (205, 45, 45)),
    ("green", (50, 180, 60)),
    ("blue", (50, 80, 215)),
)
_TAIL = [(f"{c} {s}", outline, colour) for (s, outline), (c, colour) in product(_TAIL_SHAPES, _TAIL_COLOURS)]
_TAIL_SHARES = 0.72 ** np.arange(len(_TAIL))


def _tail(random: Random) -> Scene:
    scene = canvas.photograph(_WIDTH, _HEIGHT, random)
    for centre in _apart(random, scene.size, int(random.integers(1, 4)), 60):
        name, outline, colour = _TAIL[int(random.choice(len(_TAIL), p=_TAIL_SHARES / _TAIL_SHARES.sum()))]
        scene.put(canvas.placed(outline, centre, random.uniform(34, 56)), _near(colour, random), random, name)
    return scene


def _few(random: Random) -> Scene:
    scene = canvas.photograph(_WIDTH, _HEIGHT, random)
    for centre in _apart(random, scene.size, int(random.integers(1, 4)), 70):
        name, outline = (("star", canvas.STAR), ("triangle", canvas.TRIANGLE))[int(random.integers(2))]
        scene.put(canvas.placed(outline, centre, random.uniform(40, 70)), _bright(random), random, name)
    return scene


def _borders(random: Random) -> Scene:
    """Half of the pictures have no object; the objects of the others are cut by the border."""
    scene = canvas.photograph(_WIDTH, _HEIGHT, random)
    for _ in range(int(random.integers(0, 2)) * 2):
        side, along = random.uniform(50, 90), random.uniform(0.1, 0.9)
        inwards = random.uniform(-0.1, 0.35) * side
        edge = int(random.integers(4))
        centre = np.array(
            [(along * _WIDTH, inwards), (along * _WIDTH, _HEIGHT - inwards), (inwards, along * _HEIGHT),
             (_WIDTH - inwards, along * _HEIGHT)][edge]
        )  # fmt: skip
        scene.put(canvas.placed(canvas.CROSS, centre, side), _bright(random), random, "cross")
    return scene


_COLOURS: tuple[tuple[str, Colour], ...] = (
    ("red", (200, 50, 45)),
    ("orange", (215, 120, 40)),
    ("yellow", (205, 185, 50)),
    ("olive", (120, 150, 50)),
)


def _colours(random: Random) -> Scene:
    scene = canvas.photograph(_WIDTH, _HEIGHT, random)
    for centre in _apart(random, scene.size, int(random.integers(1, 5)), 60):
        name, colour = _COLOURS[int(random.integers(len(_COLOURS)))]
        outline = canvas.placed(canvas.blob_of(random), centre, random.uniform(36, 60))
        scene.put(outline, _near(colour, random), random, name)
    return scene


def _turned(random: Random) -> Scene:
    scene = canvas.photograph(_WIDTH, _HEIGHT, random)
    for centre in _apart(random, scene.size, int(random.integers(1, 5)), 60):
        quarter = int(random.integers(4))
        # As often wide as tall: the sides of a box do not tell which way an arrow points.
        sides = random.uniform(36, 60) * np.array([random.uniform(0.8, 1.2), 1.0])
        upright = canvas.placed(canvas.ARROW, np.zeros(2), 2.0, quarter * 90 + random.uniform(-8, 8))
        outline = canvas.placed(upright, centre, sides)
        scene.put(outline, canvas.some_colour(random), random, ("right", "down", "left", "up")[quarter])
    return scene


def _mirrored(random: Random) -> Scene:
    scene = canvas.photograph(_WIDTH, _HEIGHT, random)
    for centre in _apart(random, scene.size, int(random.integers(1, 5)), 60):
        side = (-1, 1)[int(random.integers(2))]
        outline = canvas.placed(canvas.FLAG * (side, 1), centre, random.uniform(36, 60), random.uniform(-8, 8))
        scene.put(outline, canvas.some_colour(random), random, "right" if side == 1 else "left")
    return scene


def _sizes(random: Random) -> Scene:
    scene = canvas.photograph(_WIDTH, _HEIGHT, random)
    for centre in _apart(random, scene.size, int(random.integers(1, 5)), 70):
        name, side = (("small", 28), ("large", 46))[int(random.integers(2))]
        outline = canvas.placed(canvas.DISC, centre, side * random.uniform(0.92, 1.08))
        scene.put(outline, canvas.some_colour(random), random, name)
    return scene


KINDS: dict[str, Kind] = {
    "big": Kind("one class, one big object on a photograph", _big, one_class=True),
    "tiny": Kind("objects of 8-12 pixels in 1024 x 768", _tiny, train=40, dev=15),
    "dense": Kind("50 objects that overlap", _dense, train=30, dev=15, one_class=True),
    "long": Kind("bars of 1:8, lying and standing", _long),
    "pages": Kind("marks like letters on tall pages: 6, 9, R, K", _pages, train=40, dev=15),
    "faint": Kind("grey, 16 bit, a contrast of 2-3 %", _faint, sixteen_bit_grey=True),
    "tail": Kind("12 classes, the commonest 40 times the rarest", _tail, train=150, dev=80),
    "few": Kind("20 pictures to learn from", _few, train=20),
    "borders": Kind("half without objects, the others cut by borders", _borders, train=80, dev=40, one_class=True),
    "colours": Kind("classes differ in colour alone", _colours),
    "turned": Kind("classes differ in direction alone", _turned),
    "mirrored": Kind("classes are each other's mirror image", _mirrored),
    "sizes": Kind("classes differ in size alone, 28 and 46 pixels", _sizes),
}


def _apart(random: Random, size: tuple[int, int], count: int, distance: float) -> list[NDArray[np.float64]]:
    """Return up to `count` places in the picture, none nearer to another or to the border than asked."""
    places: list[NDArray[np.float64]] = []
    for _ in range(_TRIES * count):
        place = random.uniform(distance / 2, np.array(size) - distance / 2)
        if len(places) < count and all(np.hypot(*(place - one)) >= distance for one in places):
            places.append(place)
    return places


def _near(colour: Colour, random: Random) -> Colour:
    red, green, blue = (np.array(colour) * random.uniform(0.85, 1.15)).clip(0, 255).tolist()
    return red, green, blue


def _bright(random: Random) -> Colour:
    red, green, blue = (random.choice([35.0, 240.0]) + random.uniform(-15, 15, 3)).tolist()
    return red, green, blue
