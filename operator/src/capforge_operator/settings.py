"""What whoever installs the operator may set: environment variables, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError

from capforge_contracts.names import GATEWAY_INTERNAL_PORT
from capforge_operator.notification_settings import NotificationSettings, Seconds, Words
from capforge_operator.rbac import DEFAULT_POOL

PREFIX = "CAPFORGE_"


class SettingsError(Exception):
    """A variable is missing or wrong; the message names it."""


class Settings(NotificationSettings):
    """One field per variable: `trainer_image` is read from CAPFORGE_TRAINER_IMAGE.

    The object store's own variables (CAPFORGE_STORE, AWS_…) are described in capforge_contracts.store.open_store.
    """

    namespace: str
    """The operator's own namespace, where serving pods and gateways run."""
    snapshot_image: str
    """Image of snapshot Jobs."""
    trainer_image: str
    """Image of training Jobs whose template names none; part of the run digest, so pin it by tag or digest."""
    image_pull_policy: str = "IfNotPresent"
    """Of all Jobs."""
    image_pull_secrets: Words = ()
    """Names of pull secrets in the tenant namespaces, comma-separated."""
    snapshot_cpu: str = "500m"
    """CPU request of a snapshot Job."""
    snapshot_memory: str = "1Gi"
    """Memory request and limit of a snapshot Job."""
    snapshot_deadline_seconds: int = 6 * 3600
    """A snapshot Job that takes longer is ended and tried again."""
    trainer_cpu: str = "2"
    """CPU request of a training Job that asks for none."""
    trainer_memory: str = "4Gi"
    """Memory request and limit of a training Job that asks for none."""
    trainer_shm_size: str = "1Gi"
    """Size of /dev/shm in training pods (counts as memory)."""
    training_allowance_seconds: int = 2 * 3600
    """What a training Job gets beyond the run's time budget for download, export, evaluation and retries."""
    job_ttl_seconds: int = 24 * 3600
    """How long finished Jobs and their logs are kept."""
    store_ca: str = ""
    """Path of the object store's CA; if set, Jobs mount `ca.crt` of their Secret capforge-object-store too."""
    pool: str = DEFAULT_POOL
    """Name of the serving pool."""
    external_url: str = ""
    """Address of the gateway as clients see it, such as https://models.example.com."""
    gateway_url: str = ""
    """Where snapshot Jobs reach the gateways' internal port; capforge-gateway-internal in `namespace` where absent."""
    internal_token_file: Path = Path("/etc/capforge/internal/token")
    """File with the bearer token between operator, agents and gateways; read again for every call."""
    workers: Annotated[int, Field(ge=1, le=64)] = 8
    """How many objects are reconciled at once."""
    threads: Annotated[int, Field(ge=1, le=64)] = 8
    """How many blocking calls to the object store run at once."""
    blocking_timeout_seconds: Seconds = 120.0
    """The longest a blocking call may take, waiting for a thread included."""
    reconcile_timeout_seconds: Seconds = 300.0
    """The longest one reconcile may take."""
    resync_seconds: Seconds = 300.0
    """How often every object is looked at without a cause."""
    poll_seconds: Seconds = 5.0
    """How often the progress of an active Job is read."""
    image_pull_patience_seconds: Seconds = 300.0
    """How long an image may fail to be pulled before the run fails."""
    liveness_patience_seconds: Seconds = 60.0
    """How long the event loop may stand still before the probe fails."""
    port: int = 8080
    """Port of /healthz and /metrics."""
    log_level: str = "info"
    """debug, info, warning or error."""

    @property
    def gateway_address(self) -> str:
        """Where snapshot Jobs reach the gateways' internal port."""
        return self.gateway_url or f"http://capforge-gateway-internal.{self.namespace}.svc:{GATEWAY_INTERNAL_PORT}"

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """Read the variables; raises SettingsError naming each wrong one."""
        given = {name: env[PREFIX + name.upper()] for name in cls.model_fields if env.get(PREFIX + name.upper())}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            wrong = [f"{PREFIX}{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors()]
            raise SettingsError("; ".join(sorted(wrong))) from error
