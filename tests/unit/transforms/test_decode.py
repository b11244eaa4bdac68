from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from capforge_transforms import Limits, NotAnImage, TooManyBytes, TooManyPixels, Truncated, decode
from tests.unit.transforms.pictures import difference, encoded, gradient

FORMATS = [("JPEG", {"quality": 95, "subsampling": 0}), ("PNG", {}), ("WEBP", {"lossless": True})]
JPEG_LEVELS = 6


@pytest.mark.parametrize(("file_format", "options"), FORMATS, ids=[name for name, _ in FORMATS])
def test_a_picture_comes_out_as_it_went_in(file_format: str, options: dict[str, object]):
    pixels = gradient()
    decoded = decode(encoded(Image.fromarray(pixels), file_format, **options))
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    assert difference(decoded, pixels) <= (JPEG_LEVELS if file_format == "JPEG" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("file_format", "options"), FORMATS, ids=[name for name, _ in FORMATS])
def test_every_exif_orientation_is_turned_upright(file_format: str, options: dict[str, object], orientation: int):
    stored = Image.fromarray(gradient())
    data = encoded(stored, file_format, orientation=orientation, **options)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    assert difference(decode(data), expected) <= (2 if file_format == "JPEG" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_same_scene_stored_in_eight_ways_gives_the_same_pixels(orientation: int):
    scene = Image.fromarray(gradient())
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # PIL.Image.Transpose that stores the scene in this orientation
    stored = scene.transpose(Image.Transpose(undo[orientation])) if orientation in undo else scene
    data = encoded(stored, "JPEG", quality=95, subsampling=0, orientation=orientation)
    assert difference(decode(data), np.asarray(scene)) <= JPEG_LEVELS


def test_grey_is_copied_to_three_channels():
    grey = Image.fromarray(gradient()).convert("L")
    for file_format in ("JPEG", "PNG"):
        decoded = decode(encoded(grey, file_format))
        assert difference(decoded[..., 0], decoded[..., 2]) == 0


def test_cmyk_becomes_the_same_colours():
    image = Image.fromarray(gradient())
    decoded = decode(encoded(image.convert("CMYK"), "JPEG", quality=95, subsampling=0))
    assert difference(decoded, np.asarray(image)) <= JPEG_LEVELS


def test_sixteen_bit_grey_keeps_its_high_byte():
    values = np.array([[0, 255, 256, 32768, 65535]], np.uint16)
    decoded = decode(encoded(Image.fromarray(values), "PNG"))
    assert decoded[0, :, 0].tolist() == [0, 0, 1, 128, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_composited_on_white(mode: str):
    image = Image.new(mode, (2, 1), (0, 0, 0, 0) if mode == "RGBA" else (0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255) if mode == "RGBA" else (0, 255))
    assert decode(encoded(image, "PNG")).tolist() == [[[255, 255, 255], [0, 0, 0]]]


def test_a_palette_with_a_transparent_colour_is_composited_on_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    assert decode(encoded(image, "PNG", transparency=0)).tolist() == [[[255, 255, 255], [200, 100, 50]]]


def test_black_and_white_bitmaps_are_read():
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert decode(encoded(image, "PNG")).tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_of_an_animation_the_first_frame_counts():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert decode(data)[0, 0].tolist() == [255, 0, 0]


def test_a_progressive_jpeg_is_read():
    assert decode(encoded(Image.fromarray(gradient()), "JPEG", progressive=True)).shape == (32, 48, 3)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_file_cut_off_anywhere_is_refused(file_format: str):
    data = encoded(Image.fromarray(gradient()), file_format)
    for length in range(16, len(data) - 32, 7):  # the last bytes are checksums, not pixels
        with pytest.raises((Truncated, NotAnImage)):
            decode(data[:length])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b"hello, world", "starts with 68 65", id="text"),
        pytest.param(b"GIF89a" + bytes(100), "allowed: JPEG, PNG, WebP", id="gif"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(100), "no IHDR", id="png without a header"),
        pytest.param(b"\xff\xd8" + bytes(100), "no marker", id="jpeg without a marker"),
        pytest.param(b"RIFF\x10\x00\x00\x00WEBPABCD" + bytes(30), "first chunk", id="webp of nothing"),
    ],
)
def test_what_is_no_image_is_named(data: bytes, says: str):
    with pytest.raises(NotAnImage, match=says):
        decode(data)


def bomb(kind: str, width: int, height: int) -> bytes:
    if kind == "png":
        return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBBI", 13, b"IHDR", width, height, 8, 2, 0, 0, 0, 0)
    if kind == "webp":
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        return b"RIFF\x00\x01\x00\x00WEBPVP8X" + struct.pack("<II", 10, 0) + size
    return b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9)


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_a_decompression_bomb_is_refused_by_its_header(kind: str):
    with pytest.raises(TooManyPixels, match=r"60000 x 60000 pixels; allowed: at most 1000000"):
        decode(bomb(kind, 60000, 60000), Limits(max_pixels=1_000_000))


def test_a_file_of_too_many_bytes_is_refused():
    with pytest.raises(TooManyBytes, match="the file has 11 bytes; allowed: at most 10"):
        decode(b"x" * 11, Limits(max_bytes=10))


def test_a_jpeg_of_thousands_of_scans_is_refused():
    data = encoded(Image.fromarray(gradient()), "JPEG", progressive=True)
    with pytest.raises(NotAnImage, match="scans; allowed: at most 500"):
        decode(data[:-2] + b"\xff\xda" * 600 + data[-2:])


def test_stray_bytes_between_segments_do_no_harm():
    data = encoded(Image.fromarray(gradient()), "JPEG")
    assert difference(decode(data[:-2] + b"\x00\x01\x02" + data[-2:]), decode(data)) == 0


def test_decoding_twice_gives_the_same_bytes():
    data = encoded(Image.fromarray(gradient()), "JPEG")
    assert decode(data).tobytes() == decode(data).tobytes()
