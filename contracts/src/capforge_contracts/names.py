"""Names that several processes must spell alike."""

from __future__ import annotations

API_GROUP = "capforge.dev"
API_VERSION = "v1alpha1"

STORE_SECRET = "capforge-object-store"  # noqa: S105 - the name of a Secret, not a secret
KEYS_SECRET = "capforge-api-keys"  # noqa: S105 - the name of a Secret, not a secret
WEBHOOK_SECRET = "capforge-webhook-keys"  # noqa: S105 - the name of a Secret, not a secret
"""In a tenant's namespace: one entry for each key by which webhooks are signed."""
INTERNAL_SECRET = "capforge-internal"  # noqa: S105 - the name of a Secret, not a secret
"""Holds `token`: the bearer token between operator, agents and gateways."""
JOB_SERVICE_ACCOUNT = "capforge-job"
JOB_TOKEN_AUDIENCE = "capforge-gateway"  # noqa: S105 - an audience, not a secret
"""Of the projected token by which a snapshot Job reads its tenant's annotations from the gateway."""
ROUTES_CONFIG_MAP = "capforge-routes"
ROUTES_FILE = "routes.json"
DESIRED_FILE = "desired.json"

GATEWAY_PORT = 8080
GATEWAY_INTERNAL_PORT = 9001
CANDIDATES_PORT = 8090
AGENT_PORT = 9000
TRITON_HTTP_PORT = 8000
TRITON_GRPC_PORT = 8001
TRITON_METRICS_PORT = 8002

MODEL_DIGEST_CHARS = 12
LABEL_PREFIX = "capforge.dev"


def desired_config_map(pool: str) -> str:
    """Return the name of the ConfigMap that holds the desired models of a serving pool."""
    return f"capforge-desired-{pool}"


def model_name(capability: str, model_sha256: str) -> str:
    """Return the Triton model name of a capability's version: `<capability>--<first 12 of the model's sha256>`."""
    return f"{capability}--{model_sha256[:MODEL_DIGEST_CHARS]}"
