"""Pictures made to hurt, and pictures as cameras and programs really make them: an orderly answer, in bounded memory."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from capforge_transforms import DEFAULT_LIMITS, transforms
from tests.integration.gateway.conftest import BRIGHT_SIZE, FIXED, StartGateway
from tests.integration.gateway.images import encoded, white
from tests.integration.gateway.process import GatewayProcess, capability, opened, version
from tests.integration.gateway.test_hostile_http import peak
from tests.support.eventually import PATIENCE
from tests.support.triton import Triton

RAW = "application/octet-stream"
BOX = (60, 30, 130, 100)
ORIENTATION = 0x0112


def scene(mode: str = "RGB", size: tuple[int, int] = (300, 200)) -> Image.Image:
    """A black picture with one white rectangle at BOX."""
    image = Image.new("RGB", size, "black")
    ImageDraw.Draw(image).rectangle((*BOX[:2], BOX[2] - 1, BOX[3] - 1), fill="white")
    return image.convert(mode)


def sixteen_bit(*, interlaced: bool = False) -> bytes:
    grey = np.asarray(scene("L")).astype(np.uint16) * 257
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG", interlace=interlaced)
    return file.getvalue()


def transparent(mode: str) -> bytes:
    image = scene("RGB").convert("RGBA")
    image.putalpha(255)
    return encoded(image.convert(mode) if mode != "RGBA" else image)


def animated(file_format: str) -> bytes:
    others = [Image.new("RGB", (300, 200), "white"), Image.new("RGB", (300, 200), "black")]
    return encoded(scene(), file_format, save_all=True, append_images=others, duration=50)


def with_profile(file_format: str) -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encoded(scene(), file_format, icc_profile=profile)


def turned(file_format: str, orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = scene().transpose(Image.Transpose.ROTATE_90)
    return encoded(stored, file_format, exif=exif, **({} if file_format == "PNG" else {"quality": 98}))


SAME_BOX = {
    "jpeg": encoded(scene(), "JPEG", quality=98),
    "progressive jpeg": encoded(scene(), "JPEG", quality=98, progressive=True),
    "444 jpeg": encoded(scene(), "JPEG", quality=98, subsampling=0),
    "grey jpeg": encoded(scene("L"), "JPEG", quality=98),
    "cmyk jpeg": encoded(scene("CMYK"), "JPEG", quality=98),
    "jpeg with a profile": with_profile("JPEG"),
    "turned jpeg": turned("JPEG"),
    "png": encoded(scene()),
    "interlaced png": encoded(scene(), interlace=1),
    "one-bit png": encoded(scene("1")),
    "grey png": encoded(scene("L")),
    "16-bit png": sixteen_bit(),
    "palette png": encoded(scene("P")),
    "alpha png": transparent("RGBA"),
    "grey-alpha png": transparent("LA"),
    "turned png": turned("PNG"),
    "png with a profile": with_profile("PNG"),
    "animated png": animated("PNG"),
    "webp": encoded(scene(), "WEBP", quality=98),
    "lossless webp": encoded(scene(), "WEBP", lossless=True),
    "turned webp": turned("WEBP"),
    "animated webp": animated("WEBP"),
}


def box_of(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    document = answer.json()["document"]
    return document["inference"]["prediction"]["entities"][0]["location"]["box"]


@pytest.mark.parametrize("name", SAME_BOX)
def test_the_same_scene_gives_the_same_box_in_every_kind_of_file(gateway: GatewayProcess, name: str) -> None:
    answer = gateway.predict(SAME_BOX[name], "v1.2", RAW)
    assert box_of(answer) == pytest.approx(BOX, abs=1.0)
    assert answer.json()["document"]["image"] == {"width": 300, "height": 200}
    # the trainer's own evaluation: the pixels that its transforms make of the same file
    known = transforms("1")
    canvas, placement = known.canvas(SAME_BOX[name], DEFAULT_LIMITS, BRIGHT_SIZE, BRIGHT_SIZE)
    rows, columns = np.nonzero((canvas > 200).all(axis=2))
    corners = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    assert box_of(answer) == pytest.approx(known.boxes_to_image(corners, placement)[0].tolist(), abs=1.0)


def test_a_portrait_is_a_portrait(gateway: GatewayProcess) -> None:
    answer = gateway.predict(encoded(scene(size=(200, 900))), "v1.2", RAW)
    assert box_of(answer) == pytest.approx(BOX, abs=900 / BRIGHT_SIZE * 1.05)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_one_pixel_is_a_picture(gateway: GatewayProcess, file_format: str) -> None:
    assert gateway.predict(white(1, 1, file_format), "v1.1", RAW).status_code == 200


@pytest.mark.parametrize("declared", ["image/jpeg", "image/png", "image/webp", RAW])
def test_the_content_counts_not_what_it_is_called(gateway: GatewayProcess, declared: str) -> None:
    for file_format in ("JPEG", "PNG", "WEBP"):
        assert gateway.predict(white(file_format=file_format), "v1.1", declared).status_code == 200


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, idat: bytes | None = None, extra: bytes = b"") -> bytes:
    pixels = zlib.compress(bytes((width // 8 + 1) * height), 9) if idat is None else idat
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg_of_size(width: int, height: int) -> bytes:
    data = bytearray(white(16, 16, "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_of_size(width: int, height: int) -> bytes:
    body = (
        b"VP8X"
        + struct.pack("<I", 10)
        + b"\x10\0\0\0"
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def many_scans() -> bytes:
    data = encoded(Image.new("L", (2000, 2000)), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    return data[:scan] + data[scan:-2] * 600 + b"\xff\xd9"


def text_bomb() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * 20_000_000, zip=True)
    return encoded(Image.new("L", (8, 8)), pnginfo=info)


def profile_bomb() -> bytes:
    return png(8, 8, extra=chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(60_000_000), 9)))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "20,000 x 20,000 png": lambda: png(20_000, 20_000),
    "20,000 x 20,000 jpeg": lambda: jpeg_of_size(20_000, 20_000),
    "16,000 x 16,000 webp": lambda: webp_of_size(16_000, 16_000),
    "65,535 x 65,535 jpeg": lambda: jpeg_of_size(65_535, 65_535),
    "2^31 x 2^31 png": lambda: png(2**31 - 1, 2**31 - 1, idat=b""),
    "no width": lambda: png(0, 10, idat=b""),
    "no height jpeg": lambda: jpeg_of_size(10, 0),
    "7,000 x 7,000 png in 7 kB": lambda: png(7000, 7000),
    "a pixel stream of 100 MB in an 8 x 8 png": lambda: png(8, 8, idat=zlib.compress(bytes(100_000_000), 9)),
    "thousands of scans": many_scans,
    "a text of 20 MB": text_bomb,
    "a profile of 60 MB": profile_bomb,
    "pixels missing": lambda: png(800, 800, idat=zlib.compress(b"")),
    "no zlib": lambda: png(800, 800, idat=b"no zlib at all"),
    "gif": lambda: encoded(Image.new("RGB", (9, 9)), "GIF"),
    "tiff": lambda: encoded(Image.new("RGB", (9, 9)), "TIFF"),
    "bmp": lambda: encoded(Image.new("RGB", (9, 9)), "BMP"),
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "html": lambda: b"<html><script>alert(1)</script>",
    "pdf": lambda: b"%PDF-1.7\n1 0 obj",
    "zip": lambda: b"PK\x03\x04" + bytes(100),
    "elf": lambda: b"\x7fELF" + bytes(100),
    "a jpeg's first two bytes": lambda: b"\xff\xd8",
    "fill bytes": lambda: b"\xff\xd8" + b"\xff" * 1_000_000,
    "endless segments": lambda: b"\xff\xd8" + b"\xff\xfe\x00\x02" * 2_500_000,
    "a segment without length": lambda: b"\xff\xd8" + b"\xff\xfe\x00\x00" * 100_000,
    "riff only": lambda: b"RIFF\xff\xff\xff\xffWEBP",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_picture_made_to_hurt_is_answered_in_bounded_memory(gateway: GatewayProcess, name: str) -> None:
    before = peak(gateway)
    answer = gateway.predict(HOSTILE[name](), "v1.1", RAW)
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 400:
        assert len(answer.json()["api_request"]["error"]["message"]) < 500
    assert answer.elapsed.total_seconds() < 8 * PATIENCE
    assert peak(gateway) - before < 512
    assert gateway.predict(white(), "v1.1").status_code == 200


@pytest.mark.parametrize("name", ["html", "zip", "pdf", "php"])
def test_a_picture_that_is_something_else_as_well_is_only_a_picture(gateway: GatewayProcess, name: str) -> None:
    tail = {
        "html": b"<script>alert(1)</script>",
        "zip": HOSTILE["zip"](),
        "pdf": HOSTILE["pdf"](),
        "php": b"<?php system('id') ?>",
    }[name]
    for picture in (white(file_format="PNG"), white(file_format="JPEG"), white(file_format="WEBP")):
        answer = gateway.predict(picture + tail, "v1.1", RAW)
        assert answer.status_code in {200, 400}
        assert answer.headers["content-type"] == "application/json"
        assert tail not in answer.content


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_picture_cut_off_anywhere_is_refused(gateway: GatewayProcess, file_format: str) -> None:
    whole = encoded(scene(), file_format)
    for part in range(1, 20):
        answer = gateway.predict(whole[: len(whole) * part // 20], "v1.2", RAW)
        if answer.status_code == 200:  # only the last bytes, which hold no pixels, are missing
            assert part > 17
            assert box_of(answer) == pytest.approx(BOX, abs=1.0)
        else:
            assert answer.status_code == 400, (part, answer.text)


SEEDS = [encoded(scene(), one) for one in ("JPEG", "PNG", "WEBP")] + [turned(one) for one in ("JPEG", "PNG", "WEBP")]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=6)), min_size=1, max_size=4),
)
def test_damage_anywhere_is_no_server_error(
    gateway: GatewayProcess, seed: bytes, damages: list[tuple[float, bytes]]
) -> None:
    data = bytearray(seed)
    for place, damage in damages:
        at = int(place * len(data))
        data[at : at + len(damage)] = damage
    answer = gateway.predict(bytes(data), "v1.1", RAW)
    assert answer.status_code in {200, 400}, answer.text


EXIF_TAGS = st.dictionaries(
    st.integers(0, 65535), st.integers(0, 2**32 - 1) | st.text(max_size=8) | st.binary(max_size=8), max_size=4
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.binary(max_size=60),
    st.sampled_from(["JPEG", "PNG", "WEBP"]),
    st.sampled_from([b"", b"II*\0\x08\0\0\0\x01\0", b"MM\0*\0\0\0\x08\0\x01\x01\x12"]),
)
def test_odd_exif_is_no_server_error(gateway: GatewayProcess, rest: bytes, file_format: str, head: bytes) -> None:
    answer = gateway.predict(encoded(scene(), file_format, exif=b"Exif\0\0" + head + rest), "v1.1", RAW)
    assert answer.status_code in {200, 400}, answer.text


def test_many_bombs_at_once_stay_within_the_budget(start_gateway: StartGateway, models: Triton) -> None:
    gateway = opened(start_gateway(), capability([version("1.1", FIXED, [models.address])], "1.1"))
    before = peak(gateway)
    bombs = [encoded(Image.new("RGBA", (1500, 1500)), "WEBP"), encoded(Image.new("L", (4000, 4000)))] * 2
    with ThreadPoolExecutor(12) as pool:
        statuses = {answer.status_code for answer in pool.map(lambda data: gateway.predict(data, media=RAW), bombs)}
    assert statuses <= {200, 503}
    assert peak(gateway) - before < 650
