"""The example's resources, with the names and addresses of the data at hand. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from capforge_demo.coco import DEV_PERCENT, CocoFolder
from capforge_tools.places import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "blood-cells"
Manifest = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """A capability, the datasets by role, and the run, ready to apply."""

    capability: Manifest
    datasets: dict[str, Manifest]
    run: Manifest

    @property
    def all(self) -> list[Manifest]:
        """Everything, in the order that reads best."""
        return [self.capability, *self.datasets.values(), self.run]

    def write(self, folder: Path) -> Path:
        """Write them as YAML for people to look at and apply; return the file."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "resources.yaml"
        path.write_text(yaml.safe_dump_all(self.all, sort_keys=False))
        return path


def blood_cells() -> Example:
    """Return examples/blood-cells as it is."""
    capability, run = (yaml.safe_load((EXAMPLE / f"{name}.yaml").read_text()) for name in ("capability", "trainingrun"))
    train, dev = yaml.safe_load_all((EXAMPLE / "datasets.yaml").read_text())
    return Example(capability, {"train": train, "dev": dev}, run)


def adapted(data: CocoFolder, name: str, address: str, budget_seconds: int) -> Example:
    """Return the example for other data that lies at `address` (`s3://<bucket>/<folder>`).

    Datasets and run carry the data's digest in their names: they are locked, and other data needs other names.
    """
    example = blood_cells()
    outputs = [{"position": position, "name": label} for position, label in enumerate(data.classes)]
    capability = {
        **example.capability,
        "metadata": {"name": name},
        "spec": {
            "type": example.capability["spec"]["type"],
            "description": f"Finds {', '.join(data.classes)}."[:1024],
            "modelParameters": {"outputs": outputs},
        },
    }
    datasets = {role: _dataset(data, role, f"{name}-{role}-{data.digest}", address) for role in data.files}
    run = {
        **example.run,
        "metadata": {"name": f"{name}-{data.digest}"},
        "spec": {
            **example.run["spec"],
            "capabilityRef": {"name": name},
            "datasets": _selections(datasets),
            "timeBudgetSeconds": budget_seconds,
        },
    }
    return Example(capability, datasets, run)


def _dataset(data: CocoFolder, role: str, name: str, address: str) -> Manifest:
    spec: Manifest = {"source": {"coco": {"annotationsUri": f"{address}/{data.files[role].name}"}}}
    if not data.is_divided:
        spec["split"] = {"devPercent": DEV_PERCENT}
    return {"apiVersion": "capforge.dev/v1alpha1", "kind": "Dataset", "metadata": {"name": name}, "spec": spec}


def _selections(datasets: dict[str, Manifest]) -> dict[str, list[Manifest]]:
    if "all" in datasets:
        name = datasets["all"]["metadata"]["name"]
        return {"train": [{"name": name, "split": "Train"}], "dev": [{"name": name, "split": "Dev"}]}
    return {role: [{"name": dataset["metadata"]["name"]}] for role, dataset in datasets.items()}
