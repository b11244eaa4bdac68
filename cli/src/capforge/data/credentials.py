"""Which store a push writes to, and with whose credentials.

A namespace's Secret `capforge-object-store` counts where a namespace is named; else the AWS_* variables; else the
Secret of the kubeconfig's own namespace.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kubernetes.client import ApiException

from capforge.cluster.connection import Cluster, explained
from capforge.cluster.reach import reachable
from capforge.errors import CliError, Exit
from capforge_contracts.names import STORE_SECRET
from capforge_contracts.s3 import S3ObjectStore, s3_client
from capforge_contracts.store import StoreUri

_VARIABLES = {
    "accessKeyId": "AWS_ACCESS_KEY_ID",
    "secretAccessKey": "AWS_SECRET_ACCESS_KEY",
    "endpointUrl": "AWS_ENDPOINT_URL",
    "region": "AWS_REGION",
    "pathStyle": "CAPFORGE_STORE_PATH_STYLE",
}
_HINT = (
    "Name a prepared namespace by --namespace (its Secret capforge-object-store is used), or set AWS_ACCESS_KEY_ID, "
    "AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL and AWS_REGION."
)


@dataclass(frozen=True)
class Access:
    """How the store is reached."""

    environment: Mapping[str, str]
    cluster: Cluster | None = None
    namespace: str | None = None
    bucket: str | None = None
    """The installation's bucket, where the credentials come from a namespace."""


def choose(env: Mapping[str, str], namespace: str | None, context: str | None) -> Access:
    """Return the access to use; raises CliError that names both ways where there is neither."""
    if namespace is None and env.get("AWS_ACCESS_KEY_ID"):
        return Access(env)
    try:
        cluster = Cluster.connect(context)
        return from_secret(cluster, namespace or cluster.namespace)
    except CliError as error:
        raise CliError(f"no credentials for the object store: {error}", error.hint if namespace else _HINT) from error


def from_secret(cluster: Cluster, namespace: str) -> Access:
    """Read a namespace's Secret."""
    with explained(f"read Secret {STORE_SECRET} of namespace {namespace}"):
        secret = _secret(cluster, namespace)
    values = {key: base64.b64decode(value).decode() for key, value in (secret.data or {}).items()}
    missing = [key for key in ("accessKeyId", "secretAccessKey", "store") if not values.get(key)]
    if missing:
        raise CliError(
            f"Secret {namespace}/{STORE_SECRET} lacks {', '.join(missing)}", "It is made by capforge-tenant."
        )
    environment = {variable: values[key] for key, variable in _VARIABLES.items() if values.get(key)}
    if values.get("ca.crt"):
        environment["ca.crt"] = values["ca.crt"]
    return Access(environment, cluster, namespace, values["store"].removeprefix("s3://"))


def _secret(cluster: Cluster, namespace: str) -> Any:
    try:
        return cluster.core.read_namespaced_secret(STORE_SECRET, namespace)
    except ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        hint = f"Prepare the namespace: helm install capforge-tenant charts/capforge-tenant -n {namespace}"
        raise CliError(f"namespace {namespace} has no Secret {STORE_SECRET}", hint) from error


def require_own_prefix(access: Access, place: StoreUri) -> None:
    """Refuse a place in the installation's bucket that a Dataset of the namespace could not read."""
    own = f"{access.namespace}/"
    if place.bucket == access.bucket and not f"{place.key}/".startswith(own):
        allowed = f"allowed: s3://{place.bucket}/{own}…"
        raise CliError(f"{place} lies outside namespace {access.namespace}; {allowed}", code=Exit.WRONG_USAGE)


@contextmanager
def opened(access: Access, bucket: str) -> Iterator[S3ObjectStore]:
    """Yield the bucket, reached from wherever this machine is."""
    environment = dict(access.environment)
    with TemporaryDirectory() as folder, _endpoint(environment.get("AWS_ENDPOINT_URL"), access.cluster) as url:
        authority = environment.pop("ca.crt", None)
        if authority:
            path = Path(folder) / "ca.crt"
            path.write_text(authority)
            environment["CAPFORGE_STORE_CA"] = str(path)
        if url:
            environment["AWS_ENDPOINT_URL"] = url
        yield S3ObjectStore(bucket, s3_client(environment))


@contextmanager
def _endpoint(url: str | None, cluster: Cluster | None) -> Iterator[str | None]:
    """Yield a reachable address for an endpoint; None (AWS itself) stays None."""
    if url is None:
        yield None
        return
    with reachable(url, cluster) as address:
        yield address
