"""`capforge predict` through a real gateway to a real model server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from capforge_contracts.run import CapabilityType, CropSettings, Output
from tests.integration.cli.command import Ended, capforge
from tests.integration.gateway.bright_box import bright_box
from tests.integration.gateway.process import NAMESPACE, GatewayProcess, capability, gateway_process, opened, version
from tests.integration.gateway.region_models import mean_colour, thumbnail
from tests.support.apiserver import KubeApi
from tests.support.ports import refusing_port
from tests.support.triton import triton_server

MODEL = "cells--000000000009"
COLOUR, SHAPE = "kinds--000000000009", "shapes--000000000009"
SIZE = 320
REGION = 16


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """v1.1 finds the bright rectangle; capability `empty` has no model."""
    with (
        triton_server(tmp_path_factory.mktemp("triton")) as models,
        gateway_process(tmp_path_factory.mktemp("gateway")) as process,
    ):
        models.serve(MODEL, bright_box(SIZE, SIZE))
        models.serve(COLOUR, mean_colour(REGION))
        models.serve(SHAPE, thumbnail(REGION))
        looking = version("1.1", MODEL, [models.address], (SIZE, SIZE))
        empty = capability([], None, name="empty", reason="training has not started")
        crop = CropSettings(width=REGION, height=REGION)
        kinds = version("1.1", COLOUR, [models.address], thresholds={}, crop=crop)
        shapes = version("1.1", SHAPE, [models.address], thresholds={}, crop=crop)
        colours = [Output(position=at, name=name) for at, name in enumerate(("rose", "leaf", "sky"))]
        yield opened(
            process,
            capability([looking], "1.1"),
            empty,
            capability(
                [kinds], "1.1", name="kinds", type=CapabilityType.BOX_CLASSIFIER, outputs=colours, input_from="cells"
            ),
            capability([shapes], "1.1", name="shapes", type=CapabilityType.BOX_EMBEDDER, input_from="cells"),
        )


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A dark picture with a bright rectangle at (160, 120)-(320, 240)."""
    pixels = np.full((480, 640, 3), 40, np.uint8)
    pixels[120:240, 160:320] = 250
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    return path


def predict(gateway: GatewayProcess, *arguments: str | Path, **env: str) -> Ended:
    settings = {"CAPFORGE_GATEWAY_URL": gateway.url, "CAPFORGE_API_KEY": gateway.key, **env}
    return capforge("predict", *arguments, "-n", NAMESPACE, env=settings)


def test_what_is_found_is_listed_with_where_it_comes_from(gateway: GatewayProcess, picture: Path):
    done = predict(gateway, "cells", picture)
    assert done.code == 0, done.err
    name, confidence, _, *box = done.out.splitlines()[1].split()
    assert (name, confidence) == ("red", "100.0")
    assert np.abs(np.array([float(value) for value in box]) - [160, 120, 320, 240]).max() <= 2
    assert "1 found by acme/cells version 1.1 (run run-1-1, datasets cdcdcdcdcdcd)" in done.err


def test_the_boxes_are_drawn(gateway: GatewayProcess, picture: Path, tmp_path: Path):
    drawn = tmp_path / "out" / "drawn.png"
    done = predict(gateway, "cells", picture, "--out", drawn)
    assert done.code == 0, done.err
    before, after = (np.asarray(Image.open(path).convert("RGB")).astype(int) for path in (picture, drawn))
    changed = (before != after).any(axis=2)
    assert changed[180, 157:163].any()
    assert not changed[300:, :].any()


def test_what_several_elements_say_of_one_thing_stands_in_one_line(
    gateway: GatewayProcess, picture: Path, tmp_path: Path
):
    done = predict(gateway, "kinds", picture, "--out", tmp_path / "drawn.png")
    assert done.code == 0, done.err
    assert done.out.splitlines()[1].startswith("red > rose")
    assert "1 found by acme/kinds version 1.1" in done.err
    assert (tmp_path / "drawn.png").exists()
    assert "1 vectors of 12 numbers" in predict(gateway, "shapes", picture).err


def test_regions_can_be_named_in_a_file(gateway: GatewayProcess, picture: Path, tmp_path: Path):
    regions = tmp_path / "regions.json"
    regions.write_text('[{"id": "mine", "box": [0, 0, 30, 30], "class": "thing"}]')
    done = predict(gateway, "kinds", picture, "--entities", regions, "-o", "json")
    assert done.code == 0, done.err
    (entity,) = json.loads(done.out)["document"]["inference"]["prediction"]["entities"]
    assert (entity["id"], [one["value"] for one in entity["observations"]]) == ("mine", ["thing", "rose"])
    regions.write_text('[{"box": [0, 0, 0, 30]}]')
    refused = predict(gateway, "kinds", picture, "--entities", regions)
    assert refused.code == 1
    assert "entities[0]" in refused.err
    assert predict(gateway, "kinds", picture, "--entities", tmp_path / "nothing.json").code == 2


def test_programs_get_the_whole_answer(gateway: GatewayProcess, picture: Path):
    done = predict(gateway, "cells", picture, "-o", "json")
    document = json.loads(done.out)["document"]
    assert document["image"] == {"width": 640, "height": 480}


@pytest.mark.parametrize("asked", ["1.1", "v1.1", "v1"])
def test_a_version_can_be_named(gateway: GatewayProcess, picture: Path, asked: str):
    assert "version 1.1" in predict(gateway, "cells", picture, "--version", asked).err


@pytest.mark.parametrize(
    ("name", "arguments", "env", "code", "says"),
    [
        ("cells", [], {"CAPFORGE_API_KEY": "cf_wrong"}, 1, "Make a key: capforge key create"),
        ("cells", [], {"CAPFORGE_API_KEY": ""}, 2, "no API key: set CAPFORGE_API_KEY"),
        ("cells", ["--version", "2"], {}, 2, "allowed: 1 (the newest) or 1.<number>"),
        ("cells", ["--version", "1.9"], {}, 1, "NotFound: "),
        ("nothing", [], {}, 1, "NotFound: "),
        ("empty", [], {}, 1, "training has not started"),
        ("cells", [], {"CAPFORGE_GATEWAY_URL": f"http://127.0.0.1:{refusing_port()}"}, 1, "does not answer"),
        ("cells", [], {"CAPFORGE_GATEWAY_URL": "nonsense"}, 1, "CAPFORGE_GATEWAY_URL"),
        ("cells", [], {"CAPFORGE_GATEWAY_URL": ""}, 1, "name the gateway by --gateway"),
    ],
    ids=[
        "wrong key",
        "no key",
        "no such major",
        "no such minor",
        "no such capability",
        "no model yet",
        "gateway away",
        "no address",
        "no gateway",
    ],
)
def test_refusals_are_told_in_words(
    gateway: GatewayProcess, picture: Path, name: str, arguments: list[str], env: dict[str, str], code: int, says: str
):
    done = predict(gateway, name, picture, *arguments, **env)
    assert done.code == code, done.err
    assert says in done.err
    assert "Traceback" not in done.err
    assert "cf_wrong" not in done.err


def test_a_file_that_is_no_picture_is_not_sent(gateway: GatewayProcess, tmp_path: Path):
    (tmp_path / "a.txt").write_text("hello")
    done = predict(gateway, "cells", tmp_path / "a.txt")
    assert done.code == 3
    assert "allowed: JPEG, PNG, WebP" in done.err
    assert predict(gateway, "cells", tmp_path / "nothing.png").code == 2


def test_the_gateway_is_found_by_the_capabilitys_address(gateway: GatewayProcess, kube: KubeApi, picture: Path):
    kube.apply_crds()
    spec = {"type": "DetectorElement", "modelParameters": {"outputs": [{"position": 0, "name": "red"}]}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    metadata = {"name": "cells", "namespace": NAMESPACE}
    kube.apply(namespace)
    kube.apply({"apiVersion": "capforge.dev/v1alpha1", "kind": "Capability", "metadata": metadata, "spec": spec})
    env = {"CAPFORGE_API_KEY": gateway.key}
    before = capforge("predict", "cells", picture, "-n", NAMESPACE, env=env, kube=kube)
    assert before.code == 1
    assert "has no address yet" in before.err

    url = f"{gateway.url}/v1/products/{NAMESPACE}/cells/v1/predict"
    kube.write_status("Capability", NAMESPACE, "cells", {"url": url})
    done = capforge("predict", "cells", picture, "-n", NAMESPACE, env=env, kube=kube)
    assert done.code == 0, done.err
    assert "1 found" in done.err
