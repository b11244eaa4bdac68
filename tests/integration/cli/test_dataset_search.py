"""`capforge dataset search|draft|create` through a real gateway, onto a real API server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from capforge_gateway.storage.migrate import migrate
from tests.integration.cli.command import Ended, capforge
from tests.integration.gateway.process import NAMESPACE, capability, gateway_process, opened, version
from tests.integration.gateway.vision.world import VisionGateway, boxed, picture
from tests.support.apiserver import KubeApi
from tests.support.objectstore import S3Server
from tests.support.postgres import Postgres


@pytest.fixture(scope="module")
def gateway(postgres: Postgres, s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VisionGateway]:
    """Three annotated images: two with cats, of which one is from the north; one with a dog."""
    url = postgres.url(postgres.create_database())
    migrate(make_url(url))
    environment = {**s3.environment, "CAPFORGE_DATABASE_URL": url}
    with gateway_process(tmp_path_factory.mktemp("gateway"), plain=environment) as process:
        found = VisionGateway(opened(process, capability([version("1.1", "m", ["127.0.0.1:1"])], "1.1")))
        for number, (name, site) in enumerate([("cat", "north"), ("cat", "south"), ("[b]dog", "south")]):
            file = found.kept(picture(9000 + number), metadata=json.dumps({"site": site}), name=f"{number}\x9b.png")
            found.submitted(file["id"], [boxed(name), boxed(name)], user="ann")
        yield found


def run(gateway: VisionGateway, *arguments: str | Path, kube: KubeApi | None = None, **env: str) -> Ended:
    settings = {"CAPFORGE_GATEWAY_URL": gateway.process.url, "CAPFORGE_API_KEY": gateway.process.key, **env}
    return capforge("dataset", *arguments, "-n", NAMESPACE, env=settings, kube=kube)


def test_a_search_counts_classes_and_lists_images(gateway: VisionGateway) -> None:
    done = run(gateway, "search")
    assert done.code == 0, done.err
    rows = [line.split() for line in done.out.splitlines()]
    assert rows[0] == ["CLASS", "OBJECTS", "IMAGES"]
    assert ["cat", "4", "2"] in rows
    assert ["[b]dog", "2", "1"] in rows, "what looks like markup is shown as it is"
    assert "0\\x9b.png" in done.out, "what would command the terminal is not"
    assert "3 annotations of 3 images." in done.err
    filtered = run(gateway, "search", "-w", "class=cat", "-w", "metadata.site=north", "-w", "user=ann")
    assert "1 annotations of 1 images." in filtered.err
    assert "0\\x9b.png" in filtered.out
    programs = run(gateway, "search", "-w", "no-class=cat", "-o", "json")
    assert [one["file"]["name"] for one in json.loads(programs.out)["results"]] == ["2\x9b.png"]


@pytest.mark.parametrize(
    ("arguments", "env", "code", "says"),
    [
        (["-w", "class"], {}, 2, "'class' is no filter; expected <name>=<value>"),
        (["-w", "clas=cat", "-w", "x=y"], {}, 2, "'clas' is no filter; 'x' is no filter"),
        (["-w", "uploaded-from=yesterday"], {}, 2, "uploaded-from: "),
        (["-w", "status=Done"], {}, 2, "Allowed: class, no-class"),
        ([], {"CAPFORGE_API_KEY": "cf_wrong"}, 1, "Make a key: capforge key create"),
        ([], {"CAPFORGE_API_KEY": ""}, 2, "no API key"),
        ([], {"CAPFORGE_GATEWAY_URL": ""}, 1, "name the gateway by --gateway"),
    ],
    ids=["no value", "unknown filters", "no time", "no status", "wrong key", "no key", "no gateway"],
)
def test_refusals_are_told_in_words(
    gateway: VisionGateway, arguments: list[str], env: dict[str, str], code: int, says: str
) -> None:
    done = run(gateway, "search", *arguments, **env)
    assert done.code == code, done.err
    assert says.lower() in done.err.lower()
    assert "Traceback" not in done.err
    assert "cf_wrong" not in done.err


def test_from_searches_over_a_draft_to_a_dataset_in_the_cluster(gateway: VisionGateway, kube: KubeApi) -> None:
    kube.apply_crds()
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    saved = run(gateway, "draft", "save", "cats", "-w", "class=cat", "-w", "metadata.site=north")
    assert saved.code == 0, saved.err
    assert run(gateway, "draft", "save", "cats").code == 1
    assert "2 searches" in run(gateway, "draft", "add", "cats", "-w", "submitted-from=2026-01-01").err
    listed = run(gateway, "draft", "list").out
    assert "class=cat metadata.site=north" in listed
    assert "submitted-from=2026-01-01T00:00:00Z" in listed

    shares = ("--dev-percent", "20", "--seed", "7")
    shown = run(gateway, "create", "cats-1", "--draft", "cats", *shares, "--dry-run")
    assert shown.code == 0, shown.err
    made = run(gateway, "create", "cats-1", "--draft", "cats", *shares, kube=kube)
    assert made.code == 0, made.err
    spec = json.loads(kube.kubectl("get", "datasets.capforge.dev", "cats-1", "-n", NAMESPACE, "-o", "json"))["spec"]
    expected = yaml.safe_load(shown.out)["spec"]
    assert spec["split"] == expected["split"] == {"devPercent": 20, "testPercent": 0, "seed": 7}
    found = spec["source"]["submissions"]
    assert found["selection"] == "Latest"
    for one, wanted in zip(found["searches"], expected["source"]["submissions"]["searches"], strict=True):
        assert wanted.items() <= one.items()

    again = run(gateway, "create", "cats-1", "-w", "class=cat", kube=kube)
    assert again.code == 1
    assert "already exists" in again.err
    direct = run(gateway, "create", "cats-2", "-w", "class=cat", "--selection", "All", "--dry-run")
    assert yaml.safe_load(direct.out)["spec"]["source"]["submissions"]["selection"] == "All"
    assert run(gateway, "create", "cats-3").code == 2
    assert run(gateway, "draft", "delete", "cats").code == 0
    assert run(gateway, "create", "cats-4", "--draft", "cats", "--dry-run").code == 1
