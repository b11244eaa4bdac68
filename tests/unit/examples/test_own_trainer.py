"""The example of a team's own trainer ends as the run contract asks for, whatever it is given."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, Split, write_manifest
from capforge_contracts.exitcodes import ExitCode, Termination
from capforge_contracts.files import FileObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import (
    CapabilityType,
    DatasetSelection,
    InitialWeights,
    ModelCard,
    Output,
    RunDatasets,
    RunSpec,
)
from tests.support.eventually import eventually
from tests.support.own_trainer import COLOURS, command, environment, manifest, picture, trained

NAMESPACE = "team-a"
DIGEST = "d" * 64
KEY = layout.run_spec(NAMESPACE, DIGEST)
DEFAULTS: dict[str, Any] = manifest("template.yaml")["spec"]["defaults"]


class Place:
    """A folder as object store with two locked datasets, and the trainer over it."""

    def __init__(self, folder: Path) -> None:
        self.store = FileObjectStore(folder / "store")
        self.environment = environment({"CAPFORGE_STORE": f"file://{folder / 'store'}"}, folder)
        self.last_word = folder / "last-word"
        self.train = self.dataset([picture(seed, Split.TRAIN) for seed in range(3)])
        self.dev = self.dataset([picture(seed, Split.DEV) for seed in (100, 101)])

    def dataset(self, pictures: list[tuple[ManifestItem, bytes]]) -> str:
        for item, data in pictures:
            self.store.put(layout.blob(NAMESPACE, item.sha256), data)
        written = write_manifest(COLOURS, [item for item, _ in pictures])
        self.store.put(layout.manifest(NAMESPACE, sha256_hex(written)), written)
        return sha256_hex(written)

    def ask(self, **changes: Any) -> list[str]:
        """Write run.json; returns the Job's arguments."""
        chosen = RunDatasets(
            train=[DatasetSelection(name="t", digest=self.train)], dev=[DatasetSelection(name="d", digest=self.dev)]
        )
        spec = RunSpec(
            namespace=NAMESPACE,
            capability="kinds",
            capability_type=CapabilityType.BOX_CLASSIFIER,
            run="kinds-1",
            digest=DIGEST,
            outputs=[Output(position=place, name=name) for place, name in enumerate(COLOURS)],
            datasets=chosen,
            template="mean-colours",
            parameters={**DEFAULTS, "steps": 5},
            seed=0,
            time_budget_seconds=60,
            image="registry.example/team/own-trainer:1",
        )
        self.store.put(KEY, spec.model_copy(update=changes).to_json())
        return ["run", "--run", KEY]

    def ended(self, **changes: Any) -> tuple[int, str]:
        """Run to the end; returns the exit code and the last word."""
        done = trained(self.ask(**changes), self.environment)
        word = Termination.from_json(self.last_word.read_bytes()).message if self.last_word.exists() else ""
        return done.returncode, word or done.stderr

    def files(self) -> set[str]:
        prefix = layout.attempts_prefix(NAMESPACE, DIGEST)
        return {one.key.removeprefix(prefix) for one in self.store.list(prefix)}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_an_attempt_leaves_what_the_contract_asks_for(place: Place):
    assert place.ended() == (ExitCode.SUCCESS, "")
    names = (layout.ATTEMPT, layout.PROGRESS, layout.MODEL, layout.GOLDEN, layout.METRICS, layout.CARD)
    assert place.files() == {f"1/{name}" for name in names}
    card = ModelCard.from_json(place.store.get(layout.attempt_file(NAMESPACE, DIGEST, 1, layout.CARD)))
    model, golden = (
        place.store.get(layout.attempt_file(NAMESPACE, DIGEST, 1, name)) for name in (layout.MODEL, layout.GOLDEN)
    )
    assert (card.model_sha256, card.golden_sha256) == (sha256_hex(model), sha256_hex(golden))
    assert card.classification_dev is not None
    assert (card.parity.passed, card.classification_dev.objects, card.crop is not None) == (True, 6, True)


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        (
            {"capability_type": CapabilityType.DETECTOR},
            ExitCode.BAD_CONFIGURATION,
            "this trainer makes BoxClassifierElement, not DetectorElement",
        ),
        (
            {"parameters": {**DEFAULTS, "steps": 0, "sped": 1}},
            ExitCode.BAD_CONFIGURATION,
            "parameters: steps: Input should be greater than or equal to 1; sped: Extra inputs are not permitted",
        ),
        (
            {"initial_weights": InitialWeights(key="team-a/w", sha256="0" * 64, origin="version 1.1")},
            ExitCode.BAD_CONFIGURATION,
            "initialWeights: this trainer always starts from scratch",
        ),
        (
            {"outputs": [Output(position=0, name="Oracle")]},
            ExitCode.BAD_DATA,
            "datasets.train: no entity of Oracle",
        ),
        (
            {"parameters": {**DEFAULTS, "learningRate": 1e2, "steps": 5}, "outputs": [], "digest": "e" * 64},
            ExitCode.BAD_DATA,
            "datasets.train: no entity of",
        ),
    ],
    ids=["another type", "parameters", "weights", "a class without entities", "no classes"],
)
def test_what_cannot_be_trained_is_refused_with_its_code(
    place: Place, changes: dict[str, Any], code: ExitCode, said: str
):
    found, word = place.ended(**changes)
    assert (found, word[: len(said)]) == (code, said)
    assert not any(name.endswith(layout.CARD) for name in place.files())


def test_a_picture_that_is_none_is_named(place: Place):
    item, _ = picture(0, Split.TRAIN)
    place.store.put(layout.blob(NAMESPACE, item.sha256), b"no picture")
    code, word = place.ended()
    assert (code, word[:7]) == (ExitCode.BAD_DATA, "0.png: ")


def test_a_store_that_is_away_is_worth_another_try(place: Place):
    place.ask()
    place.environment |= {
        "CAPFORGE_STORE": "s3://capforge",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "us-east-1",
    }
    assert trained(["run", "--run", KEY], place.environment).returncode == ExitCode.STORE_UNAVAILABLE


def test_a_pod_that_is_taken_away_says_so_and_the_next_begins_again(place: Place):
    arguments = place.ask(parameters={**DEFAULTS, "steps": 10_000})
    with subprocess.Popen(command(arguments), env=place.environment) as process:
        eventually(lambda: b"Training" in place.store.get(layout.attempt_file(NAMESPACE, DIGEST, 1, layout.PROGRESS)))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == ExitCode.INTERRUPTED
    assert place.ended() == (ExitCode.SUCCESS, Termination.from_json(place.last_word.read_bytes()).message)
    assert "2/model-card.json" in place.files()


def test_the_templates_defaults_fit_its_schema():
    spec = manifest("template.yaml")["spec"]
    Draft202012Validator.check_schema(spec["parameterSchema"])
    assert list(Draft202012Validator(spec["parameterSchema"]).iter_errors(spec["defaults"])) == []
