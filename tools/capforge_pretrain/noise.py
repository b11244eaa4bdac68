"""What reading does to words: confused characters, words cut or joined, boxes that shake, a page a little askew."""

from __future__ import annotations

from random import Random

from capforge_pretrain.canvas import Ink

_CONFUSED = {
    "0": "O",
    "O": "0",
    "1": "l",
    "l": "1",
    "I": "l",
    "5": "S",
    "S": "5",
    "8": "B",
    "B": "8",
    "e": "c",
    "m": "rn",
    ".": ",",
    ",": ".",
}


def read(inks: list[Ink], random: Random, *, capitals: bool) -> list[Ink]:
    """Return the words as an engine might have read them."""
    level = random.choice((0.0, 0.0, 0.0, 0.004, 0.02))
    joined = random.choice((0.0, 0.0, 0.02))
    found: list[Ink] = []
    for ink in inks:
        text = _spoilt(ink.text.upper() if capitals else ink.text, random, level)
        last = found[-1] if found else None
        if last and last.run == ink.run and last.concept == ink.concept and random.random() < joined:
            found[-1] = Ink(last.text + text, (*last.box[:2], *ink.box[2:]), ink.run, ink.concept)
        else:
            found.append(Ink(text, ink.box, ink.run, ink.concept))
    return _askew(found, random)


def _spoilt(text: str, random: Random, level: float) -> str:
    if not level:
        return text
    return "".join(_CONFUSED.get(one, one) if random.random() < level else one for one in text)


def _askew(inks: list[Ink], random: Random) -> list[Ink]:
    slope, shake = random.gauss(0, 0.006), random.choice((0.0, 0.02, 0.06))
    moved = []
    for ink in inks:
        x0, y0, x1, y1 = ink.box
        height = y1 - y0
        shift = slope * (x0 + x1) / 2
        tall = random.gauss(0, shake) * height
        moved.append(Ink(ink.text, (x0, y0 + shift - tall, x1, y1 + shift + tall), ink.run, ink.concept))
    return moved
