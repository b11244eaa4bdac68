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


@dataclass(frozen=True)
class Selection:
    """The images of a run by role, without what the outputs leave out."""

    names: list[str]
    """Class names by position."""
    train: list[Item]
    dev: list[Item]
    test: list[Item]
    ignored: dict[str, int]
    """Classes of the data that are not outputs, with how many objects were left out."""
    warnings: list[str] = field(default_factory=list)


def select(store: ObjectStore, spec: RunSpec) -> Selection:
    """Read the manifests of a run; raises BadDataError, BadConfigurationError with everything that is wrong."""
    names = _output_names(spec)
    ignored: Counter[str] = Counter()
    read = _Reader(store, spec.namespace, names, ignored)
    roles = {
        "train": read.role(spec.datasets.train),
        "dev": read.role(spec.datasets.dev),
        "test": read.role(spec.datasets.test),
    }
    _refuse(_faults(roles, names))
    warnings = [
        f"class {name} has no object in {role}: its metrics are no data"
        for role in ("dev", "test")
        if roles[role]
        for name in _absent(roles[role], names)
    ]
    return Selection(names, roles["train"], roles["dev"], roles["test"], dict(sorted(ignored.items())), warnings)


def _output_names(spec: RunSpec) -> list[str]:
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

    def role(self, selections: list[DatasetSelection]) -> list[Item]:
        """Return the items of all selections, each content once, in the order of digests."""
        found: dict[str, Item] = {}
        for selection in selections:
            for item in self._manifest(selection):
                if selection.split in (None, item.split) and item.sha256 not in found:
                    found[item.sha256] = self._item(item)
        return [found[digest] for digest in sorted(found)]

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
        return Item(item.name, item.sha256, item.width, item.height, classes, boxes)


_Roles = dict[str, list[Item]]


def _faults(roles: _Roles, names: list[str]) -> list[str]:
    checks: tuple[Callable[[_Roles, list[str]], list[str]], ...] = (_empty, _overlaps, _untaught)
    return [fault for check in checks for fault in check(roles, names)]


def _empty(roles: _Roles, _: list[str]) -> list[str]:
    return [
        f"datasets.{role}: no image is selected; at least one is needed" for role in ("train", "dev") if not roles[role]
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


_LISTED = 20


def _refuse(faults: list[str]) -> None:
    if faults:
        more = f"; and {len(faults) - _LISTED} more" if len(faults) > _LISTED else ""
        raise BadDataError("; ".join(faults[:_LISTED]) + more)
