"""What becomes of the sound images: which stay after preprocessing, and in which part each of them is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, SplitSpec
from capforge_snapshot.index import Index
from capforge_snapshot.labels import Labelled, class_names, labelled_images
from capforge_snapshot.preprocess import Pipeline
from capforge_snapshot.split import Missing, assign, cover, parts_of

SPLIT_RECORD = "spec.split"


@dataclass(frozen=True)
class Plan:
    """How sound images become items."""

    pipeline: Pipeline
    classes: list[str]
    parts: Mapping[str, Split] | None
    """By digest; None: as the source says, else Train."""
    missing: Sequence[Missing] = ()
    """Of the parts that were asked for."""
    left_out_images: int = 0
    left_out_objects: int = 0
    """By preprocessing."""

    def item(self, labelled: Labelled) -> ManifestItem:
        """Return the item of an image that stays."""
        own = labelled.image.split or Split.TRAIN
        return ManifestItem(
            sha256=labelled.sha256,
            name=labelled.image.name,
            width=labelled.width,
            height=labelled.height,
            split=own if self.parts is None else self.parts[labelled.sha256],
            entities=self.pipeline.apply(labelled.entities) or [],
        )

    def faults(self) -> list[RecordFault]:
        """Return a fault for each class that is missing from a part."""
        return [RecordFault(FaultCode.CLASS_MISSING_FROM_SPLIT, SPLIT_RECORD, _advice(one)) for one in self.missing]


def plan(index: Index, pipeline: Pipeline, spec: SplitSpec | None) -> Plan:
    """Look at every image that stays; drops those that preprocessing leaves nothing of from the index."""
    declared = class_names(index)
    if not pipeline.operations and spec is None:
        return Plan(pipeline, declared, parts=None)
    survey = _survey(index, pipeline)
    for row in survey.left_out:
        index.drop_image(row)
    counts = (len(survey.left_out), survey.left_out_objects)
    classes = pipeline.classes(declared)
    if spec is None:
        return Plan(pipeline, classes, None, (), *counts)
    parts, missing = cover(assign(survey.classes, spec), parts_of(spec), survey.classes)
    return Plan(pipeline, classes, parts, missing, *counts)


@dataclass(frozen=True)
class _Survey:
    classes: Mapping[str, frozenset[str]]
    """Of the images that stay, by digest."""
    left_out: Sequence[int]
    """Rows of the images that go."""
    left_out_objects: int


def _survey(index: Index, pipeline: Pipeline) -> _Survey:
    classes: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    known: dict[frozenset[str], frozenset[str]] = {}
    """One set for each combination of classes, however many images have it."""
    left_out, left_out_objects = [], 0
    for labelled in labelled_images(index):
        staying = pipeline.apply(labelled.entities)
        left_out_objects += len(labelled.entities) - len(staying or ())
        if staying is None:
            left_out.append(labelled.row)
            continue
        found = classes[labelled.sha256] | _classes(staying)
        classes[labelled.sha256] = known.setdefault(found, found)
    return _Survey(classes, left_out, left_out_objects)


def _classes(entities: Sequence[ManifestEntity]) -> frozenset[str]:
    return frozenset(entity.class_name for entity in entities)


def _advice(missing: Missing) -> str:
    images = "1 image has" if missing.images == 1 else f"{missing.images} images have"
    return (
        f"class {missing.class_name!r} is missing from {missing.part}: {images} it in all; add some, ask"
        " for fewer or larger parts, leave the class out by preprocessing (action: Drop), or take it as it is by"
        " onFault: Skip"
    )
