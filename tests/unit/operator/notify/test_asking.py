"""What may stand in spec.notifications, and that nothing of it can become a header or an address within."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from capforge_contracts.ledger import Notified, UnknownEntry, VersionPublished, read_entry
from capforge_operator.api.notifications import EmailNotification, Outcome, Webhook
from capforge_operator.domain.ledger import Ledger
from capforge_operator.settings import Settings, SettingsError
from tests.unit.operator.serving_world import published

NEEDED = {"CAPFORGE_NAMESPACE": "n", "CAPFORGE_SNAPSHOT_IMAGE": "s:1", "CAPFORGE_TRAINER_IMAGE": "t:1"}


@pytest.mark.parametrize("address", ["a@b.c", "ann.lee+ml@mail.example.com", "x@localhost", "a@xn--bcher-kva.example"])
def test_an_address_is_taken(address: str):
    assert EmailNotification(recipients=[address]).recipients == [address]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@b.c",
        "a@",
        "Ann <a@b.c>",
        "a@b.c\r\nBcc: eve@example.com",
        "a@b.c\n",
        "a b@c.d",
        "a@b..c",
        "a..b@c.d",
        '"a"@b.c',
        "a@-b.c",
        "a,b@c.d",
        "jürgen@example.com",
        f"{'a' * 250}@b.cd",
    ],
)
def test_anything_else_is_no_address(address: str):
    with pytest.raises(ValidationError):
        EmailNotification(recipients=[address])


def webhook(url: str) -> Webhook:
    return Webhook(name="chat", url=url, secret_key="chat")


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com",
        "http://chat.team-a.svc:8080/x?y=z",
        "https://10.0.0.1/",
        "https://[2001:db8::1]:8443/h",
    ],
)
def test_a_web_address_is_taken(url: str):
    assert webhook(url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example.com",
        "//a.example.com",
        "https://",
        "https://user:password@a.example.com/",
        "https://a.example.com\\@b.example.com/",
        "https://a.example.com/ x",
        "https://a.example.com/\r\nHost: b",
        "https://a.example.com:port/",
        "https://é.example.com/",
        "file:///etc/passwd",
    ],
)
def test_anything_else_is_no_web_address(url: str):
    with pytest.raises(ValidationError):
        webhook(url)


def test_outcomes_are_two():
    assert EmailNotification(recipients=["a@b.c"], outcomes=["Failed"]).outcomes == [Outcome.FAILED]  # type: ignore[list-item]
    with pytest.raises(ValidationError):
        EmailNotification(recipients=["a@b.c"], outcomes=["Lost"])  # type: ignore[list-item]


def test_a_mail_server_needs_a_sender():
    with pytest.raises(SettingsError, match="CAPFORGE_SMTP_FROM"):
        Settings.from_environment({**NEEDED, "CAPFORGE_SMTP_HOST": "mail.example.com"})
    sender = {"CAPFORGE_SMTP_FROM": "a@b.c\r\nBcc: e@f.g"}
    with pytest.raises(SettingsError, match="CAPFORGE_SMTP_FROM"):
        Settings.from_environment({**NEEDED, "CAPFORGE_SMTP_HOST": "mail.example.com", **sender})


def test_an_entry_of_a_later_release_counts_and_says_nothing():
    later = b'{"kind":"Praised","sequence":2,"time":"2027-01-01T00:00:00Z","by":"everybody"}'
    entry = read_entry(later)
    assert entry == UnknownEntry(kind="Praised", sequence=2, time="2027-01-01T00:00:00Z")
    ledger = Ledger.of([published(1), entry])
    assert (ledger.next_sequence, str(ledger.next_version)) == (3, "1.2")


def test_a_damaged_entry_is_still_refused():
    with pytest.raises(ValidationError):
        read_entry(b'{"kind":"VersionPublished","sequence":1}')
    with pytest.raises(ValidationError):
        read_entry(b'{"sequence":1}')


def test_what_was_told_is_read_as_it_was_written():
    told = Notified(sequence=1, time="t", run="r", end="e", outcome="Failed", deliveries=[], complete=True)
    assert read_entry(told.to_json()) == told
    assert not isinstance(read_entry(told.to_json()), VersionPublished)
