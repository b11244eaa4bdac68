"""The Open Inference Protocol: the real Triton client against the gateway says what it says against Triton itself."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton_http
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from capforge_transforms import DEFAULT_LIMITS, transforms
from tests.integration.gateway.conftest import BATCHED, StartGateway
from tests.integration.gateway.images import encoded, noise, white
from tests.integration.gateway.process import (
    ANSWER_SECONDS,
    GatewayProcess,
    capability,
    gateway_process,
    opened,
    version,
)
from tests.integration.gateway.test_load import uploads
from tests.integration.gateway.test_same_pixels import picture, turned
from tests.support.onnx_models import FixedDetector
from tests.support.triton import Triton, triton_server

MODEL = "acme.cells"
FIXED = "cells--0000000000f1"
OTHER = "cells--0000000000f2"
OUTPUTS = ("boxes", "scores", "classes", "count")
Client = triton_http.InferenceServerClient


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A model server as the agent configures it: batches of eight."""
    with triton_server(tmp_path_factory.mktemp("own")) as server:
        server.serve(FIXED, FixedDetector().onnx(), BATCHED)
        server.serve(OTHER, FixedDetector(scores=(0.7, 0.3)).onnx(), BATCHED)
        yield server


@pytest.fixture(scope="module")
def served(own: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with gateway_process(tmp_path_factory.mktemp("served")) as process:
        versions = [
            version("1.1", FIXED, [own.address], max_batch_size=8),
            version("1.2", OTHER, [own.address], max_batch_size=8),
        ]
        yield opened(
            process, capability(versions, "1.2"), capability([], None, name="empty", reason="17 of 20 documents")
        )


@pytest.fixture
def client(served: GatewayProcess) -> Iterator[Client]:
    with Client(f"127.0.0.1:{served.port}") as opened_client:
        yield opened_client


@pytest.fixture
def direct(own: Triton) -> Iterator[Client]:
    with Client(own.address) as opened_client:
        yield opened_client


def pixels(count: int = 1, seed: int = 0) -> NDArray[np.uint8]:
    return FixedDetector().images(count, seed)


def image_input(images: NDArray[np.uint8], *, binary: bool = True) -> list[triton_http.InferInput]:
    given = triton_http.InferInput("image", list(images.shape), "UINT8")
    given.set_data_from_numpy(images, binary_data=binary)
    return [given]


def file_input(*files: bytes) -> list[triton_http.InferInput]:
    given = triton_http.InferInput("jpeg", [len(files)], "BYTES")
    given.set_data_from_numpy(np.array(files, dtype=np.object_))
    return [given]


def arrays(result: triton_http.InferResult) -> dict[str, Any]:
    return {one["name"]: result.as_numpy(one["name"]) for one in result.get_response()["outputs"]}


def same(ours: triton_http.InferResult, theirs: triton_http.InferResult) -> bool:
    """Tell whether every output is the same to the last bit, in type and form; their order is the server's own."""
    mine, other = arrays(ours), arrays(theirs)
    told = [
        sorted(
            (one["name"], one["datatype"], one["shape"], str(one.get("parameters")))
            for one in result.get_response()["outputs"]
        )
        for result in (ours, theirs)
    ]
    return told[0] == told[1] and all(
        mine[name].dtype == other[name].dtype and np.array_equal(mine[name], other[name]) for name in other
    )


def test_the_server_tells_who_it_is_and_how_it_is_to_everybody(client: Client) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    told = client.get_server_metadata()
    assert told["name"] == "capforge-gateway"
    assert "binary_tensor_data" in told["extensions"]


def test_a_model_tells_its_interface_as_triton_does(client: Client, direct: Client, served: GatewayProcess) -> None:
    ours = client.get_model_metadata(MODEL, "1.1", headers=served.authorization())
    theirs = direct.get_model_metadata(FIXED)
    assert ours["name"] == MODEL
    assert ours["versions"] == ["1.1", "1.2"]
    assert ours["platform"] == theirs["platform"]
    assert ours["inputs"] == theirs["inputs"]
    by_name = {one["name"]: one for one in theirs["outputs"]}
    for one in ours["outputs"]:
        assert one["datatype"] == by_name[one["name"]]["datatype"]
        assert all(mine in (-1, real) for mine, real in zip(one["shape"], by_name[one["name"]]["shape"], strict=True))
    assert ours["parameters"]["encoded_input"] == "jpeg"
    assert client.is_model_ready(MODEL, headers=served.authorization())
    assert not client.is_model_ready("acme.empty", headers=served.authorization())


@pytest.mark.parametrize("asked_binary", [True, False], ids=["bytes out", "json out"])
@pytest.mark.parametrize("sent_binary", [True, False], ids=["bytes in", "json in"])
@pytest.mark.parametrize("count", [1, 3])
def test_the_answer_is_tritons_own(
    client: Client, direct: Client, served: GatewayProcess, count: int, sent_binary: bool, asked_binary: bool
) -> None:
    given = image_input(pixels(count), binary=sent_binary)
    wanted = [triton_http.InferRequestedOutput(name, binary_data=asked_binary) for name in OUTPUTS]
    ours = client.infer(MODEL, given, "1.1", wanted, request_id="one", headers=served.authorization())
    theirs = direct.infer(FIXED, given, outputs=wanted, request_id="one")
    assert same(ours, theirs), (ours.get_response(), theirs.get_response())
    told = ours.get_response()
    assert (told["id"], told["model_name"], told["model_version"]) == ("one", MODEL, "1.1")


def test_only_the_outputs_that_are_asked_for_come_and_classification_is_as_triton_says_it(
    client: Client, direct: Client, served: GatewayProcess
) -> None:
    for binary in (True, False):
        wanted = [
            triton_http.InferRequestedOutput("count", binary_data=binary),
            triton_http.InferRequestedOutput("scores", binary_data=binary, class_count=2),
        ]
        ours = client.infer(MODEL, image_input(pixels(2)), "1.1", wanted, headers=served.authorization())
        theirs = direct.infer(FIXED, image_input(pixels(2)), outputs=wanted)
        assert same(ours, theirs), (ours.get_response(), theirs.get_response())


def test_without_a_list_of_outputs_all_come_and_binary_data_output_decides_their_form(
    served: GatewayProcess, own: Triton
) -> None:
    for parameters in ({}, {"binary_data_output": True}):
        body = {**json_request(pixels()), "parameters": parameters}
        ours = post(served, json.dumps(body).encode())
        theirs = httpx.post(f"{own.url}/v2/models/{FIXED}/infer", json=body, trust_env=False, timeout=ANSWER_SECONDS)
        assert ours.status_code == theirs.status_code == 200, ours.text
        length = theirs.headers.get("inference-header-content-length")
        assert (length is None) == (not parameters)
        assert ours.headers["content-type"] == theirs.headers["content-type"]
        assert same(result_of(ours), result_of(theirs))


def result_of(answer: httpx.Response) -> triton_http.InferResult:
    length = answer.headers.get("inference-header-content-length")
    return triton_http.InferResult.from_response_body(answer.content, header_length=int(length) if length else None)


def test_it_is_the_answer_of_the_predict_call(client: Client, served: GatewayProcess) -> None:
    image = white(64, 32)
    result = client.infer(MODEL, file_input(image), "1.1", headers=served.authorization())
    document = served.predict(image, "v1.1").json()["document"]
    entities = document["inference"]["prediction"]["entities"]
    known = transforms("1")
    _, placement = known.letterbox(known.decode(image, DEFAULT_LIMITS), 32, 32)
    boxes = known.boxes_to_image(result.as_numpy("boxes")[0], placement)
    assert [one["location"]["box"] for one in entities] == [pytest.approx(box, abs=0.01) for box in boxes.tolist()]
    scores = result.as_numpy("scores")[0].tolist()
    assert [one["observations"][0]["confidence"] for one in entities] == pytest.approx(scores, abs=1e-4)


def test_whole_files_give_the_same_as_their_pixels(client: Client, direct: Client, served: GatewayProcess) -> None:
    files = (
        encoded(picture(300, 200), "JPEG"),
        turned(picture(120, 90), 6),
        encoded(picture(50, 70)),
        white(9, 9, "WEBP"),
    )
    known = transforms("1")
    canvases = np.stack([known.letterbox(known.decode(file, DEFAULT_LIMITS), 32, 32)[0] for file in files])
    ours = client.infer(MODEL, file_input(*files), "1.1", headers=served.authorization())
    assert same(ours, direct.infer(FIXED, image_input(canvases)))


def test_a_file_may_come_as_base64_in_json(served: GatewayProcess) -> None:
    text = base64.b64encode(white()).decode()
    body = {"inputs": [{"name": "jpeg", "datatype": "BYTES", "shape": [1], "data": [text]}]}
    answer = post(served, json.dumps(body).encode())
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"][1]["data"] == [pytest.approx(0.9), pytest.approx(0.5)]


def test_more_images_than_the_model_takes_at_once_are_sent_in_turn(client: Client, served: GatewayProcess) -> None:
    images = pixels(21)
    whole = arrays(client.infer(MODEL, image_input(images), "1.1", headers=served.authorization()))
    for row in (0, 7, 8, 20):
        alone = arrays(client.infer(MODEL, image_input(images[row : row + 1]), "1.1", headers=served.authorization()))
        for name in OUTPUTS:
            assert np.array_equal(whole[name][row], alone[name][0]), (name, row)


@pytest.mark.parametrize(
    ("asked", "answering"), [("", "1.2"), ("1", "1.2"), ("v1", "1.2"), ("1.1", "1.1"), ("v1.1", "1.1")]
)
def test_a_version_is_pinned_or_the_one_in_force(
    client: Client, served: GatewayProcess, asked: str, answering: str
) -> None:
    result = client.infer(MODEL, image_input(pixels()), asked, headers=served.authorization())
    assert result.get_response()["model_version"] == answering


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_requests_are_opened(client: Client, direct: Client, served: GatewayProcess, algorithm: str) -> None:
    ours = client.infer(
        MODEL,
        image_input(pixels(2)),
        "1.1",
        headers=served.authorization(),
        request_compression_algorithm=algorithm,
        response_compression_algorithm=algorithm,
    )
    assert same(ours, direct.infer(FIXED, image_input(pixels(2))))


def json_request(images: NDArray[np.uint8]) -> dict[str, Any]:
    given = {"name": "image", "shape": list(images.shape), "datatype": "UINT8", "data": images.tolist()}
    return {"inputs": [given]}


def post(
    served: GatewayProcess, body: bytes, path: str = "models/acme.cells/versions/1.1/infer", **headers: str
) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return served.http.post(f"{served.url}/v2/{path}", content=body, headers={**served.authorization(), **named})


def binary(document: dict[str, Any], data: bytes) -> tuple[bytes, str]:
    head = json.dumps(document).encode()
    return head + data, str(len(head))


def described(**changes: Any) -> dict[str, Any]:
    given = {"name": "image", "shape": [1, 32, 32, 3], "datatype": "UINT8", "data": [0] * 3072, **changes}
    return {"inputs": [{name: value for name, value in given.items() if value is not None}]}


WRONG: list[tuple[Any, str]] = [
    (b"", "no JSON"),
    (b"{", "no JSON"),
    (b"[" * 100_000, "no JSON"),
    (b"[]", "no JSON object"),
    ({}, "exactly one"),
    ({"inputs": []}, "exactly one"),
    ({"inputs": described()["inputs"] * 2}, "exactly one"),
    ({"inputs": [5]}, "inputs[0] is no JSON object"),
    (described(name="pixels"), "allowed: `image` (pixels) or `jpeg` (files)"),
    (described(name=5), "inputs[0].name"),
    (described(datatype="FP32"), "FP32 [1, 32, 32, 3]; allowed: UINT8 [N,32,32,3]"),
    (described(shape=[1, 3, 32, 32]), "allowed: UINT8 [N,32,32,3]"),
    (described(shape=[32, 32, 3]), "allowed: UINT8 [N,32,32,3]"),
    (described(shape=[0, 32, 32, 3]), "whole number from 1"),
    (described(shape=[-1, 32, 32, 3]), "whole number from 1"),
    (described(shape=[1e9, 32, 32, 3]), "whole number from 1"),
    (described(shape=[2**62, 32, 32, 3]), "whole number from 1"),
    (described(shape=[True, 32, 32, 3]), "whole number from 1"),
    (described(shape=None), "inputs[0].shape"),
    (described(shape=[1] * 9), "inputs[0].shape"),
    (described(data=[0] * 3071), "3071 values"),
    (described(data=[256] * 3072), "from 0 to 255"),
    (described(data=[-1] * 3072), "from 0 to 255"),
    (described(data=[0.5] * 3072), "from 0 to 255"),
    (described(data=["0"] * 3072), "from 0 to 255"),
    (described(data=[None] * 3072), "from 0 to 255"),
    (described(data=[[0] * 3072, 1]), "no regular list"),
    (described(data=[10**30] * 3072), "from 0 to 255"),
    (described(data=None), "inputs[0].data"),
    (described(data={"0": 1}), "inputs[0].data"),
    (described(parameters={"shared_memory_region": "r"}), "shared memory is not offered"),
    (described(parameters=[]), "inputs[0].parameters"),
    ({**described(), "outputs": [{"name": "masks"}]}, "allowed: boxes, scores, classes, count"),
    ({**described(), "outputs": [{"name": "boxes"}, {"name": "boxes"}]}, "twice"),
    ({**described(), "outputs": {}}, "outputs is no list"),
    ({**described(), "outputs": [{"name": "boxes", "parameters": {"binary_data": 1}}]}, "neither true nor false"),
    ({**described(), "outputs": [{"name": "boxes", "parameters": {"classification": -1}}]}, "classification"),
    ({**described(), "id": 5}, "id is not a text"),
    ({**described(), "id": "x" * 257}, "at most 256"),
    ({**described(), "parameters": {"timeout": -1}}, "parameters.timeout"),
    (described(name="jpeg", datatype="BYTES", shape=[1], data=["***"]), "data[0] is not base64"),
    (described(name="jpeg", datatype="BYTES", shape=[2], data=["aGVsbG8="]), "1 elements; its shape says 2"),
    (described(name="jpeg", datatype="BYTES", shape=[1], data=["aGVsbG8="]), "not an image"),
    (described(name="jpeg", datatype="BYTES", shape=[1], data=[5]), "data[0] is not base64"),
    (described(name="jpeg", datatype="UINT8", shape=[1], data=[5]), "allowed: BYTES [N]"),
    (described(name="jpeg", datatype="BYTES", shape=[10**6], data=[]), "at most 10922"),
]


@pytest.mark.parametrize(("body", "told"), WRONG, ids=[f"{at}: {told}" for at, (_, told) in enumerate(WRONG)])
def test_a_wrong_request_says_what_is_allowed(served: GatewayProcess, body: Any, told: str) -> None:
    answer = post(served, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert answer.status_code == 400, answer.text
    assert told in answer.json()["error"]
    assert answer.headers["x-request-id"]


WRONG_BYTES: list[tuple[dict[str, Any], bytes, str | None, str]] = [
    (described(data=None, parameters={"binary_data_size": 3072}), bytes(3071), None, "3071 bytes follow"),
    (described(data=None, parameters={"binary_data_size": 3072}), bytes(3073), None, "3073 bytes follow"),
    (described(data=None, parameters={"binary_data_size": 10}), bytes(10), None, "its shape needs 3072"),
    (described(parameters={"binary_data_size": 3072}), bytes(3072), None, "both data and binary_data_size"),
    (described(data=None), bytes(3072), None, "no binary_data_size"),
    (described(data=None, parameters={"binary_data_size": "3072"}), bytes(3072), None, "binary_data_size"),
    (described(), b"", "99999999", "size of the JSON"),
    (described(), b"", "-1", "size of the JSON"),
    (described(), b"", "many", "size of the JSON"),
    (described(), b"", "0", "size of the JSON"),
    (described(), b"", "9" * 40, "size of the JSON"),
    (described(), b"", "10", "no JSON"),
    (described(name="jpeg", datatype="BYTES", shape=[1], data=None, parameters={"binary_data_size": 3}), b"abc", None, "left over"),
    (described(name="jpeg", datatype="BYTES", shape=[1], data=None, parameters={"binary_data_size": 8}), b"\xff\xff\xff\xffabcd", None, "says 4294967295"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "data", "length", "told"), WRONG_BYTES, ids=[f"{at}: {one[3]}" for at, one in enumerate(WRONG_BYTES)]
)
def test_wrong_bytes_are_told_apart(
    served: GatewayProcess, document: dict[str, Any], data: bytes, length: str | None, told: str
) -> None:
    body, size = binary(document, data)
    answer = post(served, body, Inference_Header_Content_Length=length or size)
    assert answer.status_code == 400, answer.text
    assert told in answer.json()["error"]


def test_compression_has_limits(start_gateway: StartGateway, own: Triton) -> None:
    gateway = start_gateway(MAX_TENSOR_BYTES=100_000)
    opened(gateway, capability([version("1.1", FIXED, [own.address])], "1.1"))
    plain = json.dumps(json_request(pixels())).encode()
    assert post(gateway, gzip.compress(plain), Content_Encoding="gzip").status_code == 200
    answers = {
        "a bomb": (
            post(gateway, gzip.compress(bytes(200_000_000)), Content_Encoding="gzip"),
            413,
            "larger than 165536",
        ),
        "damaged": (post(gateway, gzip.compress(plain)[:-20], Content_Encoding="gzip"), 400, "cut off"),
        "not gzip": (post(gateway, plain, Content_Encoding="gzip"), 400, "no gzip"),
        "two files": (post(gateway, gzip.compress(plain) * 2, Content_Encoding="gzip"), 400, "something follows"),
        "raw deflate": (post(gateway, zlib.compress(plain)[2:-4], Content_Encoding="deflate"), 400, "no deflate"),
        "brotli": (post(gateway, plain, Content_Encoding="br"), 415, "allowed: gzip, deflate"),
        "twice": (post(gateway, plain, Content_Encoding="gzip, gzip"), 415, "allowed: gzip, deflate"),
        "too large": (post(gateway, bytes(200_000)), 413, "larger than 165536"),
        "too many files": (
            post(gateway, json.dumps(described(name="jpeg", datatype="BYTES", shape=[33], data=[])).encode()),
            400,
            "at most 32",
        ),
    }
    for name, (answer, status, told) in answers.items():
        assert answer.status_code == status, (name, answer.text)
        assert told in answer.json()["error"], name
    assert post(gateway, plain).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("models/acme.none/infer", 404, "no capability `none`"),
        ("models/acme.cells/versions/1.9/infer", 404, "these answer: v1, v1.2, v1.1"),
        ("models/acme.cells/versions/2/infer", 404, "no version `v2`"),
        ("models/acme.empty/infer", 409, "17 of 20 documents"),
        ("models/cells/infer", 404, "<namespace>.<capability>"),
        ("models/ACME.cells/infer", 404, "<namespace>.<capability>"),
        ("models/rival.cells/infer", 401, "API key"),
        ("models/acme.cells/config", 404, "nothing at this address"),
        ("repository/index", 404, "nothing at this address"),
        ("models/acme.cells", 405, "allowed: GET"),
    ],
)
def test_what_is_not_there_is_told_in_the_protocols_form(
    served: GatewayProcess, path: str, status: int, told: str
) -> None:
    answer = post(served, json.dumps(json_request(pixels())).encode(), path)
    assert answer.status_code == status, answer.text
    assert told in answer.json()["error"]


@pytest.mark.parametrize("path", ["models/acme.cells", "models/acme.cells/ready", "models/nowhere.none"])
def test_without_a_key_nothing_is_told(served: GatewayProcess, path: str) -> None:
    answer = served.http.get(f"{served.url}/v2/{path}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Token"
    with (
        Client(f"127.0.0.1:{served.port}") as client,
        pytest.raises(InferenceServerException, match="no valid API key"),
    ):
        client.infer(MODEL, image_input(pixels()))


def test_a_tenant_over_its_share_is_told_so(start_gateway: StartGateway, own: Triton) -> None:
    gateway = start_gateway(MAX_REQUESTS_PER_NAMESPACE=1)
    opened(gateway, capability([version("1.1", FIXED, [own.address])], "1.1"))
    body = json.dumps(json_request(pixels())).encode()
    with uploads(gateway, 1, "Content-Length: 100"):
        answer = post(gateway, body)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert "under way" in answer.json()["error"]


def test_a_dead_server_costs_no_answer_while_another_lives(
    start_gateway: StartGateway, own: Triton, tmp_path: Any
) -> None:
    with triton_server(tmp_path / "second") as second:
        second.serve(FIXED, FixedDetector().onnx(), BATCHED)
        gateway = opened(start_gateway(), capability([version("1.1", FIXED, [second.address, own.address])], "1.1"))
        with Client(f"127.0.0.1:{gateway.port}") as client:
            before = arrays(client.infer(MODEL, image_input(pixels()), headers=gateway.authorization()))
            second.kill()
            for _ in range(10):
                after = arrays(client.infer(MODEL, image_input(pixels()), headers=gateway.authorization()))
                assert all(np.array_equal(before[name], after[name]) for name in OUTPUTS)
    gateway.route(capability([version("1.1", FIXED, [])], "1.1"))
    answer = post(gateway, json.dumps(json_request(pixels())).encode())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_a_large_json_tensor_is_asked_to_come_as_bytes(served: GatewayProcess) -> None:
    answer = post(served, b'{"inputs": [' + b"[]," * 2_100_000 + b"1]}")
    assert answer.status_code == 400
    assert "send the tensor as bytes" in answer.json()["error"]
    assert served.predict(noise(40, 40), media="image/jpeg").status_code == 200
