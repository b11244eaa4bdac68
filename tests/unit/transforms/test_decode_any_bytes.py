from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from capforge_transforms import ImageError, Limits, decode
from tests.unit.transforms.pictures import encoded, gradient

LIMITS = Limits(max_pixels=100_000)
FILES = [
    encoded(Image.fromarray(gradient()), "JPEG", orientation=6),
    encoded(Image.fromarray(gradient()), "JPEG", progressive=True),
    encoded(Image.fromarray(gradient()).convert("RGBA"), "PNG"),
    encoded(Image.fromarray(gradient()), "WEBP"),
]


@settings(max_examples=300, deadline=None)
@given(
    file=st.sampled_from(FILES),
    edits=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 4000),
)
def test_damaged_files_decode_or_raise_an_image_error_and_nothing_else(
    file: bytes, edits: list[tuple[int, int]], cut: int
):
    data = bytearray(file[: max(cut, 4)])
    for at, value in edits:
        data[at % len(data)] = value
    try:
        image = decode(bytes(data), LIMITS)
    except ImageError:
        return
    assert image.ndim == 3
    assert image.shape[2] == 3
