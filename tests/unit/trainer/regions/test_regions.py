"""Crops of regions: their size, their cache, their batches."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from capforge_contracts.run import CropForm, CropSettings
from capforge_trainer.data.items import Item
from capforge_trainer.data.looks import looks_of
from capforge_trainer.data.pictures import Pictures
from capforge_trainer.errors import BadDataError
from capforge_trainer.regions.batches import RegionBatch, RegionBatches
from capforge_trainer.regions.crops import Crops
from capforge_trainer.regions.examples import examples_of
from capforge_trainer.regions.material import widened
from capforge_trainer.regions.parameters import CropParameters
from capforge_trainer.regions.size import crop_settings
from capforge_transforms import Region, crop

_SETTINGS = CropSettings(width=16, height=16)


def _item(seed: int, boxes: list[list[float]], polygons: tuple[tuple[float, ...] | None, ...] = ()) -> Item:
    classes = np.arange(len(boxes), dtype=np.int64) % 3
    return Item(f"{seed}.png", f"{seed:064x}", 80, 60, classes, np.array(boxes, np.float32).reshape(-1, 4), polygons)


def _pixels(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (60, 80, 3), dtype=np.uint8)


class _Reads:
    """Files of noise, and which of them were read."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, item: Item) -> bytes:
        self.names.append(item.name)
        seed = int(item.name.partition(".")[0])
        return cv2.imencode(".png", _pixels(seed)[..., ::-1])[1].tobytes()


def _items() -> list[Item]:
    return [_item(1, [[0, 0, 20, 20], [10, 10, 50, 40]]), _item(2, []), _item(3, [[5, 5, 30, 55]] * 3)]


def test_an_image_is_read_once_for_its_looks_and_its_crops():
    reads, items = _Reads(), _items()
    pictures = Pictures(reads, (1, 1))
    looks = looks_of(items, pictures.first)
    crops = Crops(items, pictures, _SETTINGS)
    own = Crops(items, Pictures(_Reads(), (1, 1), 0), _SETTINGS)
    assert [crops[at].tolist() for at in range(len(crops))] == [own[at].tolist() for at in range(len(own))]
    assert (len(looks.classes), sorted(reads.names)) == (5, ["1.png", "3.png"])
    pictures.full(items[0])
    assert reads.names[-1] == "1.png"  # what was handed out once is not kept


def _crops(reads: _Reads, room_bytes: int = 10**7) -> Crops:
    return Crops(_items(), Pictures(reads, (16, 16), 0), _SETTINGS, room_bytes)


@pytest.mark.parametrize("room_bytes", [0, 10**7], ids=["no room", "room"])
def test_crops_are_what_serving_cuts(room_bytes: int):
    crops = _crops(_Reads(), room_bytes)
    assert len(crops) == 5
    assert crops.classes.tolist() == [0, 1, 0, 1, 2]
    expected = [
        crop(_pixels(int(one.item.name[0])), Region(one.region.box), _SETTINGS) for one in examples_of(_items())
    ]
    assert all((crops[index] == one).all() for index, one in enumerate(expected))
    batches = list(crops.batches(2))
    assert [len(one) for one in batches] == [2, 2, 1]
    assert (np.concatenate(batches) == np.stack(expected)).all()


def test_an_image_is_decoded_once_for_all_its_regions():
    reads = _Reads()
    crops = _crops(reads)
    for index in (4, 0, 2, 1, 3, 4, 0):
        _ = crops[index]
    list(crops.batches(3))
    assert sorted(reads.names) == ["1.png", "3.png"]


def test_an_image_with_two_labellings_gives_the_crops_of_both():
    first, second = _item(1, [[0, 0, 20, 20]]), _item(1, [[10, 10, 50, 40], [5, 5, 30, 55]])
    crops = Crops([first, second], Pictures(_Reads(), (16, 16), 0), _SETTINGS)
    alone = [Crops([one], Pictures(_Reads(), (16, 16), 0), _SETTINGS) for one in (first, second)]
    expected = np.concatenate([batch for one in alone for batch in one.batches(8)])
    assert (np.stack([crops[index] for index in range(3)]) == expected).all()
    assert (np.concatenate(list(crops.batches(2))) == expected).all()


def test_without_room_a_pass_in_order_still_decodes_each_image_once():
    reads = _Reads()
    list(_crops(reads, room_bytes=0).batches(2))
    assert reads.names == ["1.png", "3.png"]


def test_a_file_that_is_no_image_is_named():
    crops = Crops(_items(), Pictures(lambda _: b"nothing", (16, 16)), _SETTINGS)
    with pytest.raises(BadDataError, match=r"1\.png"):
        _ = crops[0]


class _InOrder:
    """A draw of pairs in order."""

    def steps(self, share: int = 1) -> int:
        return 2 // share

    def groups(self, epoch: int, rank: int = 0, share: int = 1) -> list[list[int]]:
        del epoch
        return [[0, 1], [2, 4]][rank::share]


def _darker(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.asarray(pixels // random.integers(1, 4), np.uint8)


def _epoch(threads: int, number: int = 0, start: int = 0) -> list[RegionBatch]:
    return list(RegionBatches(_crops(_Reads()), _InOrder(), _darker, 7, threads).epoch(number, start=start))


def test_batches_hold_the_regions_of_the_draw_with_their_classes():
    one, other = _epoch(1)
    assert one.images.shape == (2, 16, 16, 3)
    assert (one.classes.tolist(), other.classes.tolist()) == ([0, 1], [0, 2])


def test_an_epoch_is_the_same_with_any_number_of_threads_and_goes_on_from_any_step():
    def contents(batches: list[RegionBatch]) -> list[bytes]:
        return [one.images.numpy().tobytes() for one in batches]

    assert contents(_epoch(1)) == contents(_epoch(3))
    assert contents(_epoch(1)) != contents(_epoch(1, number=1))
    assert contents(_epoch(1))[1:] == contents(_epoch(2, start=1))


def _sized(boxes: list[list[float]], **parameters: object) -> tuple[int, int]:
    chosen = crop_settings(CropParameters.model_validate({"scale": 1.0, **parameters}), examples_of([_item(1, boxes)]))
    return chosen.width, chosen.height


@pytest.mark.parametrize(
    ("boxes", "parameters", "expected"),
    [
        pytest.param([[0, 0, 8, 8]], {}, (48, 48), id="tiny ones are enlarged"),
        pytest.param([[0, 0, 100, 100]], {}, (112, 112), id="to the next step"),
        pytest.param([[0, 0, 900, 900]], {}, (128, 128), id="large ones are shrunk"),
        pytest.param([[0, 0, 100, 50]], {}, (112, 64), id="wide"),
        pytest.param([[0, 0, 50, 100]], {}, (64, 112), id="tall"),
        pytest.param([[0, 0, 900, 3]], {}, (128, 32), id="a line of text"),
        pytest.param([[0, 0, 100, 50]], {"shape": "Square"}, (112, 112), id="asked to be square"),
        pytest.param([[0, 0, 100, 50]], {"longSidePixels": 32}, (32, 32), id="as small as asked for"),
        pytest.param([[0, 0, 40, 40]], {"paddingPixels": 20}, (80, 80), id="with its padding"),
        pytest.param([[0, 0, 40, 40]], {"scale": 2.0}, (80, 80), id="with its scale"),
    ],
)
def test_the_crop_takes_size_and_shape_of_the_regions(
    boxes: list[list[float]], parameters: dict[str, object], expected: tuple[int, int]
):
    assert _sized(boxes, **parameters) == expected


def test_a_rotated_crop_takes_the_shape_of_the_turned_rectangles():
    square_box, bar = [0.0, 0.0, 60.0, 60.0], (0.0, 7.0, 7.0, 0.0, 60.0, 53.0, 53.0, 60.0)
    examples = examples_of([_item(1, [square_box], (bar,))])
    rotated = crop_settings(CropParameters(form="Rotated", scale=1.0), examples)
    assert rotated.form is CropForm.ROTATED
    assert rotated.width > 2 * rotated.height
    upright = crop_settings(CropParameters(scale=1.0), examples)
    assert upright.width == upright.height


def test_a_wider_crop_has_the_crop_in_its_middle():
    settings = CropSettings(width=32, height=16, scale=1.0)
    wide = widened(settings, 0.125)
    assert (wide.width, wide.height) == (40, 20)
    region = Region((20, 20, 52, 36))
    assert (crop(_pixels(1), region, wide)[2:18, 4:36] == crop(_pixels(1), region, settings)).all()
