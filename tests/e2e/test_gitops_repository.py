"""A team's folder of a Git repository is the truth: applied, changed, pruned, taken away and applied again.

The same story runs without a cluster, with every state that Argo CD can show, in tests/integration/gitops.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.e2e import manifests
from tests.e2e.cells import write_first
from tests.e2e.product import SECONDS, Product, tiny_cells
from tests.support.argocd import health
from tests.support.e2e import Tenant
from tests.support.eventually import eventually
from tests.support.gitops import Checkout

JANUARY, FEBRUARY = "2026-01", "2026-02"


@pytest.fixture
def team(tenant: Tenant, tmp_path: Path) -> Product:
    """The team's tiny data; what was labelled until January is a part of it, until February all."""
    return Product(tenant, tiny_cells(tmp_path / "cells"))


@pytest.fixture
def checkout(team: Product, tmp_path: Path) -> Checkout:
    """The example for this team, with trainings that learn next to nothing."""
    for month, images in ((JANUARY, 10), (FEBRUARY, 12)):
        write_first(team.cells.folder / "train.json", images, team.cells.folder / f"{month}.json")
    address = team.tenant.push(team.cells.folder, "cells")
    made = Checkout.of_the_example(tmp_path / "team-a", team.tenant.namespace, team.tenant.kubectl)
    made.edit("datasets.yaml", "s3://capforge/team-a/cells", address)
    tiny = manifests.tiny_run("any")["spec"]
    template = "templateRef: {name: anchor-free-detector}"
    more = {key: tiny[key] for key in ("overrides", "timeBudgetSeconds")}
    made.edit("trainingrun.yaml", template, "\n  ".join([template, *(f"{key}: {one}" for key, one in more.items())]))
    return made


def test_applied_changed_pruned_and_applied_again(team: Product, checkout: Checkout) -> None:
    checkout.apply()
    checkout.assert_in_step()
    assert team.served(f"cells-{JANUARY}") == "1.1"
    assert_healthy(team.tenant, f"cells-{JANUARY}")
    checkout.assert_in_step()

    checkout.edit("capability.yaml", "Finds red cells", "Still finds red cells")
    checkout.add(FEBRUARY, like=JANUARY)
    checkout.apply()
    checkout.assert_in_step()
    assert team.served(f"cells-{FEBRUARY}") == "1.2"
    checkout.assert_in_step()

    checkout.drop(JANUARY)
    checkout.apply()
    checkout.assert_in_step()
    assert checkout.names() == {"cells", f"cells-{FEBRUARY}"}
    assert team.version() == "1.2"

    checkout.take_away()
    eventually(lambda: checkout.names() == set(), SECONDS, 0.5)
    checkout.apply()
    team.tenant.until("trainingrun", f"cells-{FEBRUARY}", "Succeeded", "Attached", SECONDS)
    checkout.assert_in_step()
    eventually(lambda: team.predict().is_success and team.version() == "1.2", SECONDS, 0.5)
    # Nothing is trained twice: the Job of a run that was taken away is collected in a while, one of this run would stay.
    eventually(lambda: not [name for name in team.tenant.names("jobs") if name.endswith("-train")], SECONDS, 0.5)


def assert_healthy(tenant: Tenant, name: str) -> None:
    """A gateway answers by a version a moment before the capability's status says so."""

    def healthy(kind: str, one: str) -> None:
        found = {**tenant.get(kind, one), "kind": kind}
        assert health(found).status == "Healthy", found["status"]

    for kind, one in (("Capability", "cells"), ("Dataset", name), ("TrainingRun", name)):
        eventually(partial(healthy, kind, one), SECONDS, 0.5)
