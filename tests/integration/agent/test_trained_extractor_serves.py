"""Annotated documents → the real trainer → S3 → the agent → Triton: a field extractor is proven and answers the same."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton_http

from capforge_contracts import golden, layout
from capforge_contracts.serving import LoadState
from capforge_tools.places import REPOSITORY
from capforge_transforms.documents.decode import decode
from capforge_transforms.documents.encode import OUTPUTS, Array, Row, encode_reading, stacked
from tests.integration.agent.trained import card_of, entry_of
from tests.support.agent import ServingPod
from tests.support.objectstore import S3Server
from tests.unit.trainer.documents_world import FIELDS, NAMESPACE, QUICK, put_document_run, put_slips, reading

TRAINER = REPOSITORY / ".venv-trainer" / "bin" / "python"
_TYPES = {"int32": "INT32", "float32": "FP32", "uint8": "UINT8"}


def infer(pod: ServingPod, model: str, arrays: dict[str, Array]) -> dict[str, np.ndarray]:
    inputs = []
    for name, array in arrays.items():
        given = triton_http.InferInput(name, list(array.shape), _TYPES[array.dtype.name])
        given.set_data_from_numpy(array)
        inputs.append(given)
    with triton_http.InferenceServerClient(pod.triton.address) as client:
        answer = client.infer(model, inputs)
        return {name: answer.as_numpy(name) for name in OUTPUTS}


@pytest.mark.skipif(not TRAINER.exists(), reason="the trainer's environment is missing: make trainer-venv")
def test_an_extractor_is_trained_proven_and_served(pod: ServingPod, s3: S3Server, tmp_path: Path) -> None:
    store = s3.store()
    # No classification: the model's class output is then the narrowest that a server takes.
    fields = [field for field in FIELDS if not field.classes]
    spec = put_document_run(store, put_slips(store, 8, 2), {**QUICK, "maxEpochs": 6}, fields=fields)
    done = subprocess.run(
        [str(TRAINER), "-m", "capforge_trainer", "run", "--run", layout.run_spec(NAMESPACE, spec.digest)],
        env={**s3.environment, "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    card = card_of(store, spec)
    entry = entry_of(spec, card)
    pod.put(1, entry)
    pod.until(entry, LoadState.READY)

    file = np.load(io.BytesIO(store.get(entry.golden_key)), allow_pickle=False)
    given = {name.removeprefix(golden.INPUT): file[name] for name in file.files if name.startswith(golden.INPUT)}
    for name, value in infer(pod, entry.model, given).items():
        np.testing.assert_allclose(value, file[golden.OUTPUT + name], rtol=1e-3, atol=1e-2)

    rows: list[Row] = [row for seed in (201, 202, 203) for row in encode_reading(reading(seed))]
    together = infer(pod, entry.model, stacked(rows))
    for place, (seed, row) in enumerate(zip((201, 202, 203), rows, strict=True)):
        alone = {name: value[0] for name, value in infer(pod, entry.model, stacked([row])).items()}
        joined = {name: value[place] for name, value in together.items()}
        answers = [decode([one], [row], reading(seed), fields, card.field_thresholds) for one in (alone, joined)]
        for field in fields:
            one, other = answers[0][field.name], answers[1][field.name]
            assert [value.value for value in one.values] == [value.value for value in other.values]
            assert one.confidence == pytest.approx(other.confidence, abs=1e-3)
