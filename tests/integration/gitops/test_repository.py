"""A team's folder of a Git repository is the truth: applied, changed, pruned, taken away and applied again.

The real API server, the real operator and snapshots; the trainer learns nothing, but writes everything that a real one
writes. After each step the cluster has nothing that the folder does not say, in the words of the server itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.faults.conftest import Site, python_nursery, shared_site, site
from tests.integration.faults.story import small_data
from tests.support.argocd import SCRIPTS, Health, health
from tests.support.eventually import eventually
from tests.support.gitops import FOLDER, Checkout
from tests.support.kubeclient import Json

__all__ = ["python_nursery", "shared_site", "site"]

CLASSES = {"disc": "RBC", "square": "WBC"}
SECONDS = 60.0


@dataclass
class Repository:
    """A checkout of the example, the tenant's site, and what Argo CD shows of it."""

    site: Site
    checkout: Checkout
    seen: dict[str, list[Health]] = field(default_factory=dict)
    """What Argo CD would have shown, by object."""

    def upload(self, month: str, seed: int) -> None:
        """Put a month's labelled pictures where the dataset says."""
        data = small_data(f"{self.site.namespace}/cells", seed)
        for category in data.document["categories"]:
            category["name"] = CLASSES[category["name"]]
        store = self.site.s3.store()
        data.upload(store)
        store.put(f"{data.prefix}/{month}.json", store.get(f"{data.prefix}/train.json"))

    def take_away(self) -> None:
        """Delete everything; what the Jobs were made of goes with their owners (no garbage collector runs here)."""
        self.checkout.take_away()
        eventually(lambda: self.checkout.names() == set(), SECONDS)
        for kind in ("Job", "Pod"):
            self.site.client.delete_all(kind, self.site.namespace)

    def status(self, kind: str, name: str) -> Json:
        """Return an object's status, and note what Argo CD would show now."""
        found: dict[str, Any] = self.site.client.get(kind, self.site.namespace, name) or {}
        shown = health({"kind": kind, **found})
        known = self.seen.setdefault(f"{kind} {name}", [])
        if not known or known[-1] != shown:
            known.append(shown)
        return dict(found.get("status", {}))

    def served(self) -> list[str]:
        """Return the versions that the serving pods are to load, newest first."""
        story = self.site.story(name="cells")
        return sorted(story.desired(), reverse=True)

    def until_healthy(self, kind: str, name: str) -> None:
        eventually(lambda: self.status(kind, name) and self.seen[f"{kind} {name}"][-1].status == "Healthy", SECONDS)

    def until_trained(self, month: str, version: str) -> str:
        """Wait until the month's run ended well and its model is the capability's version; return the reason."""
        name = f"cells-{month}"
        self.until_healthy("Dataset", name)
        self.until_healthy("TrainingRun", name)
        eventually(lambda: self.status("TrainingRun", name).get("version") == version, SECONDS)
        return self.seen[f"TrainingRun {name}"][-1].message.partition(":")[0]

    def trainings(self) -> list[str]:
        """Return the training Jobs that there are."""
        names = [one["metadata"]["name"] for one in self.site.client.list("Job", self.site.namespace)]
        return sorted(name for name in names if name.endswith("-train"))


@pytest.fixture
def repository(site: Site, tmp_path: Path) -> Repository:
    """A checkout of the example, for this tenant and its data: two of the three classes."""
    kubectl = partial(site.installation.kube.kubectl, "--namespace", site.namespace)
    checkout = Checkout.of_the_example(tmp_path / "team-a", site.namespace, kubectl)
    checkout.edit("datasets.yaml", "s3://capforge/team-a", f"{site.s3.store().uri}/{site.namespace}")
    checkout.edit("capability.yaml", "      - {position: 2, name: Platelets}\n", "")
    return Repository(site, checkout)


@pytest.fixture
def operator(site: Site) -> Iterator[None]:
    with site.node().running():
        running = site.operator()
        running.start_healthy()
        yield
        assert running.lives == 1, running.log[-3000:]


def test_applied_changed_pruned_and_applied_again(repository: Repository, operator: None) -> None:
    repository.upload("2026-01", seed=1)
    repository.checkout.apply()
    repository.checkout.assert_in_step()
    assert repository.until_trained("2026-01", "1.1") == "Completed"
    repository.checkout.assert_in_step()

    repository.upload("2026-02", seed=2)
    repository.checkout.edit("capability.yaml", "Finds red cells", "Still finds red cells")
    repository.checkout.add("2026-02", like="2026-01")
    repository.checkout.apply()
    repository.checkout.assert_in_step()
    assert repository.until_trained("2026-02", "1.2") == "Completed"
    repository.checkout.assert_in_step()
    eventually(lambda: repository.served() == ["1.2", "1.1"], SECONDS)

    repository.checkout.drop("2026-01")
    repository.checkout.apply()
    repository.checkout.assert_in_step()
    assert repository.checkout.names() == {"cells", "cells-2026-02"}
    assert repository.served() == ["1.2", "1.1"], "a version does not go with the run that made it"

    repository.take_away()
    eventually(lambda: repository.served() == [], SECONDS)
    repository.checkout.apply()
    assert repository.until_trained("2026-02", "1.2") == "Attached"
    repository.checkout.assert_in_step()
    eventually(lambda: repository.served() == ["1.2", "1.1"], SECONDS)
    assert repository.trainings() == [], "nothing is trained twice"
    shown = {one.status for states in repository.seen.values() for one in states}
    assert shown <= {"Progressing", "Healthy"}, repository.seen


def test_a_fault_in_the_repository_is_shown_and_mended_by_the_next_commit(
    repository: Repository,
    operator: None,
) -> None:
    for name in ("capability.yaml", "datasets.yaml", "trainingrun.yaml"):
        repository.checkout.edit(name, "cells", "spots")  # another capability, and nobody uploaded its data
    repository.checkout.apply()
    eventually(lambda: "SourceUnavailable" in str(repository.status("Dataset", "spots-2026-01")), SECONDS)
    repository.checkout.edit(
        "capability.yaml", "  modelParameters:", '  rollout: {pinnedVersion: "1.7"}\n  modelParameters:'
    )
    repository.checkout.apply()
    repository.checkout.assert_in_step()

    def degraded() -> bool:
        repository.status("Capability", "spots")
        return repository.seen["Capability spots"][-1].status == "Degraded"

    eventually(degraded, SECONDS)
    assert "pinnedVersion 1.7 does not exist" in repository.seen["Capability spots"][-1].message
    repository.checkout.edit("capability.yaml", '  rollout: {pinnedVersion: "1.7"}\n', "")
    repository.checkout.apply()
    repository.until_healthy("Capability", "spots")
    repository.checkout.assert_in_step()


def test_argo_cd_keeps_its_settings_and_learns_our_health(repository: Repository) -> None:
    kube, namespace = repository.site.installation.kube, repository.site.namespace
    kube.kubectl("--namespace", namespace, "create", "configmap", "argocd-cm", "--from-literal=url=https://argo.test")
    rendered = kube.kubectl("kustomize", str(FOLDER.parent / "argocd"))
    settings = next(one for one in yaml.safe_load_all(rendered) if one["kind"] == "ConfigMap")
    settings["metadata"]["namespace"] = namespace
    kube.kubectl("apply", "--server-side", "--filename=-", stdin=yaml.safe_dump(settings))
    found = kube.get("configmap", "argocd-cm", "--namespace", namespace)["data"]
    assert found.pop("url") == "https://argo.test"
    assert found == {
        f"resource.customizations.health.capforge.dev_{path.stem}": path.read_text() for path in SCRIPTS.glob("*.lua")
    }
