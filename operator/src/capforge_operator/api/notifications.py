"""Who is told when a training run of a capability has ended.

`outcomes`, not `on`: YAML 1.1 reads the bare word `on` as the boolean true, and every `kubectl apply` would lose it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import DNS_LABEL, SET, map_by

MAX_RECIPIENTS = 20
MAX_WEBHOOKS = 8
_LOCAL_PART = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = rf"^{_LOCAL_PART}@{_LABEL}(\.{_LABEL})*$"
"""An address without display name, comment or line break: it is put into a header."""
WEB_ADDRESS = r"^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-~]*)?$"
"""http or https, a host, no user name, printable ASCII."""


class Outcome(StrEnum):
    """How a training run ends."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


Outcomes = Annotated[list[Outcome], Field(max_length=len(Outcome)), SET]
Address = Annotated[str, Field(min_length=3, max_length=254, pattern=ADDRESS)]


class EmailNotification(ApiModel):
    """E-mail through the installation's mail server."""

    recipients: Annotated[
        list[Address],
        Field(min_length=1, max_length=MAX_RECIPIENTS),
        SET,
    ]
    """Addresses such as ann@example.com; each gets a mail of its own. The installation may allow certain
    domains only."""
    outcomes: Outcomes = []
    """Which ends are told: Succeeded, Failed; both where absent."""


class Webhook(ApiModel):
    """A signed request to an address of yours."""

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=DNS_LABEL)]
    """What it is called in conditions and in the ledger."""
    url: Annotated[str, Field(max_length=2048, pattern=WEB_ADDRESS)]
    """Where the request goes: http or https, to a public host or into a network that the installation allows."""
    secret_key: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]
    """The entry of Secret capforge-webhook-keys in this namespace that holds the key by which requests are signed."""
    outcomes: Outcomes = []
    """Which ends are told: Succeeded, Failed; both where absent."""


class Notifications(ApiModel):
    """Who is told when a training run of this capability has ended. At least once each, with a fixed id."""

    email: EmailNotification | None = None
    """Who gets an e-mail."""
    webhooks: Annotated[list[Webhook], Field(max_length=MAX_WEBHOOKS), map_by("name")] = []
    """Which addresses get a signed request."""
