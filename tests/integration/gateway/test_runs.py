"""What a finished run left, over HTTP: for a key of its namespace or a link that was signed for it, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis

from capforge_contracts import layout, links
from tests.integration.gateway.finished_runs import (
    CUT,
    DAMAGED,
    DIGEST,
    ENDLESS,
    FAILED,
    MODEL,
    OLD,
    REPORT,
    card,
    put_run,
)
from tests.integration.gateway.process import GatewayProcess, capability, gateway_process, opened, version
from tests.support.objectstore import S3Server, s3_server
from tests.support.ports import free_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("runs-store"), free_port()) as running:
        store = running.store()
        put_run(store, DIGEST)
        put_run(store, DIGEST, namespace="rival", report=b"the rival's")
        put_run(store, OLD, report=None)
        put_run(store, CUT)
        store.put(layout.attempt_file("acme", CUT, 2, layout.MODEL), MODEL[:-7])
        store.put(layout.run_result("acme", DAMAGED), b'{"attempt": ')
        put_run(store, ENDLESS)
        endless = b"{" + b" " * layout.most_bytes(layout.CARD)
        store.put(layout.attempt_file("acme", ENDLESS, 2, layout.CARD), endless)
        store.put(layout.run_spec("acme", FAILED), b'{"secret": 1}')
        yield running


@pytest.fixture(scope="module")
def runs(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway with a store and without a database."""
    with gateway_process(tmp_path_factory.mktemp("runs"), plain=server.environment) as process:
        yield opened(process, capability([version("1.1", "some-model", ["127.0.0.1:1"], run_digest=DIGEST)], "1.1"))


def path(name: str, run: str = DIGEST, namespace: str = "acme") -> str:
    return links.run_file_path(namespace, run, name)


def get(runs: GatewayProcess, address: str, *, key: bool = False, **headers: str) -> httpx.Response:
    given = {**(runs.authorization() if key else {}), **headers}
    return runs.http.get(runs.url + address, headers=given)


def signed(runs: GatewayProcess, address: str, seconds: int = 600) -> str:
    return links.sign(address, int(time.time()) + seconds, links.signing_key(runs.folder / "token"))


def error(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["api_request"]["error"]
    return found


@pytest.mark.parametrize(
    ("name", "media", "data"),
    [
        (layout.REPORT, "text/html; charset=utf-8", REPORT),
        (layout.MODEL, "application/octet-stream", MODEL),
        (layout.CARD, "application/json", card(DIGEST).to_json()),
        (layout.METRICS, "application/x-ndjson", b"{}\n"),
    ],
)
def test_a_key_and_a_link_get_the_file_of_the_attempt_that_counts(
    runs: GatewayProcess, name: str, media: str, data: bytes
) -> None:
    for answer in (get(runs, path(name), key=True), get(runs, signed(runs, path(name)))):
        assert answer.status_code == 200, answer.text
        assert answer.content == data
        assert answer.headers["content-type"].partition(";")[0] == media.partition(";")[0]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_a_model_is_a_download_of_known_size(runs: GatewayProcess) -> None:
    answer = get(runs, path(layout.MODEL), key=True)
    assert answer.headers["content-length"] == str(len(MODEL))
    assert answer.headers["content-disposition"] == 'attachment; filename="acme-abababababab.onnx"'
    head = runs.http.head(runs.url + path(layout.MODEL), headers=runs.authorization())
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(MODEL)))


@pytest.mark.parametrize("namespace", ["acme", "nobody"])
@pytest.mark.parametrize("run", [DIGEST, FAILED, "no-digest"])
def test_strangers_learn_nothing(runs: GatewayProcess, namespace: str, run: str) -> None:
    address = f"/v1/runs/{namespace}/{run}/{layout.REPORT}"
    answers = [get(runs, address), get(runs, address, Authorization="Token cf_wrong")]
    answers += [get(runs, f"{address}?expires=9999999999&signature={'0' * 64}"), get(runs, f"/v1/runs/{namespace}")]
    assert {one.status_code for one in answers} == {401}
    assert {error(one)["code"] for one in answers} == {"Unauthorized"}


def test_a_link_opens_no_other_file_and_no_other_namespace(runs: GatewayProcess) -> None:
    query = signed(runs, path(layout.REPORT)).partition("?")[2]
    others = [path(layout.MODEL), path(layout.REPORT, OLD), path(layout.REPORT, DIGEST, "rival")]
    for other in others:
        assert get(runs, f"{other}?{query}").status_code == 401
    assert get(runs, f"{path(layout.REPORT)}?{query}").status_code == 200
    assert get(runs, path(layout.REPORT, DIGEST, "rival"), key=True).status_code == 401


def test_a_link_whose_time_is_over_says_so(runs: GatewayProcess) -> None:
    answer = get(runs, signed(runs, path(layout.REPORT), -5))
    assert answer.status_code == 410
    assert error(answer)["code"] == "LinkExpired"
    assert get(runs, signed(runs, path(layout.REPORT), -5), key=True).status_code == 200, "a key is enough"


def test_a_link_goes_into_no_log(runs: GatewayProcess) -> None:
    link = signed(runs, path(layout.REPORT))
    assert get(runs, link).status_code == 200
    assert link.rpartition("=")[2] not in runs.log.read_text()


def test_a_run_that_has_not_succeeded_and_a_file_that_was_never_made_are_not_found(runs: GatewayProcess) -> None:
    failed, old = get(runs, path(layout.REPORT, FAILED), key=True), get(runs, path(layout.REPORT, OLD), key=True)
    assert (failed.status_code, old.status_code) == (404, 404)
    assert "has succeeded" in error(failed)["message"]
    assert "has no report.html" in error(old)["message"]
    assert get(runs, path(layout.MODEL, OLD), key=True).content == MODEL


@pytest.mark.parametrize(
    "address",
    [
        f"/v1/runs/acme/{DIGEST}/run.json",
        f"/v1/runs/acme/{DIGEST}/result.json",
        f"/v1/runs/acme/{DIGEST}/weights.safetensors",
        f"/v1/runs/acme/{DIGEST.upper()}/report.html",
        f"/v1/runs/acme/{DIGEST[:12]}/report.html",
        f"/v1/runs/acme/{DIGEST}/attempts/1/report.html",
        f"/v1/runs/acme/{DIGEST}/..%2f..%2f..%2frival%2fruns%2f{DIGEST}%2fresult.json",
        f"/v1/runs/acme/..%2f..%2frival%2fruns%2f{DIGEST}/report.html",
        "/v1/runs/acme/%2e%2e/report.html",
        f"/v1/runs/acme/{DIGEST}/report.html%00",
        f"/v1/runs/acme/{DIGEST}%0a/report.html",
        f"/v1/runs/acme/{DIGEST}/report.html/",
        f"/v1/runs/acme/{DIGEST}/",
    ],
)
def test_nothing_else_of_the_store_has_an_address(runs: GatewayProcess, address: str) -> None:
    answer = get(runs, address, key=True)
    assert answer.status_code == 404, answer.text
    assert error(answer)["code"] == "NotFound"
    assert b"secret" not in answer.content


def test_other_methods_are_refused(runs: GatewayProcess) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = runs.http.request(method, runs.url + path(layout.REPORT), headers=runs.authorization())
        assert answer.status_code == 405


def test_the_runs_that_answer_are_listed_with_their_addresses(runs: GatewayProcess) -> None:
    answer = get(runs, "/v1/runs/acme", key=True)
    (run,) = answer.json()["runs"]
    assert (run["capability"], run["version"], run["run"], run["run_digest"]) == ("cells", "1.1", "run-1-1", DIGEST)
    report = runs.http.get(run["files"]["report.html"], headers=runs.authorization())
    assert report.content == REPORT


def test_a_model_that_is_shorter_than_its_card_says_is_no_whole_download(runs: GatewayProcess) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        get(runs, path(layout.MODEL, CUT), key=True)
    assert get(runs, path(layout.REPORT, CUT), key=True).content == REPORT


def test_a_damaged_result_is_told_as_such(runs: GatewayProcess) -> None:
    answer = get(runs, path(layout.REPORT, DAMAGED), key=True)
    assert (answer.status_code, error(answer)["details"]["reason"]) == (503, "result.json of the run is damaged")


def test_a_card_without_end_is_not_taken_into_memory(runs: GatewayProcess) -> None:
    answer = get(runs, path(layout.MODEL, ENDLESS), key=True)
    assert (answer.status_code, error(answer)["code"]) == (503, "StorageUnavailable")
    assert "larger than any sound one" in error(answer)["details"]["reason"]
    assert get(runs, path(layout.REPORT, ENDLESS), key=True).content == REPORT


def test_many_at_once_get_whole_files(runs: GatewayProcess) -> None:
    link = signed(runs, path(layout.MODEL))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: get(runs, link).content, range(16)))
    assert set(map(len, answers)) == {len(MODEL)}


def test_who_hangs_up_takes_nothing_away_from_others(runs: GatewayProcess) -> None:
    for _ in range(40):
        with runs.http.stream("GET", runs.url + path(layout.MODEL), headers=runs.authorization()) as answer:
            assert answer.status_code == 200
    assert get(runs, path(layout.MODEL), key=True).content == MODEL


def test_answers_are_as_described(runs: GatewayProcess) -> None:
    schema = schemathesis.openapi.from_dict(get(runs, "/openapi.json").json())
    one = schema["/v1/runs/{namespace}/{run}/{file}"]["GET"]
    for answer in (
        get(runs, path(layout.CARD), key=True),
        get(runs, path(layout.CARD)),
        get(runs, path(layout.REPORT, OLD), key=True),
        get(runs, signed(runs, path(layout.CARD), -5)),
    ):
        one.validate_response(answer)
    schema["/v1/runs/{namespace}"]["GET"].validate_response(get(runs, "/v1/runs/acme", key=True))


def test_a_store_that_is_away_is_told_and_waited_for(server: S3Server, tmp_path: Path) -> None:
    away = {**server.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}
    settings = {"STORE_TIMEOUT_SECONDS": "2"}
    with gateway_process(tmp_path / "away", settings, plain=away) as process:
        opened(process, capability([version("1.1", "some-model", ["127.0.0.1:1"])], "1.1"))
        answer = get(process, path(layout.REPORT), key=True)
        assert answer.status_code == 503
        assert error(answer)["code"] == "StorageUnavailable"
        assert "retry-after" in answer.headers


def test_a_gateway_without_a_store_says_what_it_lacks(gateway: GatewayProcess) -> None:
    answer = get(gateway, path(layout.REPORT), key=True)
    assert answer.status_code == 503
    assert "CAPFORGE_STORE" in error(answer)["details"]["reason"]
