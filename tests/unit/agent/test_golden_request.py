"""What is served must equal what was exported, in every output."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from capforge_agent.failures import ModelFailedError
from capforge_agent.golden_request import compare, read_golden
from tests.support.onnx_models import FixedDetector, golden_file

DETECTOR = FixedDetector()
GOOD = golden_file(DETECTOR.onnx(), {"image": DETECTOR.images(3)})
MIB = 1024 * 1024


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "golden.npz"
    path.write_bytes(data)
    return path


def packed(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def test_the_file_gives_inputs_outputs_and_tolerances(tmp_path: Path) -> None:
    request = read_golden(write(tmp_path, GOOD), MIB)
    assert request.rows == 3
    assert set(request.outputs) == set(request.rtol) == set(request.atol) == {"boxes", "scores", "classes", "count"}
    assert request.slice(1, 3)["image"].shape == (2, 32, 32, 3)


def test_the_same_answer_is_accepted_within_tolerance(tmp_path: Path) -> None:
    request = read_golden(write(tmp_path, GOOD), MIB)
    compare(request, dict(request.outputs))
    compare(request, {**request.outputs, "scores": request.outputs["scores"] * np.float32(1.0005)})


@pytest.mark.parametrize("output", ["boxes", "scores", "classes", "count"])
def test_one_wrong_value_in_any_output_is_refused(tmp_path: Path, output: str) -> None:
    request = read_golden(write(tmp_path, GOOD), MIB)
    wrong = request.outputs[output].copy()
    wrong.reshape(-1)[-1] += 1
    with pytest.raises(ModelFailedError, match=f"{output} differs in 1 of"):
        compare(request, {**request.outputs, output: wrong})


def test_a_value_that_is_no_number_is_refused(tmp_path: Path) -> None:
    request = read_golden(write(tmp_path, GOOD), MIB)
    with pytest.raises(ModelFailedError, match="scores differs in 6 of 6"):
        compare(request, {**request.outputs, "scores": np.full_like(request.outputs["scores"], np.nan)})


def test_missing_additional_and_reshaped_outputs_are_all_named(tmp_path: Path) -> None:
    request = read_golden(write(tmp_path, GOOD), MIB)
    served = {**request.outputs, "extra": np.zeros(3), "boxes": request.outputs["boxes"][:, :1]}
    del served["count"]
    with pytest.raises(ModelFailedError) as refused:
        compare(request, served)
    assert "output extra is served but not in the golden file" in refused.value.message
    assert "boxes is float32[3, 1, 4], expected float32[3, 2, 4]" in refused.value.message
    assert "output count is not served" in refused.value.message


PICKLED = packed(**{"input.x": np.array([{"a": 1}], dtype=object)})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "golden.npz"),
        (GOOD[: len(GOOD) // 2], "golden.npz"),
        (b"\x93NUMPY", "golden.npz"),
        (PICKLED, "allow_pickle"),
        (packed(), r"no input\.<name>"),
        (packed(**{"input.x": np.zeros((1, 2)), "output.y": np.zeros((1, 2))}), "is missing for y"),
        (
            packed(
                **{
                    "input.x": np.zeros((1, 2)),
                    "output.y": np.zeros((2, 2)),
                    "rtol.y": np.array(0),
                    "atol.y": np.array(0),
                }
            ),
            "one batch size",
        ),
        (
            packed(
                **{"input.x": np.array(["a"]), "output.y": np.zeros(1), "rtol.y": np.array(0), "atol.y": np.array(0)}
            ),
            "not numeric",
        ),
    ],
    ids=["empty", "cut", "not-a-zip", "pickle", "nothing", "no-tolerance", "batch-sizes", "text"],
)
def test_a_file_that_proves_nothing_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ModelFailedError, match=message):
        read_golden(write(tmp_path, data), MIB)


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("input.x.npy", bytes(4 * MIB))
    with pytest.raises(ModelFailedError, match="unpacks to 4194304 bytes; allowed: 1048576"):
        read_golden(write(tmp_path, bomb.getvalue()), MIB)
