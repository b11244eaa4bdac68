"""What whoever installs the operator may set about mail and webhooks; part of Settings."""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from capforge_operator.api.notifications import ADDRESS


def _words(value: object) -> object:
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""Comma-separated."""
Seconds = Annotated[float, Field(gt=0)]


class SmtpSecurity(StrEnum):
    """How the way to the mail server is protected."""

    START_TLS = "StartTls"
    """A plain connection becomes TLS before anything is said; refused where the server does not offer it."""
    TLS = "Tls"
    """TLS from the first byte."""
    NONE = "None"
    """Nothing is protected: inside of a cluster only."""


class NotificationSettings(BaseModel):
    """Without smtp_host no mail is sent; without webhooks_enabled nobody is called."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    smtp_host: str = ""
    """The mail server; empty: no mail."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Of the mail server."""
    smtp_security: SmtpSecurity = SmtpSecurity.START_TLS
    """StartTls, Tls or None."""
    smtp_ca: str = ""
    """Path of the certificate authority of the mail server, PEM; empty: the system's."""
    smtp_credentials: str = ""
    """Folder with the files `username` and `password`, read again for each connection; empty: no login."""
    smtp_from: Annotated[str, Field(validate_default=True)] = ""
    """Address that mails come from, such as capforge@example.com; its domain also ends their Message-ID."""
    smtp_from_name: Annotated[str, Field(max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")] = "Capforge"
    """Shown beside it."""
    smtp_allowed_domains: Words = ()
    """Domains that mail may go to, comma-separated; a leading dot allows subdomains; empty: all."""
    smtp_timeout_seconds: Seconds = 20.0
    """How long the mail server may take for one answer."""
    webhooks_enabled: bool = False
    """Whether webhooks are called."""
    webhook_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_words)] = ()
    """Networks that webhooks may lie in although they are not public, comma-separated."""
    webhook_ca: str = ""
    """Path of a certificate authority of webhooks, PEM, besides the system's; empty: none."""
    webhook_timeout_seconds: Seconds = 10.0
    """How long a webhook may take."""
    links_url: str = ""
    """Address of the gateway from outside of the cluster; empty: there is none, and mails say how to reach it."""
    link_days: Annotated[int, Field(ge=1, le=365)] = 14
    """For how many days the links in notifications work."""
    notify_patience_seconds: Seconds = 3 * 86400.0
    """For how long after a run's end it is tried to tell people."""
    notify_retry_seconds: Seconds = 600.0
    """The longest wait between two tries."""
    notify_workers: Annotated[int, Field(ge=1, le=16)] = 2
    """How many ends of runs are told at once."""

    @field_validator("smtp_from")
    @classmethod
    def _is_an_address(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("smtp_host") and not re.fullmatch(ADDRESS.strip("^$"), value):
            raise ValueError("an address such as capforge@example.com is needed where smtp_host is set")
        return value

    @property
    def smtp_credentials_folder(self) -> Path | None:
        """Where the login is."""
        return Path(self.smtp_credentials) if self.smtp_credentials else None
