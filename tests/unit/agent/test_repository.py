"""Folders appear in Triton's repository complete and verified, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from capforge_agent.failures import ModelFailedError
from capforge_agent.model_config import Serving
from capforge_agent.repository import Limits, ModelRepository
from capforge_contracts.files import FileObjectStore
from tests.support.agent import publish
from tests.support.onnx_models import FixedDetector

MIB = 1024 * 1024
LIMITS = Limits(model_bytes=MIB, golden_bytes=MIB, repository_bytes=MIB)


@pytest.fixture
def store(tmp_path: Path) -> FileObjectStore:
    return FileObjectStore(tmp_path / "store")


def repository(tmp_path: Path, limits: Limits = LIMITS, serving: Serving | None = None) -> ModelRepository:
    made = ModelRepository(tmp_path / "data", limits, serving or Serving())
    made.sweep()
    return made


def test_a_pulled_folder_is_complete(tmp_path: Path, store: FileObjectStore) -> None:
    entry, models = publish(store, FixedDetector()), repository(tmp_path)
    models.pull(entry, store)
    assert models.local() == {entry.model: models.fingerprint(entry)}
    folder = tmp_path / "data" / "models" / entry.model
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "1/model.onnx",
        "config.pbtxt",
        "golden.npz",
        "pulled.json",
    ]
    assert not list((tmp_path / "data" / "incoming").iterdir())


@pytest.mark.parametrize("broken", ["model_key", "golden_key"])
def test_wrong_bytes_leave_nothing_behind(tmp_path: Path, store: FileObjectStore, broken: str) -> None:
    entry, models = publish(store, FixedDetector()), repository(tmp_path)
    store.put(getattr(entry, broken), b"other bytes")
    with pytest.raises(ModelFailedError, match="DigestMismatch"):
        models.pull(entry, store)
    assert not list((tmp_path / "data").rglob("*.*"))


def test_a_missing_object_can_be_tried_again(tmp_path: Path, store: FileObjectStore) -> None:
    entry, models = publish(store, FixedDetector()), repository(tmp_path)
    store.delete(entry.model_key)
    with pytest.raises(ModelFailedError, match=r"PullFailed: .* is not in the object store"):
        models.pull(entry, store)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(model_bytes=10, golden_bytes=MIB, repository_bytes=MIB), "TooLarge"),
        (Limits(model_bytes=MIB, golden_bytes=10, repository_bytes=MIB), "TooLarge"),
        (Limits(model_bytes=MIB, golden_bytes=MIB, repository_bytes=100), "DiskFull"),
    ],
    ids=["model", "golden", "repository"],
)
def test_limits_are_kept(tmp_path: Path, store: FileObjectStore, limits: Limits, reason: str) -> None:
    entry = publish(store, FixedDetector())
    with pytest.raises(ModelFailedError, match=reason):
        repository(tmp_path, limits).pull(entry, store)


def test_what_an_earlier_process_left_half_done_is_swept_away(tmp_path: Path, store: FileObjectStore) -> None:
    entry, models = publish(store, FixedDetector()), repository(tmp_path)
    models.pull(entry, store)
    (tmp_path / "data" / "incoming" / "half").mkdir()
    again = repository(tmp_path)
    assert not list((tmp_path / "data" / "incoming").iterdir())
    assert again.local() == {entry.model: again.fingerprint(entry)}


def test_a_folder_made_for_other_settings_is_another_folder(tmp_path: Path, store: FileObjectStore) -> None:
    entry, models = publish(store, FixedDetector()), repository(tmp_path)
    models.pull(entry, store)
    changed = repository(tmp_path, serving=Serving(instances=2))
    assert changed.local()[entry.model] != changed.fingerprint(entry)


def test_a_folder_that_is_not_ours_is_no_model(tmp_path: Path) -> None:
    models = repository(tmp_path)
    (tmp_path / "data" / "models" / "stranger").mkdir()
    assert models.local() == {"stranger": ""}
    models.delete("stranger")
    assert models.local() == {}
