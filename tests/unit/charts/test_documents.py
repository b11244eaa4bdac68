"""What the document loop needs: a reader without any right, the database's address, tables that come by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.charts.rendering import CHARTS, Manifest, RenderError, named, pods, render

_READER = "Deployment/capforge-candidates"
_GATEWAY = "Deployment/capforge-gateway"
_EXTERNAL: dict[str, Any] = {
    "embedded": {"enabled": False},
    "external": {"host": "db.example.com", "password": "p@ss/word", "ca": "-----BEGIN CERTIFICATE-----"},
}


def _environment(pod: Manifest) -> dict[str, Any]:
    """Return the variables of a pod's only container: a value, or the Secret's name and key."""
    (container,) = pod["containers"]
    return {
        one["name"]: one["value"] if "value" in one else tuple(one["valueFrom"]["secretKeyRef"][key] for key in _REF)
        for one in container["env"]
    }


_REF = ("name", "key")


def _migration(manifests: list[Manifest]) -> Manifest:
    (found,) = (one for one in manifests if one["kind"] == "Job")
    return found


def test_the_reader_has_no_credentials_but_the_token_that_it_is_asked_with() -> None:
    pod = pods(render("capforge"))[_READER]
    assert pod["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in pod
    assert [one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one] == ["capforge-internal"]
    assert not [name for name, value in _environment(pod).items() if isinstance(value, tuple)]


def test_the_reader_understands_engine_languages_and_limits() -> None:
    values = {
        "candidates": {"engine": "easyocr", "languages": ["en", "de"], "weightsClaim": "ocr", "threads": 2},
        "gateway": {"documents": {"maxBytes": 2_000_000, "maxPages": 9}},
    }
    pod = pods(render("capforge", values))[_READER]
    environment = _environment(pod)
    assert environment["CAPFORGE_ENGINE"] == "easyocr"
    assert environment["CAPFORGE_LANGUAGES"] == "en,de"
    assert (environment["CAPFORGE_MAX_BYTES"], environment["CAPFORGE_MAX_PAGES"]) == ("2000000", "9")
    (weights,) = (one for one in pod["volumes"] if one["name"] == "weights")
    assert weights["persistentVolumeClaim"] == {"claimName": "ocr", "readOnly": True}
    (mount,) = (one for one in pod["containers"][0]["volumeMounts"] if one["name"] == "weights")
    assert mount["mountPath"] == environment["CAPFORGE_WEIGHTS_FOLDER"]


def test_an_engine_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(RenderError, match="/candidates/engine"):
        render("capforge", {"candidates": {"engine": "other"}})


def test_the_gateway_knows_the_reader_where_there_is_one() -> None:
    manifests = render("capforge")
    host = named(manifests, "Service", "capforge-candidates")["metadata"]["name"]
    (port,) = named(manifests, "Service", "capforge-candidates")["spec"]["ports"]
    url = f"http://{host}.capforge-system.svc:{port['port']}"
    assert _environment(pods(manifests)[_GATEWAY])["CAPFORGE_CANDIDATES_URL"] == url
    without = render("capforge", {"candidates": {"enabled": False}})
    assert "CAPFORGE_CANDIDATES_URL" not in _environment(pods(without)[_GATEWAY])
    assert not [one for one in without if one["metadata"]["name"] == "capforge-candidates"]


def test_gateway_and_migration_have_the_database_from_one_secret_whatever_its_password_is() -> None:
    manifests = render("capforge", {"postgresql": _EXTERNAL})
    gateway, job = pods(manifests)[_GATEWAY], _migration(manifests)["spec"]["template"]["spec"]
    for environment in map(_environment, (gateway, job)):
        assert environment["CAPFORGE_DATABASE_URL"] == "postgresql+psycopg://"
        assert environment["PGPASSWORD"] == ("capforge-postgresql", "password")
        assert environment["PGSSLMODE"] == ("capforge-postgresql", "sslMode")
        assert environment["PGSSLROOTCERT"] == "/etc/capforge/postgresql/ca.crt"
    for pod in (gateway, job):
        assert "/etc/capforge/postgresql" in {one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
        assert "database-ca" in {one["name"] for one in pod["volumes"]}


def test_a_server_with_a_public_certificate_is_verified_by_the_systems_authorities() -> None:
    values = {"postgresql": {**_EXTERNAL, "external": {"host": "db.example.com"}}}
    environment = _environment(pods(render("capforge", values))[_GATEWAY])
    assert environment["PGSSLROOTCERT"] == "/etc/ssl/certs/ca-certificates.crt"


def test_what_was_deleted_is_purged_every_night_with_the_gateways_access() -> None:
    manifests = render("capforge", {"postgresql": {"purge": {"afterDays": 7}}})
    job = named(manifests, "CronJob", "capforge-purge")["spec"]
    assert (job["schedule"], job["timeZone"], job["concurrencyPolicy"]) == ("17 3 * * *", "Etc/UTC", "Forbid")
    environment = _environment(pods(manifests)["CronJob/capforge-purge"])
    assert environment["CAPFORGE_PURGE_AFTER_DAYS"] == "7"
    assert environment["PGPASSWORD"] == ("capforge-postgresql", "password")
    assert environment["AWS_ACCESS_KEY_ID"] == ("capforge-gateway-store", "accessKeyId")
    off = render("capforge", {"postgresql": {"purge": {"enabled": False}}})
    assert not [one for one in off if one["kind"] == "CronJob"]


def test_without_a_database_there_is_no_migration_and_the_gateway_reads_what_runs_show() -> None:
    manifests = render("capforge", {"postgresql": {"enabled": False}})
    assert not [one for one in manifests if one["kind"] in {"Job", "CronJob"}]
    names = set(_environment(pods(manifests)[_GATEWAY]))
    assert not {"CAPFORGE_DATABASE_URL", "PGPASSWORD"} & names
    assert {"CAPFORGE_STORE", "AWS_SECRET_ACCESS_KEY"} <= names


def test_the_gateway_has_its_own_account_of_the_embedded_store(monkeypatch: pytest.MonkeyPatch) -> None:
    manifests = render("capforge")
    environment = _environment(pods(manifests)[_GATEWAY])
    assert environment["AWS_SECRET_ACCESS_KEY"] == ("capforge-gateway-store", "secretAccessKey")
    own = named(manifests, "Secret", "capforge-gateway-store")["stringData"]
    system = named(manifests, "Secret", "capforge-object-store")["stringData"]
    monkeypatch.syspath_prepend(str(CHARTS.parent / "images" / "object-store" / "src"))
    accounts: Any = __import__("capforge_object_store.accounts", fromlist=["accounts"])
    assert own["accessKeyId"] == accounts.GATEWAY
    assert own["secretAccessKey"] == accounts.gateway_secret_key(system["secretAccessKey"])
    assert {name: own[name] for name in ("store", "endpointUrl")} == {
        name: system[name] for name in ("store", "endpointUrl")
    }


@pytest.mark.parametrize(
    ("store", "secret"),
    [
        ({"existingSecret": "mine"}, "mine"),
        (
            {"embedded": {"enabled": False}, "external": {"endpointUrl": "https://s3.example.com"}},
            "capforge-object-store",
        ),
    ],
    ids=["a Secret of ones own", "an external store"],
)
def test_elsewhere_it_has_the_systems_access(store: dict[str, Any], secret: str) -> None:
    manifests = render("capforge", {"objectStore": store, "tenant": {"enabled": False}})
    assert _environment(pods(manifests)[_GATEWAY])["AWS_ACCESS_KEY_ID"] == (secret, "accessKeyId")
    assert not [one for one in manifests if one["metadata"]["name"] == "capforge-gateway-store"]


def test_the_gateways_start_without_the_database() -> None:
    assert "initContainers" not in pods(render("capforge"))[_GATEWAY]


def test_each_image_has_a_migration_of_its_own_that_tries_until_it_works() -> None:
    one, other = (_migration(render("capforge", {"image": {"tag": tag}})) for tag in ("v1", "v2"))
    assert one["metadata"]["name"] != other["metadata"]["name"]
    assert one["spec"]["backoffLimit"] > 1000
    assert one["spec"]["template"]["spec"]["restartPolicy"] == "OnFailure"
    assert "ttlSecondsAfterFinished" not in one["spec"], "GitOps would make it again for ever"


def test_snapshots_find_the_gateways_internal_port() -> None:
    (port,) = named(render("capforge"), "Service", "capforge-gateway-internal")["spec"]["ports"]
    assert port["port"] == 9001
