"""Which images a run trains, develops and tests on: manifests filtered by the capability's outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, read_manifest
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import DatasetSelection, RunSpec
from capforge_contracts.store import NotFound, ObjectStore
from capforge_trainer.data.items import Item
from capforge_trainer.errors import BadConfigurationError, BadDataError
from capforge_transforms import touches


@dataclass(frozen=True)
class Rules:
    """What a kind of model asks of its data."""

    of_regions: bool = False
    """Each object is an example: a set without objects is empty, and an object lies in its image."""
    open_set: bool = False
    """Classes of dev and test that are no outputs are judged too, and an output may be absent from train."""


IMAGES = Rules()
"""A detector's: each image is an example."""


@dataclass(frozen=True)
class Selection:
    """The images of a run by role, without what the outputs leave out."""

    names: list[str]
    """Class names by position; in an open set those of dev and test that are no outputs follow."""
    train: list[Item]
    dev: list[Item]
    test: list[Item]
    ignored: dict[str, int]
    """Classes of the data that are not outputs, with how many objects were left out."""
    warnings: list[str] = field(default_factory=list)


def select(store: ObjectStore, spec: RunSpec, rules: Rules = IMAGES) -> Selection:
    """Read the manifests of a run; raises BadDataError, BadConfigurationError with everything that is wrong."""
    outputs = output_names(spec)
    ignored: Counter[str] = Counter()
    read = _Reader(store, spec.namespace, outputs, ignored)
    roles = {
        "train": read.role(spec.datasets.train),
        "dev": read.role(spec.datasets.dev, open_set=rules.open_set),
        "test": read.role(spec.datasets.test, open_set=rules.open_set),
    }
    _refuse(_faults(roles, outputs, rules))
    untaught = _untaught(roles, outputs) if rules.open_set else []
    warnings = untaught + [
        f"class {name} has no object in {role}: its metrics are no data"
        for role in ("dev", "test")
        if roles[role] and not rules.open_set
        for name in _absent(roles[role], outputs)
    ]
    warnings += _several_labellings(roles)
    left_out = dict(sorted(ignored.items()))
    return Selection(read.names(), roles["train"], roles["dev"], roles["test"], left_out, warnings)


def output_names(spec: RunSpec) -> list[str]:
    """Return the names of the outputs by position; raises BadConfigurationError."""
    outputs = sorted(spec.outputs, key=lambda output: output.position)
    positions = [output.position for output in outputs]
    if not outputs or positions != list(range(len(outputs))):
        raise BadConfigurationError(
            f"outputs: positions are {positions}; allowed: 0, 1, 2, … without gaps, at least one"
        )
    names = [output.name for output in outputs]
    if len(set(names)) != len(names):
        raise BadConfigurationError(f"outputs: names are {names}; each may occur once")
    return names


class _Reader:
    """Reads manifests and counts what the outputs leave out."""

    def __init__(self, store: ObjectStore, namespace: str, names: list[str], ignored: Counter[str]) -> None:
        self._store, self._namespace = store, namespace
        self._positions = {name: position for position, name in enumerate(names)}
        self._ignored = ignored

    def names(self) -> list[str]:
        """Return the classes met so far, by position."""
        return list(self._positions)

    def role(self, selections: list[DatasetSelection], *, open_set: bool = False) -> list[Item]:
        """Return the items of all selections in the order of digests.

        The same labels of the same image count once; each other labelling of it is an item of its own. In an open set
        a class that is no output gets the next position.
        """
        found: dict[_Labelling, ManifestItem] = {}
        for selection in selections:
            for item in self._manifest(selection):
                if selection.split in (None, item.split):
                    found.setdefault(_labelling(item), item)
        if open_set:
            for name in sorted({entity.class_name for item in found.values() for entity in item.entities}):
                self._positions.setdefault(name, len(self._positions))
        return [self._item(item) for item in sorted(found.values(), key=lambda one: one.sha256)]

    def _manifest(self, selection: DatasetSelection) -> list[ManifestItem]:
        key = layout.manifest(self._namespace, selection.digest)
        where = f"dataset {selection.name} ({selection.digest})"
        try:
            data = self._store.get(key)
        except NotFound as error:
            raise BadDataError(f"{where}: there is no manifest {key}") from error
        if sha256_hex(data) != selection.digest:
            raise BadDataError(f"{where}: the manifest's bytes do not have that digest; it was changed or damaged")
        try:
            return list(read_manifest(data)[1])
        except ValueError as error:
            raise BadDataError(f"{where}: {error}") from error

    def _item(self, item: ManifestItem) -> Item:
        kept = [entity for entity in item.entities if entity.class_name in self._positions]
        self._ignored.update(one.class_name for one in item.entities if one.class_name not in self._positions)
        classes = np.array([self._positions[entity.class_name] for entity in kept], np.int64)
        boxes = np.array([entity.box for entity in kept], np.float32).reshape(-1, 4)
        polygons = tuple(tuple(entity.polygon) if entity.polygon else None for entity in kept)
        return Item(item.name, item.sha256, item.width, item.height, classes, boxes, polygons)


_Labelling = tuple[str, tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]]


def _labelling(item: ManifestItem) -> _Labelling:
    """Return an image with what is said of it: class, box and polygon of each object, in whatever order."""
    return item.sha256, tuple(
        sorted((one.class_name, tuple(one.box), tuple(one.polygon or ())) for one in item.entities)
    )


_Roles = dict[str, list[Item]]


def _faults(roles: _Roles, names: list[str], rules: Rules) -> list[str]:
    checks: list[Callable[[_Roles, list[str]], list[str]]] = [_empty, _overlaps]
    checks += [_without_regions, _outside] if rules.of_regions else []
    checks += [] if rules.open_set else [_untaught]
    return [fault for check in checks for fault in check(roles, names)]


def _empty(roles: _Roles, _: list[str]) -> list[str]:
    return [
        f"datasets.{role}: no image is selected; at least one is needed" for role in ("train", "dev") if not roles[role]
    ]


def _without_regions(roles: _Roles, names: list[str]) -> list[str]:
    return [
        f"datasets.{role}: none of its {len(roles[role])} images has a region of the outputs ({', '.join(names)}); at "
        "least one is needed"
        for role in ("train", "dev")
        if roles[role] and not any(len(item.classes) for item in roles[role])
    ]


def _outside(roles: _Roles, _: list[str]) -> list[str]:
    return [
        f"image {item.name} of datasets.{role}: the region {list(region.box)} lies outside its {item.width} x "
        f"{item.height} pixels"
        for role, items in roles.items()
        for item in items
        for region in item.regions()
        if not touches(region, item.width, item.height)
    ]


def _overlaps(roles: _Roles, _: list[str]) -> list[str]:
    train = {item.sha256: item.name for item in roles["train"]}
    return [
        f"image {item.name} of datasets.{role} is {train[item.sha256]} of datasets.train (same content)"
        for role in ("dev", "test")
        for item in roles[role]
        if item.sha256 in train
    ]


def _untaught(roles: _Roles, names: list[str]) -> list[str]:
    absent = _absent(roles["train"], names) if roles["train"] else []
    return [f"class {name} has no object in datasets.train; add some or remove the output" for name in absent]


def _absent(items: list[Item], names: list[str]) -> list[str]:
    present = {int(position) for item in items for position in item.classes}
    return [name for position, name in enumerate(names) if position not in present]


def _several_labellings(roles: _Roles) -> list[str]:
    """Return a warning for each role that knows an image by several labellings (of several people, or datasets)."""
    warnings = []
    for role, items in roles.items():
        names = {item.sha256: item.name for item in items}
        several = [names[digest] for digest, count in Counter(item.sha256 for item in items).items() if count > 1]
        if several:
            warnings.append(
                f"datasets.{role}: {len(several)} of its {len(names)} images have several different labellings, each "
                f"an example of its own: {', '.join(several[:_NAMED])}{' …' if len(several) > _NAMED else ''}"
            )
    return warnings


_NAMED = 5
_LISTED = 20


def _refuse(faults: list[str]) -> None:
    if faults:
        more = f"; and {len(faults) - _LISTED} more" if len(faults) > _LISTED else ""
        raise BadDataError("; ".join(faults[:_LISTED]) + more)
