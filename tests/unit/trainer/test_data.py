"""From pictures to batches: boxes follow the pixels, and the order depends on the seed alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from capforge_trainer.config import AugmentationParameters, ModelParameters
from capforge_trainer.data.augment import Augmentation, Labelled
from capforge_trainer.data.batches import Batch, Batches
from capforge_trainer.data.input_size import input_size, most_answers, window_size
from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Picture, Pictures
from capforge_trainer.data.rarity import shares_of
from capforge_trainer.errors import BadDataError

_RED = (255, 0, 0)


def _item(seed: int, width: int = 120, height: int = 90) -> tuple[Item, bytes]:
    random = np.random.default_rng(seed)
    left, top = (int(value) for value in random.integers(10, 50, 2))
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[top : top + 30, left : left + 40] = _RED
    data = cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes()
    box = np.array([[left, top, left + 40, top + 30]], np.float32)
    return Item(f"{seed}.png", f"{seed:064x}", width, height, np.array([0], np.int64), box), data


def _pictures(
    count: int = 6, need: tuple[int, int] = (960, 720), room_bytes: int = 10**8
) -> tuple[list[Item], Pictures]:
    pairs = [_item(seed) for seed in range(count)]
    files = {item.sha256: data for item, data in pairs}
    return [item for item, _ in pairs], Pictures(lambda item: files[item.sha256], need, room_bytes)


def _red_box(pixels: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero((pixels[..., 0] > 128) & (pixels[..., 1] < 80))
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("seed", range(12))
def test_boxes_follow_the_pixels(seed: int):
    items, pictures = _pictures()
    parameters = AugmentationParameters(vertical_flip=0.5, mosaic=0.0, colour=0.2, scale_min=0.5, scale_max=2.0)
    augmentation = Augmentation(parameters, 128, 96)
    image = Labelled(items[0], pictures.get(items[0]))
    sample = augmentation(image, lambda: image, np.random.default_rng(seed), plain=True)
    assert sample.pixels.shape == (96, 128, 3)
    if len(sample.boxes):  # else it was zoomed out of the frame
        assert (
            np.abs(_red_box(sample.pixels) - sample.boxes[0]).max() <= 2
        )  # drawn on whole pixels, up to two of the frame's for one of the picture's


def test_a_mosaic_shows_four_images():
    items, pictures = _pictures()
    augmentation = Augmentation(
        AugmentationParameters(mosaic=1.0, turn_degrees=0.0, scale_min=0.6, scale_max=1.0), 320, 240
    )
    labelled = [Labelled(item, pictures.get(item)) for item in items]
    others = iter(labelled[1:4])
    sample = augmentation(labelled[0], lambda: next(others), np.random.default_rng(1), plain=False)
    assert len(sample.boxes) >= 3
    for left, top, right, bottom in sample.boxes.astype(int):
        assert (sample.pixels[top + 2 : bottom - 2, left + 2 : right - 2, 0] > 100).all()


def test_a_large_picture_is_kept_smaller_and_its_boxes_still_fit():
    item, data = _item(1, width=1200, height=900)
    pictures = Pictures(lambda _: data, (400, 300))
    picture = pictures.get(item)
    assert picture.factor == 3
    parameters = AugmentationParameters(
        mosaic=0.0, colour=0.0, horizontal_flip=0.0, stretch=0.0, scale_min=1.0, scale_max=1.0
    )
    image = Labelled(item, picture)
    sample = Augmentation(parameters, 400, 300)(image, lambda: image, np.random.default_rng(0), plain=True)
    assert np.abs(_red_box(sample.pixels) - sample.boxes[0]).max() <= 1


def _contents(batches: list[Batch]) -> list[bytes]:
    return [batch.images.numpy().tobytes() for batch in batches]


def _batches(threads: int, room_bytes: int = 10**8, seed: int = 3) -> Batches:
    items, pictures = _pictures(room_bytes=room_bytes)
    return Batches(items, pictures, Augmentation(AugmentationParameters(), 64, 64), 2, seed, threads)


def test_an_epoch_is_the_same_with_any_number_of_threads_and_any_room():
    one = _contents(list(_batches(1).epoch(4)))
    assert len(one) == 3
    assert one == _contents(list(_batches(4).epoch(4)))
    assert one == _contents(list(_batches(2, room_bytes=0).epoch(4)))


def test_another_epoch_and_another_seed_differ():
    one = _contents(list(_batches(1).epoch(4)))
    assert one != _contents(list(_batches(1).epoch(5)))
    assert one != _contents(list(_batches(1, seed=4).epoch(4)))


def test_an_epoch_goes_on_from_any_step():
    assert _contents(list(_batches(1).epoch(4)))[1:] == _contents(list(_batches(2).epoch(4, start=1)))


def test_processes_share_an_epoch_without_overlap():
    items, pictures = _pictures(8)
    plain = AugmentationParameters(mosaic=0, colour=0, horizontal_flip=0, scale_min=1, scale_max=1)
    batches = Batches(items, pictures, Augmentation(plain, 120, 90), 2, 0, 1)
    seen = [
        tuple(objects.boxes[0].tolist())
        for rank in (0, 1)
        for batch in batches.epoch(0, plain=True, rank=rank, share=2)
        for objects in batch.objects
    ]
    assert len(seen) == len(set(seen)) == 8


def test_fewer_images_than_a_batch_still_make_one():
    items, pictures = _pictures(3)
    batches = Batches(items, pictures, Augmentation(AugmentationParameters(), 64, 64), 8, 0, 1)
    (only,) = batches.epoch(0, plain=True)
    assert only.images.shape == (8, 64, 64, 3)
    assert only.images.dtype == torch.uint8


def test_a_file_that_is_no_image_is_named():
    item, _ = _item(5)
    with pytest.raises(BadDataError, match=r"5\.png"):
        Pictures(lambda _: b"not an image", (64, 64)).get(item)


def test_an_image_of_another_size_than_declared_is_named():
    item, _ = _item(5)
    _, larger = _item(5, width=200)
    with pytest.raises(BadDataError, match=r"5\.png.*200 x 90.*120 x 90"):
        Pictures(lambda _: larger, (64, 64)).get(item)


@pytest.mark.parametrize(
    ("sizes", "shape", "expected"),
    [
        pytest.param([(640, 480)] * 3, "Auto", (320, 256), id="landscape"),
        pytest.param([(480, 640)] * 3, "Auto", (256, 320), id="portrait"),
        pytest.param([(500, 500)], "Auto", (320, 320), id="square"),
        pytest.param([(3000, 100)], "Auto", (320, 32), id="a strip"),
        pytest.param([(640, 480)], "Square", (320, 320), id="asked to be square"),
    ],
)
def test_the_input_takes_the_shape_of_the_images(sizes: list[tuple[int, int]], shape: str, expected: tuple[int, int]):
    items = [Item("", "", w, h, np.zeros(0, np.int64), np.zeros((0, 4), np.float32)) for w, h in sizes]
    assert input_size(ModelParameters.model_validate({"inputShape": shape}), items) == expected


def _holding(size: tuple[int, int], sides: list[tuple[int, int]], classes: list[int] | None = None) -> Item:
    boxes = np.array([[0, 0, *one] for one in sides], np.float32).reshape(-1, 4)
    return Item("", "", *size, np.array(classes or [0] * len(sides), np.int64), boxes)


@pytest.mark.parametrize(
    ("size", "sides", "expected", "window"),
    [
        pytest.param((640, 480), [(100, 90)] * 9, (320, 256), (320, 256), id="large objects"),
        pytest.param((640, 480), [(30, 20)] * 9, (320, 256), (320, 256), id="just large enough"),
        pytest.param((1024, 768), [(10, 10)] * 9, (1024, 768), (320, 256), id="tiny: as the image is, in windows"),
        pytest.param((640, 480), [(120, 15)] * 9, (448, 352), (320, 256), id="thin: by the shorter side"),
        pytest.param((400, 300), [(4, 4)] * 9, (416, 320), (320, 256), id="no larger than the image"),
        pytest.param((4000, 3000), [(10, 10)] * 9, (1024, 768), (320, 256), id="nor than is bearable"),
        pytest.param((640, 480), [(100, 90)] * 90 + [(3, 3)] * 4, (320, 256), (320, 256), id="a few mistakes"),
        pytest.param((640, 480), [(600, 400)] * 9 + [(15, 15)] * 9, (448, 352), (448, 352), id="small and huge: whole"),
    ],
)
def test_the_input_is_as_large_as_small_objects_need(
    size: tuple[int, int], sides: list[tuple[int, int]], expected: tuple[int, int], window: tuple[int, int]
):
    classes = [int(one[0] < 50) for one in sides]
    items, parameters = [_holding(size, sides, classes)], ModelParameters()
    assert input_size(parameters, items) == expected
    assert window_size(parameters, items) == window


def test_an_input_that_was_chosen_is_kept():
    items = [_holding((1024, 768), [(10, 10)] * 9)]
    assert input_size(ModelParameters(input_long_side_pixels=96), items) == (96, 96)
    assert window_size(ModelParameters(input_long_side_pixels=96), items) == (96, 96)


@pytest.mark.parametrize(("objects", "most"), [(0, 100), (30, 100), (120, 240), (900, 500)])
def test_a_crowd_is_answered_whole(objects: int, most: int):
    assert most_answers(ModelParameters(), [_holding((640, 480), [(9, 9)] * objects)]) == most
    assert most_answers(ModelParameters(max_detections=7), [_holding((640, 480), [(9, 9)] * objects)]) == 7


def test_images_of_rare_classes_come_more_often_and_empty_ones_fill_half_at_most():
    common, rare = _holding((9, 9), [(2, 2)], [0]), _holding((9, 9), [(2, 2)], [1])
    shares = shares_of([common] * 36 + [rare] * 4)
    assert shares is not None
    assert shares.sum() == pytest.approx(1)
    assert shares[-1] == pytest.approx(3 * shares[0])
    crowd = shares_of([common] * 10 + [_holding((9, 9), [])] * 30)
    assert crowd is not None
    assert crowd[10:].sum() == pytest.approx(0.5)


def test_images_of_classes_that_are_alike_each_come_once():
    one, other = _holding((9, 9), [(2, 2)], [0]), _holding((9, 9), [(2, 2)], [1])
    assert shares_of([one] * 10 + [other] * 8) is None
    assert shares_of([_holding((9, 9), [])]) is None


def test_an_image_that_comes_often_is_changed_otherwise_each_time():
    items, pictures = _pictures(4)
    shares = np.array([0.85, 0.05, 0.05, 0.05])
    batches = Batches(items, pictures, Augmentation(AugmentationParameters(mosaic=0), 64, 64), 2, 0, 1, shares)
    contents = _contents([one for number in range(8) for one in batches.epoch(number)])
    assert len(set(contents)) == len(contents) == 16
    assert contents[2:4] == _contents(list(batches.epoch(1))), "an epoch is the same whenever it is read"
    assert contents[3:4] == _contents(list(batches.epoch(1, start=1)))


def test_a_picture_is_read_once_where_there_is_room():
    item, data = _item(2)
    reads: list[str] = []

    def read(one: Item) -> bytes:
        reads.append(one.name)
        return data

    pictures = Pictures(read, (64, 64))
    first: Picture = pictures.get(item)
    assert pictures.get(item) is first
    assert reads == ["2.png"]
