from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from capforge.draw import Detection, drawn, save
from capforge.errors import CliError

BOX = (100.0, 120.0, 300.0, 320.0)


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    Image.new("RGB", (640, 480), (128, 128, 128)).save(path)
    return path


def changed(image: Image.Image) -> np.ndarray:
    return (np.asarray(image) != 128).any(axis=2)


def test_the_outline_lies_on_the_box_and_the_inside_stays(grey: Path):
    pixels = changed(drawn(grey, [Detection("cat", 0, 0.9, BOX)]))
    assert pixels[220, 98:104].any()
    assert pixels[220, 297:303].any()
    assert not pixels[200:240, 150:250].any()


def test_the_label_lies_above_the_box(grey: Path):
    pixels = changed(drawn(grey, [Detection("cat", 0, 0.9, BOX)]))
    assert pixels[105:118, 100:140].mean() > 0.9


@pytest.mark.parametrize(
    "box", [(0.0, 0.0, 50.0, 50.0), (600.0, 430.0, 640.0, 480.0), (0.0, 0.0, 640.0, 480.0)], ids=str
)
def test_labels_at_the_edge_stay_inside_the_picture(grey: Path, box: tuple[float, float, float, float]):
    with_label = changed(drawn(grey, [Detection("a rather long name", 3, 0.5, box)])).sum()
    without = changed(drawn(grey, [Detection("", 3, 0.5, box)])).sum()
    assert with_label - without > 1000


def test_classes_have_colours_of_their_own(grey: Path):
    colours = {np.asarray(drawn(grey, [Detection("", n, 0.5, BOX)]))[220, 100].tobytes() for n in range(8)}
    assert len(colours) == 8


def test_small_pictures_are_enlarged_with_their_boxes(tmp_path: Path):
    path = tmp_path / "small.png"
    Image.new("RGB", (64, 32), (128, 128, 128)).save(path)
    image = drawn(path, [Detection("", 0, 0.5, (32.0, 8.0, 48.0, 24.0))])
    assert image.size == (640, 320)
    assert changed(image)[160, 318:324].any()


def test_boxes_count_in_upright_pixels(tmp_path: Path):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (640, 320), (128, 128, 128)).save(path, exif=exif.tobytes())
    assert drawn(path, []).size == (320, 640)


def test_a_name_without_a_format_is_refused(grey: Path, tmp_path: Path):
    with pytest.raises(CliError, match="cannot write") as raised:
        save(drawn(grey, []), tmp_path / "picture.xyz")
    assert "allowed" in raised.value.hint.lower()


def test_a_label_tells_class_and_confidence():
    assert Detection("RBC", 0, 0.876, BOX).label == "RBC 88%"
