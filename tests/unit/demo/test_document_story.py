"""What the demo of documents applies, and when it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from capforge.sample.receipts import write
from capforge_demo.documents.folder import DocumentFolder
from capforge_demo.documents.story import SAMPLE, capability, is_settled, types_of
from capforge_demo.settings import Settings

_LOCAL = {"CLUSTER": "local", "HOME": "/nowhere"}


@pytest.fixture
def folder(tmp_path: Path) -> DocumentFolder:
    for _ in write(tmp_path, 8, seed=1):
        pass
    return DocumentFolder.find(tmp_path)


def test_the_example_has_the_fields_of_the_sample_documents(folder: DocumentFolder) -> None:
    applied = capability(Settings.from_environment(_LOCAL, SAMPLE), folder)
    assert applied["metadata"]["name"] == SAMPLE
    assert types_of(applied) == {one["name"]: one["type"] for one in folder.data_fields}


def test_a_folder_of_ones_own_gives_name_and_fields(folder: DocumentFolder) -> None:
    settings = Settings.from_environment({**_LOCAL, "DATA": str(folder.path)}, SAMPLE)
    applied = capability(settings, folder)
    assert applied["metadata"]["name"] == settings.name != SAMPLE
    assert applied["spec"]["dataModel"]["fields"] == folder.data_fields
    assert applied["spec"]["training"]["automatic"]["firstAtAnnotations"] == 20


def _status(trained: int | None, version: str, *, held: str = "", serving: str = "True") -> dict[str, Any]:
    history = [{"version": version, "run": f"receipts-auto-{version.partition('.')[2]}0"}] if version != "1.0" else []
    return {
        "annotations": {"documents": 20, **({"trainedThreshold": trained} if trained else {})},
        "version": version,
        "history": history,
        "conditions": [{"type": "ModelServing", "status": serving, "reason": ""}],
        **({"heldChallenger": {"run": held}} if held else {}),
    }


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        (_status(None, "1.0"), False),
        (_status(20, "1.0"), False),
        (_status(20, "1.2"), True),
        (_status(20, "1.2", serving="False"), False),
        (_status(40, "1.2"), False),
        (_status(40, "1.4"), True),
        (_status(40, "1.2", held="receipts-auto-40"), True),
        (_status(40, "1.2", held="receipts-auto-20"), False),
    ],
    ids=["no run yet", "run at work", "serves", "loads", "second run at work", "second serves", "held", "held before"],
)
def test_the_story_goes_on_when_the_thresholds_model_answers_or_is_kept_back(
    status: dict[str, Any], settled: bool
) -> None:
    assert is_settled(status, 20 if status["annotations"].get("trainedThreshold") != 40 else 40) is settled
