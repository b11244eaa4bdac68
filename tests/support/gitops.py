"""A checkout of the GitOps example that is applied as GitOps tools do it: by server-side apply, with pruning."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from capforge_tools.places import REPOSITORY

FOLDER = REPOSITORY / "examples" / "gitops" / "team-a"
KINDS = ("Capability", "Dataset", "TrainingRun")
_LABEL = "app.kubernetes.io/managed-by=gitops"


@dataclass(frozen=True)
class Checkout:
    """A team's folder, and kubectl in the team's namespace (raises where kubectl ends with an error)."""

    folder: Path
    kubectl: Callable[..., str]

    @classmethod
    def of_the_example(cls, folder: Path, namespace: str, kubectl: Callable[..., str]) -> Checkout:
        """Copy the example to a folder that is not there yet, for another namespace."""
        made = cls(Path(shutil.copytree(FOLDER, folder)), kubectl)
        made.edit("kustomization.yaml", "namespace: team-a", f"namespace: {namespace}")
        return made

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that the file must have."""
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def add(self, month: str, like: str) -> None:
        """Add a dataset and a run for another month, and keep the ones that are there."""
        for name in ("datasets.yaml", "trainingrun.yaml"):
            path = self.folder / name
            path.write_text(f"{path.read_text()}---\n{path.read_text().replace(like, month)}")

    def drop(self, month: str) -> None:
        """Remove a month's dataset and run."""
        for name in ("datasets.yaml", "trainingrun.yaml"):
            path = self.folder / name
            kept = [one for one in yaml.safe_load_all(path.read_text()) if month not in one["metadata"]["name"]]
            path.write_text(yaml.safe_dump_all(kept))

    def apply(self) -> None:
        """Apply what the folder says, then delete what bears its label and is no longer in it."""
        self.kubectl("apply", "--server-side", "--kustomize", str(self.folder))
        rendered = self.kubectl("kustomize", str(self.folder))
        wanted = {(one["kind"], one["metadata"]["name"]) for one in yaml.safe_load_all(rendered)}
        for kind, name in self._labelled() - wanted:
            self.kubectl("delete", kind, name)

    def assert_in_step(self) -> None:
        """Nothing differs: kubectl ends with 1 where something does."""
        assert self.kubectl("diff", "--server-side", "--kustomize", str(self.folder)) == ""

    def take_away(self) -> None:
        """Delete everything that the folder says."""
        self.kubectl("delete", "--kustomize", str(self.folder))

    def names(self) -> set[str]:
        """Return the names of the objects that bear the folder's label."""
        return {name for _, name in self._labelled()}

    def _labelled(self) -> set[tuple[str, str]]:
        listed = json.loads(self.kubectl("get", ",".join(KINDS), "--selector", _LABEL, "--output=json"))["items"]
        return {(one["kind"], one["metadata"]["name"]) for one in listed}
