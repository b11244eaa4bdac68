"""The mail server and the webhook of the stories: real ones, in a pod of the system's namespace."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from capforge_tools.certificates import Authority
from tests.support.e2e import Json, System
from tests.support.workloads import Workloads

NAME, PORT, HOOKS_PORT = "e2e-mail", 2525, 8443
USER, PASSWORD = "capforge", "correct horse battery staple"
_LIBRARIES = ("aiosmtpd", "public", "attr", "attrs")
_RESTRICTED: Json = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True)
class Call:
    """A request that a webhook got."""

    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes

    @property
    def data(self) -> Json:
        """What it tells."""
        found: Json = json.loads(self.body)["data"]
        return found


@dataclass(frozen=True)
class MailPod:
    """A running mail server, and a webhook."""

    workloads: Workloads

    @property
    def values(self) -> list[str]:
        """What the chart is told."""
        host = f"{NAME}.{self.workloads.namespace}.svc"
        smtp = {
            "host": host,
            "port": PORT,
            "from": "capforge@example.com",
            "loginSecret": NAME,
            "caSecret": NAME,
            "allowedDomains": "{example.com}",
        }
        address = self._kubectl("get", "service", NAME, "--output=jsonpath={.spec.clusterIP}").strip()
        webhooks = {
            "enabled": "true",
            "networks": f"{{{address}/32}}",
            "ports": f"{{{HOOKS_PORT}}}",
            "caSecret": NAME,
        }
        peer = "notifications.smtp.networkPeers[0].podSelector.matchLabels.app"
        return [
            *(f"notifications.smtp.{name}={value}" for name, value in smtp.items()),
            *(f"notifications.webhooks.{name}={value}" for name, value in webhooks.items()),
            f"{peer}={NAME}",
        ]

    @property
    def hook_url(self) -> str:
        """Where the webhook is."""
        return f"https://{NAME}.{self.workloads.namespace}.svc:{HOOKS_PORT}/hook"

    def mails(self) -> list[EmailMessage]:
        """Return what came, in its order."""
        found = (message_from_bytes(data, policy=default) for data in self._kept("/tmp/mails", ".eml"))  # noqa: S108
        return [one for one in found if isinstance(one, EmailMessage)]

    def calls(self) -> list[Call]:
        """Return what the webhook got, in its order."""
        found = map(json.loads, self._kept("/tmp/hooks", ".json"))  # noqa: S108
        return [Call(one["headers"], base64.b64decode(one["body"])) for one in found]

    def _kept(self, folder: str, suffix: str) -> list[bytes]:
        """Return the whole files of a folder of the pod's own."""
        listed = self._kubectl("exec", NAME, "--", "ls", folder).split()
        names = [name for name in listed if name.endswith(suffix)]
        return [base64.b64decode(self._kubectl("exec", NAME, "--", "base64", f"{folder}/{name}")) for name in names]

    def _kubectl(self, *arguments: str) -> str:
        return self.workloads.clients.kubectl("--namespace", self.workloads.namespace, *arguments)


@contextmanager
def mail_pod(system: System, folder: Path) -> Iterator[MailPod]:
    """Run the server for the block."""
    workloads = Workloads(system)
    pod = MailPod(workloads)
    made = list(_objects(workloads, folder))
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    where = ("--namespace", workloads.namespace)
    workloads.clients.kubectl(*where, "apply", "-f", "-", stdin=document)
    try:
        workloads.clients.kubectl(*where, "wait", "--for=condition=Ready", f"pod/{NAME}", "--timeout=180s")
        yield pod
    finally:
        workloads.clients.kubectl(*where, "delete", "-f", "-", "--wait=false", stdin=document)


def _objects(workloads: Workloads, folder: Path) -> Iterator[Json]:
    authority = Authority(folder).create()
    pair = authority.issue(NAME, NAME, hosts=(f"{NAME}.{workloads.namespace}.svc",))
    secret = {
        "tls.crt": pair.certificate.read_text(),
        "tls.key": pair.key.read_text(),
        "ca.crt": authority.own.certificate.read_text(),
        "username": USER,
        "password": PASSWORD,
    }
    yield _object("v1", "Secret", {"stringData": secret})
    program = (Path(__file__).parent / "mail_pod.py").read_text()
    libraries = base64.b64encode(_libraries()).decode()
    yield _object("v1", "ConfigMap", {"data": {"mail_pod.py": program}, "binaryData": {"libraries.zip": libraries}})
    ports = [{"name": "smtp", "port": PORT}, {"name": "hooks", "port": HOOKS_PORT}]
    spec = {"selector": {"app": NAME}, "ports": ports}
    yield _object("v1", "Service", {"spec": spec})
    # Nobody else's policy says who may send mail to it.
    allowed = {"podSelector": {"matchLabels": {"app": NAME}}, "policyTypes": ["Ingress"], "ingress": [{}]}
    yield _object("networking.k8s.io/v1", "NetworkPolicy", {"spec": allowed})
    yield _object("v1", "Pod", {"spec": _pod(_image(workloads))})


def _pod(image: str) -> dict[str, Any]:
    logins = [
        {"name": variable, "valueFrom": {"secretKeyRef": {"name": NAME, "key": key}}}
        for variable, key in (("MAIL_USER", "username"), ("MAIL_PASSWORD", "password"))
    ]
    container = {
        "name": "mail",
        "image": image,
        "command": ["python3", "/srv/mail_pod.py"],
        "env": logins,
        "securityContext": _RESTRICTED,
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "volumeMounts": [
            {"name": "program", "mountPath": "/srv/mail_pod.py", "subPath": "mail_pod.py"},
            {"name": "program", "mountPath": "/srv/libraries.zip", "subPath": "libraries.zip"},
            {"name": "tls", "mountPath": "/srv/tls"},
        ],
    }
    volumes = [
        {"name": "program", "configMap": {"name": NAME}},
        {"name": "tls", "secret": {"secretName": NAME}},
    ]
    return {"containers": [container], "volumes": volumes, "automountServiceAccountToken": False}


def _object(version: str, kind: str, rest: Json) -> Json:
    metadata = {"name": NAME, "labels": {"app": NAME}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _image(workloads: Workloads) -> str:
    """Return an image that has Python: the operator's."""
    [pod, *_] = workloads.pods("operator")
    return str(pod.document["spec"]["containers"][0]["image"])


def _libraries() -> bytes:
    """Return the server's packages, which are plain Python, as one archive that can be imported from."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in _LIBRARIES:
            found = importlib.util.find_spec(name)
            assert found is not None
            assert found.origin is not None
            folder = Path(found.origin).parent
            for path in sorted(folder.rglob("*.py")):
                if "tests" not in path.parts:
                    archive.write(path, Path(name) / path.relative_to(folder))
    return target.getvalue()
