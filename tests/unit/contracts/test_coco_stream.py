from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.coco import stream as coco_stream
from capforge_contracts.coco.faults import FaultCode
from capforge_contracts.coco.stream import BrokenFile, Record, read_records

SOUND = '{"info": {"a": [1, {}]}, "images": [{"id": 1, "n": "é"}, {"id": NaN}], "x": 123, "categories": [], "annotations": [{}]}'


@pytest.fixture(params=[1, 7, 1024 * 1024], ids="windows of {} bytes".format)
def _window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coco_stream, "_CHUNK_BYTES", request.param)


@pytest.mark.usefixtures("_window")
def test_records_come_in_the_files_order_whatever_the_window():
    records = list(read_records(io.BytesIO(SOUND.encode())))
    assert [(record.array, record.position) for record in records] == [("images", 0), ("images", 1), ("annotations", 0)]
    assert records[0].raw == {"id": 1, "n": "é"}


@pytest.mark.usefixtures("_window")
def test_a_file_cut_off_anywhere_says_at_which_byte():
    data = SOUND.encode()
    for length in range(1, len(data)):
        with pytest.raises(BrokenFile, match=f"cut off at byte {length};") as raised:
            list(read_records(io.BytesIO(data[:length])))
        assert raised.value.code is FaultCode.TRUNCATED_FILE


def test_a_byte_order_mark_is_passed_over():
    assert list(read_records(io.BytesIO(b"\xef\xbb\xbf" + SOUND.encode())))


def test_one_endless_value_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(coco_stream, "MAX_RECORD_CHARS", 10_000)
    monkeypatch.setattr(coco_stream, "_CHUNK_BYTES", 1000)
    data = json.dumps({"info": "x" * 100_000}).encode()
    with pytest.raises(BrokenFile, match="longer than 10000 characters"):
        list(read_records(io.BytesIO(data)))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text() | st.floats(allow_nan=False))), st.integers(1, 50))
def test_what_json_writes_is_read_back(items: list[dict[str, object]], window: int):
    document = {"images": items, "categories": [], "annotations": items}
    data = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    expected = [Record(array, n, item) for array in ("images", "annotations") for n, item in enumerate(items)]
    chunk = coco_stream._CHUNK_BYTES
    coco_stream._CHUNK_BYTES = window
    try:
        assert list(read_records(io.BytesIO(data))) == expected
    finally:
        coco_stream._CHUNK_BYTES = chunk
