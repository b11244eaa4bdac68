"""A team trains with an image of its own: only the run contract binds it, and what it makes is served like any other."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from capforge_tools.places import REPOSITORY
from tests.e2e.cells import CLASSES
from tests.e2e.product import Product
from tests.support.e2e import Json, Tenant
from tests.support.eventually import eventually
from tests.support.images_api import images_api
from tests.support.own_trainer import manifest

IMAGE = "own-trainer"
_SECONDS = 300.0


def tool(*arguments: str) -> str:
    """Run a verb of the tools; return what it prints."""
    command = [sys.executable, "-m", "capforge_tools", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "tools")}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def image() -> str:
    """The example's image, built as its README says and brought to the cluster."""
    tool("images", "build", IMAGE)
    return tool("images", "list", IMAGE).splitlines()[-1]


@pytest.fixture(scope="module")
def tenant(product: Product) -> Tenant:
    return product.tenant


def template(image: str) -> Json:
    document = manifest("template.yaml")
    document["metadata"]["name"] = "mean-colours-e2e"
    document["spec"]["image"] = image
    return document


def run(**overrides: object) -> Json:
    document = manifest("trainingrun.yaml")
    document["spec"] |= {"templateRef": {"name": "mean-colours-e2e"}, "overrides": overrides}
    return document


def test_an_override_that_its_schema_refuses_starts_nothing(product: Product, tenant: Tenant, image: str) -> None:
    product.digests()
    capability = manifest("capability.yaml")
    tenant.apply(template(image), capability, run(steps=0, gridCell=4))
    found = tenant.until("trainingrun", "cell-kinds-1", "Succeeded", "InvalidOverrides", _SECONDS)
    message = str(next(one["message"] for one in found["status"]["conditions"] if one["type"] == "Succeeded"))
    assert "steps" in message
    assert "gridCell" in message
    assert not [name for name in tenant.names("jobs") if name.startswith("cell-kinds-1")]
    tenant.delete("trainingrun", "cell-kinds-1")


def test_its_model_is_proven_and_answers(product: Product, tenant: Tenant) -> None:
    tenant.apply(run(steps=200))
    tenant.until("trainingrun", "cell-kinds-1", "Succeeded", "Completed", _SECONDS)
    found = tenant.until("trainingrun", "cell-kinds-1", "Published", "Published", _SECONDS)
    assert found["status"]["version"] == "1.1"
    tenant.until("capability", "cell-kinds", "ModelServing", "Serving", _SECONDS)
    picture = base64.b64encode(product.image).decode()
    with images_api(tenant) as api:
        answer = eventually(
            lambda: api.ask("cell-kinds", "predict", image=picture, entities=[{"id": "a", "box": [10, 10, 60, 60]}]),
            60.0,
            1.0,
        )
    [entity] = answer["document"]["inference"]["prediction"]["entities"]
    [said] = entity["observations"]
    assert (entity["id"], said["provenance"]["training_run"]) == ("a", "cell-kinds-1")
    assert said["value"] in CLASSES


def test_the_example_is_what_its_readme_says() -> None:
    names = {path.name for path in Path(REPOSITORY / "examples" / "own-trainer").iterdir()}
    assert {"Dockerfile", "README.md", "template.yaml", "capability.yaml", "trainingrun.yaml"} <= names
