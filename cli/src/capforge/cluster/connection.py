"""A connection to a cluster by the kubeconfig in force, and the API's errors in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from capforge.errors import CliError
from capforge_contracts.names import API_GROUP, API_VERSION

TIMEOUT_SECONDS = 30
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True)
class Cluster:
    """An API server, and the namespace that its kubeconfig selects."""

    api: Any
    """kubernetes.client.ApiClient."""
    namespace: str

    @classmethod
    def connect(cls, context: str | None = None, kubeconfig: str | None = None) -> Cluster:
        """Use the file given, KUBECONFIG, ~/.kube/config or the pod's own account; raises CliError without any."""
        try:
            _, active = config.list_kube_config_contexts(kubeconfig)
            namespace = _context_namespace(context, active, kubeconfig)
            return cls(config.new_client_from_config(kubeconfig, context), namespace)
        except (ConfigException, FileNotFoundError) as error:
            if context is None and kubeconfig is None and _SERVICE_ACCOUNT.exists():
                config.load_incluster_config()
                return cls(client.ApiClient(), _SERVICE_ACCOUNT.read_text().strip())
            hint = "Set KUBECONFIG to the file that `kubectl` uses, or name a context of it by --context."
            raise CliError(f"no usable kubeconfig: {error}", hint) from error

    @property
    def core(self) -> Any:
        """The core API."""
        return client.CoreV1Api(self.api)

    def objects(self, plural: str, namespace: str | None) -> list[dict[str, Any]]:
        """Return our objects of one kind, in one namespace or in all."""
        custom = client.CustomObjectsApi(self.api)
        with explained(f"list {plural}"):
            if namespace is None:
                answer = custom.list_cluster_custom_object(
                    API_GROUP, API_VERSION, plural, _request_timeout=TIMEOUT_SECONDS
                )
            else:
                answer = custom.list_namespaced_custom_object(
                    API_GROUP, API_VERSION, namespace, plural, _request_timeout=TIMEOUT_SECONDS
                )
        items: list[dict[str, Any]] = answer["items"]
        return items

    def object(self, plural: str, namespace: str, name: str) -> dict[str, Any]:
        """Return one of our objects; raises CliError where there is none."""
        custom = client.CustomObjectsApi(self.api)
        with explained(f"get {plural} {namespace}/{name}"):
            answer: dict[str, Any] = custom.get_namespaced_custom_object(
                API_GROUP, API_VERSION, namespace, plural, name, _request_timeout=TIMEOUT_SECONDS
            )
        return answer


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn the API client's errors into CliErrors; `doing` says what was tried."""
    try:
        yield
    except client.ApiException as error:
        raise CliError(f"cannot {doing}: {_words(error)}", _hint(error)) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        hint = "Is the cluster running? `kubectl cluster-info` asks the same server."
        raise CliError(f"cannot {doing}: the API server does not answer ({error})", hint) from error


def _context_namespace(context: str | None, active: dict[str, Any], kubeconfig: str | None) -> str:
    found = active
    if context is not None:
        contexts, _ = config.list_kube_config_contexts(kubeconfig)
        found = next((one for one in contexts if one["name"] == context), {"context": {}})
    return str(found["context"].get("namespace") or "default")


def _words(error: Any) -> str:
    """Return the API server's own message where it sent one."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return str(error.reason)


def _hint(error: Any) -> str:
    if error.status == HTTPStatus.NOT_FOUND:
        return "Is Capforge installed, and is the name and the --namespace right?"
    if error.status in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}:
        return "Ask whoever runs the cluster for this right, or choose another --context."
    return ""
