"""The picture with what was found, next to what people had marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from capforge_demo.boxes import Found
from capforge_demo.coco import Gold

_COLOURS = ("#e6194b", "#0082c8", "#f58231", "#3cb44b", "#911eb4", "#008080", "#808000", "#aa6e28")
_GOLD = "#ffffff"
_LINE_PIXELS = 2
_LEAST_SIDE = 640


def draw(source: Path, target: Path, found: Sequence[Found], gold: Sequence[Gold], classes: Sequence[str]) -> None:
    """Save the image with predictions in their class's colour and gold boxes as thin white lines."""
    with Image.open(source) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    scale = max(1.0, _LEAST_SIDE / max(image.size))
    image = image.resize((round(image.width * scale), round(image.height * scale)))
    pen = ImageDraw.Draw(image)
    for label in gold:
        pen.rectangle([side * scale for side in label.box], outline=_GOLD, width=1)
    for one in sorted(found, key=lambda one: one.confidence):
        colour = _COLOURS[classes.index(one.class_name) % len(_COLOURS)]
        corner = (one.box[0] * scale, one.box[1] * scale)
        pen.rectangle([side * scale for side in one.box], outline=colour, width=_LINE_PIXELS)
        text = f"{one.class_name} {one.confidence:.2f}"
        pen.rectangle(pen.textbbox(corner, text), fill=colour)
        pen.text(corner, text, fill=_GOLD)
    target.parent.mkdir(parents=True, exist_ok=True)
    image.save(target)
