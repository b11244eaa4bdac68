"""Training without a cluster: a folder of COCO data or of annotated documents in; model, card and metrics out.

The same snapshot command, run contract and checks as on a cluster, with a folder in place of the object store. Started
again with the same data and settings, it goes on where it stopped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from capforge_contracts import layout
from capforge_contracts.dataset import CocoSource, SnapshotOutcome, SnapshotRequest, SnapshotResult, Split, SplitSpec
from capforge_contracts.files import FileObjectStore
from capforge_contracts.model import canonical_json, sha256_hex
from capforge_contracts.run import DatasetSelection, ModelCard, Output, RunDatasets, RunSpec, run_digest
from capforge_contracts.store import NotFound
from capforge_trainer.errors import BadConfigurationError, BadDataError, TrainerError
from capforge_trainer.local_documents import MANIFEST, document_run
from capforge_trainer.local_output import collect, report, show_progress
from capforge_trainer.overrides import merged
from capforge_trainer.run import checked_parameters, run
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Surroundings
from capforge_trainer.templates import ANCHOR_FREE_DETECTOR, CANDIDATE_SCORER, TEMPLATES, Template

_NAMESPACE = "local"
_DEV_PERCENT = 20
"""Where there is no dev.json, this share of train.json's images."""
_SNAPSHOT = "capforge-snapshot"


@dataclass(frozen=True)
class LocalRequest:
    """What the command line asks for."""

    data: Path
    out: Path
    settings: list[str]
    budget_seconds: int
    seed: int
    template: str | None = None
    """None: the detector's, or the field extractor's where the folder holds documents."""
    clock: Callable[[], float] = time.monotonic
    """Seconds; what the time budget is measured with."""


def train_local(request: LocalRequest, environment: Mapping[str, str]) -> ModelCard:
    """Train; writes into `out`, prints progress and results. Raises TrainerError, StoreError."""
    if request.budget_seconds < 1:
        raise BadConfigurationError(f"--time-budget is {request.budget_seconds}; allowed: at least 1 second")
    template = _template(request)
    parameters = merged(template.defaults(), request.settings)
    checked_parameters(template, parameters)  # before the data is looked at, which takes longer
    stopping = Stopping()
    stopping.listen()
    store = FileObjectStore(request.out / "store")
    spec = _spec(request, template, parameters, store, environment)
    store.put(layout.run_spec(spec.namespace, spec.digest), spec.to_json())
    around = Surroundings(store, stopping, request.out / "cache", listener=show_progress(), clock=request.clock)
    collected = collect(store, spec, run(spec, around), request.out)
    report(collected)
    return collected.card


def _spec(
    request: LocalRequest,
    template: Template,
    parameters: dict[str, Any],
    store: FileObjectStore,
    environment: Mapping[str, str],
) -> RunSpec:
    if template is CANDIDATE_SCORER:
        data = document_run(request.data, _NAMESPACE, store)
    else:
        data = {
            "capability_type": template.capability_types[0],
            "outputs": _outputs(request.data / "train.json"),
            "datasets": _datasets(request, store, environment),
        }
    spec = RunSpec(
        namespace=_NAMESPACE,
        capability=request.data.resolve().name or "local",
        run="local",
        digest="",
        template=template.name,
        parameters=parameters,
        seed=request.seed,
        time_budget_seconds=request.budget_seconds,
        image="local",
        **data,
    )
    return spec.model_copy(update={"digest": run_digest(spec)})


def _template(request: LocalRequest) -> Template:
    documents = (request.data / MANIFEST).is_file()
    fitting = {name: one for name, one in TEMPLATES.items() if (one is CANDIDATE_SCORER) is documents}
    if request.template is None:
        return CANDIDATE_SCORER if documents else ANCHOR_FREE_DETECTOR
    if request.template not in fitting:
        raise BadConfigurationError(
            f"--template {request.template}: allowed for {'documents' if documents else 'images'}: {', '.join(fitting)}"
        )
    return fitting[request.template]


def _outputs(train: Path) -> list[Output]:
    """Return the categories in the order of their ids."""
    if not train.is_file():
        raise BadConfigurationError(
            f"{train}: there is no such file; the folder needs train.json, and best dev.json, or {MANIFEST}"
        )
    try:
        categories: list[dict[str, Any]] = json.loads(train.read_bytes())["categories"]
        names = [str(one["name"]) for one in sorted(categories, key=lambda one: int(one["id"]))]
    except (ValueError, KeyError, TypeError) as error:
        message = f"{train}: no COCO detection file ({type(error).__name__}: {error}); see categories [{{id, name}}]"
        raise BadDataError(message) from error
    return [Output(position=position, name=name) for position, name in enumerate(names)]


def _datasets(request: LocalRequest, store: FileObjectStore, environment: Mapping[str, str]) -> RunDatasets:
    def snapshot(role: str, split: SplitSpec | None = None) -> str:
        return _snapshot(request.data / f"{role}.json", split, store, environment)

    test = [DatasetSelection(name="test", digest=snapshot("test"))] if (request.data / "test.json").is_file() else []
    if (request.data / "dev.json").is_file():
        train, dev = snapshot("train"), snapshot("dev")
        return RunDatasets(
            train=[DatasetSelection(name="train", digest=train)],
            dev=[DatasetSelection(name="dev", digest=dev)],
            test=test,
        )
    digest = snapshot("train", SplitSpec(dev_percent=_DEV_PERCENT, seed=request.seed))
    return RunDatasets(
        train=[DatasetSelection(name="train", digest=digest, split=Split.TRAIN)],
        dev=[DatasetSelection(name="train", digest=digest, split=Split.DEV)],
        test=test,
    )


def _snapshot(
    annotations: Path, split: SplitSpec | None, store: FileObjectStore, environment: Mapping[str, str]
) -> str:
    """Check one COCO file by the snapshot command; return the digest. Raises BadDataError with the faults."""
    name = annotations.stem
    snapshot = SnapshotRequest(
        namespace=_NAMESPACE,
        dataset=name,
        spec_hash=_fingerprint(annotations, split),
        as_of=datetime.now(UTC).isoformat(timespec="seconds"),
        coco=CocoSource(annotations_uri=annotations.resolve().as_uri()),
        split=split,
    )
    identity = (snapshot.namespace, snapshot.dataset, snapshot.spec_hash)
    key = layout.snapshot_request(*identity)
    store.put(key, snapshot.to_json())
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        [_command(), "--request", key],
        env={**environment, "CAPFORGE_STORE": store.uri},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        result = SnapshotResult.from_json(store.get(layout.snapshot_result(*identity)))
    except NotFound as error:
        raise TrainerError(f"{_SNAPSHOT} ended with {done.returncode}: {done.stderr[-1000:]}") from error
    if result.outcome is not SnapshotOutcome.LOCKED or result.digest is None:
        raise BadDataError(_explained(annotations, result, store.uri, layout.snapshot_faults(*identity)))
    return result.digest


def _explained(annotations: Path, result: SnapshotResult, store_uri: str, faults_key: str) -> str:
    faults = "".join(f"\n  {fault.record}: {fault.message} [{fault.code}]" for fault in result.faults)
    more = result.fault_count - len(result.faults)
    rest = f"\n  and {more} more in {store_uri}/{faults_key}" if more > 0 else ""
    return f"{annotations}: {result.message}{faults}{rest}"


def _command() -> str:
    beside = Path(sys.executable).with_name(_SNAPSHOT)
    found = str(beside) if beside.exists() else shutil.which(_SNAPSHOT)
    if found is None:
        raise BadConfigurationError(f"the command {_SNAPSHOT} is not installed; install it beside the trainer")
    return found


def _fingerprint(annotations: Path, split: SplitSpec | None) -> str:
    """Return what changes whenever the file, the split or a picture below its folder does."""
    pictures = [
        [path.relative_to(annotations.parent).as_posix(), stat.st_size, stat.st_mtime_ns]
        for path in sorted(annotations.parent.rglob("*"))
        if path.is_file() and (stat := path.stat())
    ]
    labels = sha256_hex(annotations.read_bytes())
    return sha256_hex(canonical_json([labels, pictures, split.model_dump() if split else None]))
