"""The accounts of the embedded S3 server: one per tenant, fenced in below its prefix, and the gateway's own. Pure.

The charts compute the same names and secrets (templates): nothing is handed over but the tenants' namespaces.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

_OBJECTS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)

GATEWAY = "capforge-gateway"
"""The gateway's account: it reads and writes the blobs of all tenants (documents, readings). It reads their manifests
and what their snapshots say; for a purge it writes marks beside them. Of finished runs it reads what people may see."""
_SHOWN = ("report.html", "model.onnx", "model-card.json", "metrics.jsonl")
"""Of a run's attempt: what the gateway has addresses for."""
_TOLD = ("request.json", "result.json")
"""Of a snapshot: what was asked for, and what came of it."""
_GATEWAY_SEED = ":gateway"
"""In place of a namespace, which has no colon."""


def access_key(namespace: str) -> str:
    """Return the name of a tenant's account."""
    return f"tenant-{namespace}"


def secret_key(root_secret: str, namespace: str) -> str:
    """Return a tenant's secret: whoever has it can compute neither the root's nor another tenant's."""
    return _sha256(root_secret + _sha256(f"{root_secret}\n{namespace}"))


def gateway_secret_key(root_secret: str) -> str:
    """Return the gateway's secret."""
    return secret_key(root_secret, _GATEWAY_SEED)


def users(namespaces: Iterable[str], root_secret: str) -> bytes:
    """Return versitygw's `users.json`."""
    secrets = {access_key(one): secret_key(root_secret, one) for one in namespaces}
    secrets[GATEWAY] = gateway_secret_key(root_secret)
    numbers = {"userID": 0, "groupID": 0, "projectID": 0}
    accounts = {
        access: {"access": access, "secret": secret, "role": "user", **numbers} for access, secret in secrets.items()
    }
    return json.dumps({"accessAccounts": accounts}).encode()


def policy(bucket: str, namespaces: Iterable[str]) -> bytes:
    """Return the bucket's policy: each tenant reads, writes and lists below its own prefix, the gateway keeps blobs."""
    statements = [statement for one in namespaces for statement in _statements(bucket, one)]
    statements += _gateway_statements(f"arn:aws:s3:::{bucket}")
    return json.dumps({"Version": "2012-10-17", "Statement": statements}).encode()


def _statements(bucket: str, namespace: str) -> list[dict[str, Any]]:
    account = access_key(namespace)
    below = {"StringLike": {"s3:prefix": [f"{namespace}/*"]}}
    return [
        _allowed(account, _OBJECTS, f"arn:aws:s3:::{bucket}/{namespace}/*"),
        {**_allowed(account, ("s3:ListBucket",), f"arn:aws:s3:::{bucket}"), "Condition": below},
    ]


def _gateway_statements(bucket: str) -> list[dict[str, Any]]:
    listed = {"StringLike": {"s3:prefix": ["*/manifests/", "*/manifests/*.purged/", "*/snapshots/*"]}}
    shown = [f"{bucket}/*/runs/*/attempts/*/{name}" for name in _SHOWN]
    told = [f"{bucket}/*/snapshots/*/{name}" for name in _TOLD]
    return [
        _allowed(GATEWAY, _OBJECTS, f"{bucket}/*/blobs/*"),
        _allowed(GATEWAY, ("s3:GetObject",), f"{bucket}/*/runs/*/result.json", *shown),
        _allowed(GATEWAY, ("s3:GetObject",), f"{bucket}/*/manifests/*.jsonl", *told),
        _allowed(GATEWAY, ("s3:PutObject",), f"{bucket}/*/manifests/*.purged/*"),
        {**_allowed(GATEWAY, ("s3:ListBucket",), bucket), "Condition": listed},
    ]


def _allowed(account: str, actions: Iterable[str], *resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": [account]}, "Action": list(actions), "Resource": list(resources)}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
