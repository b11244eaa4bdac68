"""One image that several people labelled: each labelling is an example, what they agree on counts once."""

from __future__ import annotations

from pathlib import Path

from capforge_contracts.dataset import ManifestEntity, ManifestItem
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.run import DatasetSelection, RunDatasets, RunSpec
from capforge_contracts.store import ObjectStore
from capforge_trainer.data.selection import Selection, select
from capforge_trainer.run import run
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Surroundings
from tests.unit.trainer.conftest import Trained
from tests.unit.trainer.world import TINY, put_dataset, put_item, put_run


def _said(item: ManifestItem, *entities: ManifestEntity) -> ManifestItem:
    return item.model_copy(update={"entities": list(entities)})


def _spec(store: ObjectStore, *train: list[ManifestItem], dev: list[ManifestItem] | None = None) -> RunSpec:
    datasets: list[DatasetSelection] = [put_dataset(store, f"train-{n}", items) for n, items in enumerate(train)]
    dev_items = dev or [put_item(store, 9)]
    return put_run(store, RunDatasets(train=datasets, dev=[put_dataset(store, "dev", dev_items)]), TINY)


def _selected(store: ObjectStore, spec: RunSpec) -> Selection:
    return select(store, spec)


def test_each_labelling_of_an_image_is_an_example():
    store = MemoryObjectStore()
    first = put_item(store, 1)
    second = _said(first, first.entities[0])
    spec = _spec(store, [first, second, put_item(store, 2)])
    selection = _selected(store, spec)
    assert sorted(len(item.classes) for item in selection.train) == [1, 2, 2]
    assert sorted(item.name for item in selection.train) == ["1.png", "1.png", "2.png"]
    (warning,) = selection.warnings
    assert warning == (
        "datasets.train: 1 of its 2 images have several different labellings, each an example of its own: 1.png"
    )


def test_labellings_that_agree_count_once_whoever_gave_them_and_in_whatever_order():
    store = MemoryObjectStore()
    first = put_item(store, 1)
    renamed = [one.model_copy(update={"id": f"object-{n}"}) for n, one in enumerate(reversed(first.entities))]
    selection = _selected(store, _spec(store, [first, _said(first, *renamed)], [first]))
    assert len(selection.train) == 1
    assert selection.warnings == []


def test_labellings_of_several_datasets_meet():
    store = MemoryObjectStore()
    first = put_item(store, 1)
    moved = first.entities[1].model_copy(update={"box": [1.0, 50.0, 30.0, 80.0]})
    selection = _selected(store, _spec(store, [first], [_said(first, first.entities[0], moved)]))
    assert [len(item.classes) for item in selection.train] == [2, 2]


def test_a_run_learns_from_several_labellings_and_judges_by_each(tmp_path: Path):
    store = MemoryObjectStore()
    first, dev = put_item(store, 1), put_item(store, 9)
    short = ["schedule.maxEpochs=1", "schedule.evaluations=1"]
    spec = _spec(store, [first, _said(first, first.entities[0])], dev=[dev, _said(dev, dev.entities[0])])
    spec = put_run(store, spec.datasets, [*TINY, *short])
    done = Trained(store, spec, run(spec, Surroundings(store, Stopping(), tmp_path)))
    assert done.card.dev is not None
    assert (done.card.dev.images, done.card.dev.objects) == (2, 3)
    assert len([warning for warning in done.card.warnings if "several different labellings" in warning]) == 2
