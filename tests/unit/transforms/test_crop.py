from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.run import CropForm, CropSettings
from capforge_transforms import VERSIONS, Region, crop, crops, touches, transforms
from tests.unit.transforms.pictures import difference, gradient

SIDES = st.integers(1, 40)
PLACES = st.floats(-60, 120)
PINNED = [
    [37, 58, 80, 101, 87, 109, 130, 152, 138, 160, 181, 203],
    [40, 72, 104, 136, 57, 90, 122, 154, 75, 107, 139, 171],
    [0, 0, 0, 0, 0, 16, 24, 32, 0, 37, 45, 53],
]
ROTATED = {"form": CropForm.ROTATED}


def noise(width: int = 60, height: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def to(width: int, height: int, **changes: object) -> CropSettings:
    return CropSettings(width=width, height=height, **changes)


def tilted(centre: tuple[float, float], size: tuple[float, float], degrees: float) -> list[float]:
    return cv2.boxPoints((centre, size, degrees)).reshape(-1).tolist()


def box_around(polygon: list[float]) -> tuple[float, float, float, float]:
    xs, ys = polygon[::2], polygon[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def test_a_region_of_the_crops_own_size_is_copied_pixel_by_pixel():
    image = noise()
    assert (crop(image, Region((10, 5, 34, 21)), to(24, 16)) == image[5:21, 10:34]).all()


def test_a_region_of_twice_the_size_is_the_mean_of_whole_pixels():
    image = noise()
    expected = image[4:20, 8:40].reshape(8, 2, 16, 2, 3).mean(axis=(1, 3))
    assert np.abs(crop(image, Region((8, 4, 40, 20)), to(16, 8)) - expected).max() <= 0.5


def test_nothing_small_is_lost_where_much_is_shrunk():
    image = np.zeros((640, 640, 3), np.uint8)
    image[321, 321] = 255
    assert crop(image, Region((0, 0, 640, 640)), to(64, 64))[32, 32].tolist() == [3, 3, 3]  # 255 / 100


def test_a_small_region_is_enlarged_smoothly():
    image = gradient()
    large = crop(image, Region((10, 10, 20, 20)), to(40, 40)).astype(int)
    assert (np.diff(large[20, :, 0]) >= 0).all()
    assert abs(int(large[20, 20, 0]) - int(image[15, 15, 0])) <= 4


def test_outside_the_picture_is_zero():
    image = np.full((40, 60, 3), 200, np.uint8)
    cut = crop(image, Region((-10, -5, 10, 15)), to(20, 20))
    assert (cut[:5] == 0).all()
    assert (cut[:, :10] == 0).all()
    assert (cut[5:, 10:] == 200).all()


def test_a_region_that_is_all_outside_is_zero():
    image = np.full((40, 60, 3), 200, np.uint8)
    for box in ((62.0, 0.0, 70.0, 10.0), (-20.0, -20.0, -1.0, -1.0), (0.0, 500.0, 60.0, 540.0)):
        assert not crop(image, Region(box), to(8, 8)).any()
        assert not touches(Region(box), 60, 40)


def test_a_region_that_reaches_over_the_edge_touches_the_picture():
    assert touches(Region((-5, -5, 1, 1)), 60, 40)
    assert touches(Region((59.5, 39.5, 90, 90)), 60, 40)


def test_the_scale_grows_the_region_around_its_centre():
    image = noise()
    assert (crop(image, Region((20, 15, 30, 25)), to(20, 20, scale=2.0)) == image[10:30, 15:35]).all()


def test_padding_is_added_in_pixels_of_the_image_after_the_scale():
    image = noise()
    cut = crop(image, Region((20, 15, 30, 25)), to(26, 26, scale=2.0, padding_pixels=3))
    assert (cut == image[7:33, 12:38]).all()


def test_the_proportions_are_stretched_to_the_crop():
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:20, 10:50] = 255
    cut = crop(image, Region((10, 10, 50, 20)), to(16, 16))
    assert (cut[1:-1, 1:-1] == 255).all()


def test_one_pixel_is_a_region():
    image = noise()
    image[7, 9] = (250, 10, 130)
    assert crop(image, Region((9, 7, 10, 8)), to(1, 1))[0, 0].tolist() == [250, 10, 130]
    assert crop(image, Region((9, 7, 10, 8)), to(5, 5))[2, 2].tolist() == [250, 10, 130]
    assert crop(image[7:8, 9:10], Region((0, 0, 1, 1)), to(3, 3))[1, 1].tolist() == [250, 10, 130]


@pytest.mark.parametrize("degrees", [-80, -45.5, -20, 0, 12, 33, 45.5, 70, 90])
def test_a_tilted_bar_lies_across_its_rotated_crop(degrees: float):
    image = np.zeros((200, 200, 3), np.uint8)
    polygon = tilted((101.5, 98.2), (80, 20), degrees)
    cv2.fillPoly(image, [np.round(polygon).astype(np.int32).reshape(-1, 2)], (255, 255, 255))
    region = Region(box_around(polygon), polygon)
    cut = crop(image, region, to(80, 20, **ROTATED))
    assert (cut[2:-2, 2:-2] >= 200).mean() > 0.97
    around = crop(image, region, to(120, 60, padding_pixels=20, **ROTATED))
    assert around[:17].max() == 0
    assert around[:, :17].max() == 0


def test_a_rotated_crop_is_not_mirrored_and_reads_from_left_to_right():
    image = np.zeros((100, 100, 3), np.uint8)
    polygon = tilted((50, 50), (40, 20), 30)
    turn = np.deg2rad(30)
    across, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    red, green = np.round([50, 50] - 15 * across - 5 * down), np.round([50, 50] + 15 * across + 5 * down)
    cv2.circle(image, red.astype(int).tolist(), 3, (255, 0, 0), -1)
    cv2.circle(image, green.astype(int).tolist(), 3, (0, 255, 0), -1)
    cut = crop(image, Region(box_around(polygon), polygon), to(40, 20, **ROTATED))
    assert cut[5, 5, 0] > 200  # left and above
    assert cut[15, 35, 1] > 200  # right and below


def test_a_polygon_is_cut_upright_by_its_box_unless_rotation_is_asked_for():
    image = noise()
    polygon = tilted((30, 20), (20, 10), 30)
    region = Region((18, 10, 42, 30), polygon)
    assert (crop(image, region, to(24, 20)) == image[10:30, 18:42]).all()


def test_a_box_without_polygon_stays_as_it_is():
    image = noise()
    assert (crop(image, Region((10, 5, 20, 35)), to(10, 30, **ROTATED)) == image[5:35, 10:20]).all()


def test_a_square_is_not_turned_by_rounding():
    image = noise()
    square = [20.0, 10.0, 40.0, 10.0, 40.0, 30.0, 20.0, 30.0]
    for shake in (0.0, 1e-4, -1e-4):
        polygon = [*square[:6], square[6], square[7] + shake]
        cut = crop(image, Region(box_around(polygon), polygon), to(20, 20, **ROTATED))
        assert difference(cut[2:-2, 2:-2], image[12:28, 22:38]) <= 2


@pytest.mark.parametrize(
    "polygon",
    [
        pytest.param([10.0, 10.0, 30.0, 10.0, 20.0, 10.0], id="a line"),
        pytest.param([10.0, 10.0, 10.0, 10.0, 10.0, 10.0], id="a point"),
        pytest.param([10.0, 30.0, 10.0, 10.0, 10.0, 20.0], id="an upright line"),
    ],
)
def test_a_polygon_without_area_is_a_pixel_wide(polygon: list[float]):
    image = np.full((40, 60, 3), 90, np.uint8)
    assert (crop(image, Region(box_around(polygon), polygon), to(8, 8, **ROTATED)) == 90).all()


@pytest.mark.parametrize("side", [1e5, 1e9])
def test_a_region_of_any_size_takes_bounded_memory(side: float):
    cut = crop(noise(), Region((-side, -side, side, side)), to(32, 32))
    assert cut.shape == (32, 32, 3)


def test_a_picture_wider_than_the_library_takes_is_cut():
    image = np.zeros((10, 40_000, 3), np.uint8)
    image[:, 20_000:] = 100
    assert (crop(image, Region((39_990, 0, 40_000, 10)), to(10, 10)) == 100).all()
    whole = crop(image, Region((0, 0, 40_000, 10)), to(64, 8))
    assert (whole[4, :31] == 0).all()
    assert (whole[4, 33:] >= 90).all()


@given(PLACES, PLACES, SIDES, SIDES, st.integers(0, 30), st.sampled_from([CropForm.UPRIGHT, CropForm.ROTATED]))
@settings(max_examples=60, deadline=None)
def test_a_crop_is_that_of_the_picture_padded_with_zeros(
    x: float, y: float, width: int, height: int, degrees: int, form: CropForm
):
    image, pad = noise(), 200
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)))
    polygon = tilted((x, y), (width, height), degrees)
    moved = [one + pad for one in polygon]
    chosen = to(16, 12, form=form, padding_pixels=2, scale=1.3)
    inner, outer = Region(box_around(polygon), polygon), Region(box_around(moved), moved)
    assert difference(crop(image, inner, chosen), crop(padded, outer, chosen)) <= 6


@given(st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=6), SIDES, SIDES)
@settings(max_examples=60, deadline=None)
def test_any_region_gives_a_crop(polygon: list[float], width: int, height: int):
    region = Region(box_around(polygon), polygon)
    assert crop(noise(), region, to(width, height, **ROTATED)).shape == (height, width, 3)


def test_several_regions_are_cut_as_each_alone():
    image = noise()
    regions = [Region((1.5, 2, 20, 30.25)), Region((-5, -5, 5, 5)), Region((0, 0, 60, 40))]
    together = crops(image, regions, to(12, 9))
    assert together.shape == (3, 9, 12, 3)
    assert all((crop(image, one, to(12, 9)) == cut).all() for one, cut in zip(regions, together, strict=True))
    assert crops(image, [], to(12, 9)).shape == (0, 9, 12, 3)


@pytest.mark.parametrize("version", sorted(VERSIONS))
def test_no_version_moves_a_pixel_of_a_crop(version: str):
    image = (np.add.outer(np.arange(90) * 2, np.arange(130))[..., None] * np.array([0.8, 0.5, 0.3])).astype(np.uint8)
    polygon = [20.0, 10.0, 90.0, 40.0, 80.0, 70.0, 15.0, 45.0]
    regions = [Region((13, 7, 99, 83)), Region(box_around(polygon), polygon), Region((-8, -8, 24, 24))]
    cut = transforms(version).crops(image, regions, to(32, 24, scale=1.25, **ROTATED))
    # Another processor rounds a bilinear sample differently; nothing else may differ.
    assert np.abs(cut[:, 4::8, 4::8, 0].reshape(3, -1).astype(int) - PINNED).max() <= 1
