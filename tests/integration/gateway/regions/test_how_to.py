"""docs/how-to/images-from-zero.md, followed to the letter: its `sh` blocks in their order, by a person's own shell.

Training alone is left out: the models that the page has trained by then are ready on a real model server.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from capforge_contracts.run import CapabilityType, Output
from capforge_contracts.serving import RoutedCapability
from capforge_tools.places import REPOSITORY
from tests.integration.gateway.conftest import BATCHED
from tests.integration.gateway.images import encoded
from tests.integration.gateway.process import NAMESPACE, GatewayProcess, capability, gateway_process, opened, version
from tests.integration.gateway.region_models import mean_colour
from tests.integration.gateway.regions.conftest import CANVAS, LOOKS, SIZE, classifier, embedder
from tests.support.apiserver import KubeApi
from tests.support.objectstore import S3Server
from tests.support.postgres import Postgres
from tests.support.triton import Triton

PAGE = REPOSITORY / "docs" / "how-to" / "images-from-zero.md"
COATS = "coats--0000000000d1"
BOX = [160, 120, 320, 240]
PHOTOS = 4
_SECONDS = 300.0


def photo(number: int) -> bytes:
    """Dark, with one animal that the detector sees: reddish, which the classifier takes for black."""
    image = Image.new("RGB", (640, 480), (40, 40, 40))
    image.paste((255, 220 + number, 220), tuple(BOX))
    return encoded(image, "JPEG")


def two(first: str, second: str) -> list[Output]:
    return [Output(position=0, name=first), Output(position=1, name=second)]


def models(triton: Triton) -> list[RoutedCapability]:
    """What the page has trained."""
    triton.serve(COATS, mean_colour(SIZE, (0, 2)), BATCHED)
    at = triton.address
    finds = version("1.1", LOOKS, [at], (CANVAS, CANVAS), transforms_version="2", thresholds={"cat": 0.2, "dog": 0.2})
    behind = {"input_from": "pets", "input_filter": ["cat"], "outputs": two("black", "white")}
    return [
        capability([finds], "1.1", name="pets", outputs=two("cat", "dog")),
        capability([classifier("1.1", at, COATS)], "1.1", name="coats", type=CapabilityType.BOX_CLASSIFIER, **behind),
        capability([embedder("1.1", at)], "1.1", name="looks", type=CapabilityType.BOX_EMBEDDER, input_from="pets"),
    ]


@pytest.fixture(scope="module")
def gateway(
    region_models: Triton, postgres: Postgres, template: str, s3: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    plain = {**s3.environment, "CAPFORGE_DATABASE_URL": postgres.url(postgres.create_database(template))}
    with gateway_process(tmp_path_factory.mktemp("how-to"), plain=plain) as process:
        yield opened(process, *models(region_models))


@pytest.fixture(scope="module")
def folder(gateway: GatewayProcess, kube: KubeApi, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page was followed."""
    kube.apply_crds()
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    folder = tmp_path_factory.mktemp("person")
    for name in ("photos", "new"):
        (folder / name).mkdir()
    said = {"entities": [{"box": BOX, "class": "cat", "attributes": {"coat": "black"}}]}
    for number in range(1, PHOTOS + 1):
        (folder / "photos" / f"{number:03}.jpg").write_bytes(photo(number))
        (folder / "photos" / f"{number:03}.json").write_text(json.dumps(said))
    (folder / "new" / "101.jpg").write_bytes(photo(PHOTOS + 1))
    script = "set -euo pipefail\n" + "\n".join(
        re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    )
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{kube.programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "KUBECONFIG": str(kube.kubeconfig),
        "GATEWAY": gateway.url,
        "NAMESPACE": NAMESPACE,
        "CAPFORGE_GATEWAY_URL": gateway.url,
        "CAPFORGE_NAMESPACE": NAMESPACE,
        "CAPFORGE_API_KEY": gateway.key,
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return folder


def found(gateway: GatewayProcess, **filters: Any) -> int:
    """Return how many images a search finds."""
    url, body = f"{gateway.url}/v1/vision/{NAMESPACE}/search", {"searches": [filters], "figures": True}
    answer = gateway.http.post(url, json=body, headers=gateway.authorization())
    count: int = answer.json()["figures"]["files"]
    return count


def test_every_image_of_the_folder_is_there_with_what_was_said(gateway: GatewayProcess, folder: Path) -> None:
    assert found(gateway, classes_present=["cat"], sources=["phone"], attributes={"coat": "black"}) == PHOTOS
    assert found(gateway, statuses=["PreAnnotation"]) == 1
    assert found(gateway, statuses=["Unannotated"]) == 0


def test_the_objects_of_the_page_are_in_the_cluster(kube: KubeApi, folder: Path) -> None:
    held = json.loads(kube.kubectl("get", "capabilities,datasets,trainingruns", "-n", NAMESPACE, "-o", "json"))["items"]
    wanted = {(kind, name) for kind in ("Capability",) for name in ("pets", "coats", "looks")}
    wanted |= {("TrainingRun", f"{name}-1") for name in ("pets", "coats", "looks")}
    wanted |= {("Dataset", f"{name}-1") for name in ("pets", "coats")}
    assert wanted <= {(one["kind"], one["metadata"]["name"]) for one in held}
    [pets] = [one for one in held if (one["kind"], one["metadata"]["name"]) == ("Dataset", "pets-1")]
    searches = pets["spec"]["source"]["submissions"]["searches"]
    assert [one["classesPresent"] for one in searches] == [["cat"], ["dog"]]
    assert pets["spec"]["split"]["devPercent"] == 20


def test_predictions_and_searches_answer(folder: Path) -> None:
    [cat] = json.loads((folder / "found.json").read_bytes())["document"]["inference"]["prediction"]["entities"]
    assert cat["location"]["box"] == pytest.approx(BOX, abs=3)
    assert (folder / "found.png").stat().st_size > 0
    [known] = json.loads((folder / "known.json").read_bytes())
    [alike] = json.loads((folder / "alike.json").read_bytes())["document"]["inference"]["prediction"]["entities"]
    assert [one["id"] for one in alike["similar"]] == [known["id"]]
    assert alike["similar"][0]["similarity"] > 0.99
