"""A store with random content, and the same searched by looking at everything: what SQL is held against."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from capforge_contracts.vision import CLASS, AnnotationStatus, Search, Selection
from capforge_gateway.vision.ports import (
    ClassFigure,
    Figures,
    NewFile,
    NewSubmission,
    SubmissionRow,
    VisionFile,
    VisionStore,
)
from tests.support.labelled import digest

NAMESPACE = "acme"
SOURCES = ["", "camera-1", "camera-2"]
TYPES = ["image/jpeg", "image/png"]
METADATA = {"site": ["north", "south"], "shift": ["day", "night"]}
CLASSES = ["cat", "dog", "häschen"]
ATTRIBUTES = {"colour": ["black", "white"], "size": ["big", "small"]}
USERS = ["ann", "bob"]
CAPABILITIES = ["pets", "sizes"]
RUNS = ["run-1", "run-2"]
Key = tuple[str, int | None]
"""A file's id and a submission's sequence."""


@dataclass
class Known:
    """Everything that was written."""

    files: list[VisionFile] = field(default_factory=list)
    submissions: list[SubmissionRow] = field(default_factory=list)

    def of(self, key: Key) -> tuple[VisionFile, SubmissionRow | None]:
        file = next(one for one in self.files if one.id == key[0])
        return file, next((one for one in self.submissions if one.sequence == key[1]), None)


async def fill(store: VisionStore, seed: int, count: int = 40) -> Known:
    """Write files and submissions of which some are deleted again, and as much of another namespace."""
    draw, known = random.Random(seed), Known()  # noqa: S311 - no secret
    for namespace in (NAMESPACE, "other"):
        files = [(await store.keep(namespace, _file(draw, number)))[0] for number in range(count)]
        said = []
        for _ in range(2 * count):
            file = draw.choice(files[: count * 3 // 4])
            said.append((await store.submit(namespace, file.id, _submission(draw)))[0])
        deleted = {one.id for one in draw.sample(files, count // 8)}
        for gone in deleted:
            await store.delete(namespace, gone)
        if namespace == NAMESPACE:
            known.files = [one for one in files if one.id not in deleted]
            known.submissions = [one for one in said if one.file not in deleted]
    return known


def _file(draw: random.Random, number: int) -> NewFile:
    metadata = {name: draw.choice(values) for name, values in METADATA.items() if draw.random() < 0.6}
    name, kind = f"{number}.jpg", draw.choice(TYPES)
    return NewFile(name, kind, digest(str(number)), 10, 100, 80, "key", draw.choice(SOURCES), metadata)


def _submission(draw: random.Random) -> NewSubmission:
    entities = [_entity(draw, str(number)) for number in range(draw.choice([0, 1, 1, 2, 3]))]
    status = draw.choice([AnnotationStatus.SUBMITTED, AnnotationStatus.SUBMITTED, AnnotationStatus.PRE_ANNOTATION])
    return NewSubmission(draw.choice(USERS), status, entities, draw.choice([None, *CAPABILITIES]))


def _entity(draw: random.Random, name: str) -> dict[str, object]:
    observations: list[dict[str, object]] = []
    if draw.random() < 0.8:
        observations.append({"attribute": CLASS, "value": draw.choice(CLASSES)})
    observations += [
        {"attribute": attribute, "value": draw.choice(values)}
        for attribute, values in ATTRIBUTES.items()
        if draw.random() < 0.4
    ]
    for one in observations:
        if draw.random() < 0.3:
            one["provenance"] = {"element": "pets", "modelVersion": "1.1", "trainingRun": draw.choice(RUNS)}
    return {"id": name, "box": [1.0, 2.0, 30.0, 40.0], "observations": observations}


def looked_for(known: Known, searches: Sequence[Search], selection: Selection, as_of: int) -> set[Key]:
    """Return what any of the searches finds, by looking at every file and submission."""
    return {key for search in searches for key in _found(known, search, selection, as_of)}


def _found(known: Known, search: Search, selection: Selection, as_of: int) -> set[Key]:
    found: set[Key] = set()
    for file in known.files:
        said = [
            one
            for one in known.submissions
            if one.file == file.id and one.sequence <= as_of and search.capability in {None, one.capability}
        ]
        if selection is Selection.LATEST and said:
            said = [max(said, key=lambda one: (one.status is AnnotationStatus.SUBMITTED, one.sequence))]
        if not _file_fits(file, search):
            continue
        if not said and AnnotationStatus.UNANNOTATED in search.statuses and not _asks_about_submissions(search):
            found.add((file.id, None))
        found |= {(file.id, one.sequence) for one in said if _submission_fits(one, search)}
    return found


def _file_fits(file: VisionFile, search: Search) -> bool:
    return (
        (not search.files or file.id in search.files or file.sha256 in search.files)
        and (not search.sources or file.source in search.sources)
        and (not search.content_types or file.content_type in search.content_types)
        and all(file.metadata.get(name) == value for name, value in search.metadata.items())
        and (search.uploaded_from is None or file.created >= search.uploaded_from)
        and (search.uploaded_until is None or file.created < search.uploaded_until)
    )


def _asks_about_submissions(search: Search) -> bool:
    return bool(
        search.classes_present
        or search.classes_absent
        or search.attributes
        or search.users
        or search.training_runs
        or search.submitted_from
        or search.submitted_until
    )


def _submission_fits(one: SubmissionRow, search: Search) -> bool:
    said = [observed for entity in one.entities for observed in entity["observations"]]
    values = {(observed["attribute"], observed["value"]) for observed in said}
    runs = {observed["provenance"]["trainingRun"] for observed in said if "provenance" in observed}
    return (
        one.status in search.statuses
        and all((CLASS, name) in values for name in search.classes_present)
        and not any((CLASS, name) in values for name in search.classes_absent)
        and all(pair in values for pair in search.attributes.items())
        and (not search.users or one.annotator in search.users)
        and (not search.training_runs or bool(runs & set(search.training_runs)))
        and (search.submitted_from is None or one.time >= search.submitted_from)
        and (search.submitted_until is None or one.time < search.submitted_until)
    )


def figures_of(known: Known, keys: set[Key]) -> Figures:
    """Count what was found."""
    objects: Counter[str] = Counter()
    files: dict[str, set[str]] = {}
    for key in keys:
        file, said = known.of(key)
        for entity in said.entities if said else ():
            for observed in entity["observations"]:
                if observed["attribute"] == CLASS:
                    objects[observed["value"]] += 1
                    files.setdefault(observed["value"], set()).add(file.id)
    ordered = sorted(objects, key=lambda name: (-objects[name], name))
    classes = [ClassFigure(name, objects[name], len(files[name])) for name in ordered]
    return Figures(len({file for file, _ in keys}), sum(1 for _, number in keys if number is not None), classes)
