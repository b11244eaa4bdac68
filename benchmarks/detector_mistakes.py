"""Where a detector loses its points: places or classes. Asked of the served ONNX file, on a COCO file's images."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from capforge_contracts.run import ModelCard
from capforge_trainer.data.canvases import Canvases
from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Pictures
from capforge_trainer.evaluate.coco import Found, evaluate
from capforge_trainer.evaluate.matching import matched
from capforge_trainer.export.session import Session


@dataclass(frozen=True)
class Mistakes:
    """On one set; counts are of objects, at the card's threshold."""

    map50: float | None
    """Of the served file."""
    ap50_of_places: float | None
    """As if all classes were one: what the classes cost is the difference to map50."""
    right: int
    other_class: int
    """Found in the right place, called something else."""
    missed: int
    """Nothing found there."""
    invented: int
    """Detections where no object is."""
    said: tuple[tuple[int, ...], ...]
    """[true class][said class], of the objects whose place was found."""


def mistakes(card: ModelCard, model: bytes, annotations: Path) -> Mistakes:
    """Run the model on the images of a COCO file, compare with its objects."""
    names = [one.name for one in card.outputs]
    items = coco_items(annotations, names)
    read = annotations.parent
    pictures = Pictures(lambda item: (read / item.name).read_bytes(), (card.input_width, card.input_height))
    found = list(Session(model).found(Canvases(items, pictures, card.input_width, card.input_height)))
    one_class = [replace(item, classes=np.zeros_like(item.classes)) for item in items]
    places = [Found(one.boxes, one.scores, np.zeros_like(one.classes)) for one in found]
    pairs = [matched(item, one, card.confidence_threshold) for item, one in zip(items, found, strict=True)]
    said = np.zeros((len(names), len(names)), np.int64)
    for item, one, match in zip(items, found, pairs, strict=True):
        for true, detection in match.pairs:
            said[item.classes[true], one.classes[detection]] += 1
    right = int(said.trace())
    return Mistakes(
        evaluate(items, found, names).map50,
        evaluate(one_class, places, ["any"]).map50,
        right,
        int(said.sum()) - right,
        sum(len(one.missed) for one in pairs),
        sum(len(one.invented) for one in pairs),
        tuple(tuple(row) for row in said.tolist()),
    )


def coco_items(annotations: Path, names: list[str]) -> list[Item]:
    """Return the images of a COCO file with the objects of the named classes."""
    document = json.loads(annotations.read_bytes())
    position = {one["id"]: names.index(one["name"]) for one in document["categories"] if one["name"] in names}
    items = []
    for image in document["images"]:
        objects = [one for one in document["annotations"] if one["image_id"] == image["id"]]
        objects = [one for one in objects if one["category_id"] in position]
        boxes = np.array([one["bbox"] for one in objects], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        classes = np.array([position[one["category_id"]] for one in objects], np.int64)
        items.append(Item(image["file_name"], image["file_name"], image["width"], image["height"], classes, boxes))
    return items
