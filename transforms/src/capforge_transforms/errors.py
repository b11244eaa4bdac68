"""What can be wrong with a picture; each message says what is allowed."""

from __future__ import annotations


class ImageError(ValueError):
    """The bytes cannot be used as a picture; the message is fit for the person who sent them."""


class NotAnImage(ImageError):  # noqa: N818 - reads as the fact it states
    """The bytes are no JPEG, PNG or WebP, or of a rare kind that is not supported."""


class TooManyBytes(ImageError):  # noqa: N818 - reads as the fact it states
    """The file is larger than allowed."""


class TooManyPixels(ImageError):  # noqa: N818 - reads as the fact it states
    """The header announces more pixels than allowed; nothing was decoded."""


class Truncated(ImageError):  # noqa: N818 - reads as the fact it states
    """The header is fine, but the pixels are cut off or damaged."""


class UnknownVersion(ValueError):  # noqa: N818 - reads as the fact it states
    """This build has no transforms of that version."""
