"""From a letter to the message that goes over the wire: text, HTML, pictures inside of it."""

from __future__ import annotations

from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from capforge_operator.posting import Mail


def mime(mail: Mail, sender: str, sender_name: str, now: datetime) -> EmailMessage:
    """Return the message; ValueError for an address or a subject that would break a header.

    multipart/alternative of text and HTML, the latter with its pictures in multipart/related. It says that a machine
    wrote it, so that no absent person's machine answers.
    """
    letter = mail.letter
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender, sender_name)
    message["To"] = _address(mail.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.message_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    body = message.get_payload()[-1]  # type: ignore[index]
    for picture in letter.pictures:
        body.add_related(  # type: ignore[union-attr]
            picture.data,
            maintype="image",
            subtype=picture.subtype,
            cid=f"<{picture.name}>",
            filename=f"{picture.name}.{picture.subtype}",
            disposition="inline",
        )
    return message


def _address(address: str, name: str = "") -> Address:
    try:
        return Address(name, addr_spec=address)
    except (HeaderParseError, IndexError) as error:  # what it says of an address that is none
        raise ValueError(f"{address!r} is no address") from error
