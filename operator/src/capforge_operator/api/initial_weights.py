"""What a training run starts from."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import Rule, Uri, checked, rules


class InitialWeights(ApiModel):
    """What training starts from, instead of what the template says: exactly one member is set."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "[has(self.version), has(self.uri)].filter(given, given).size() == 1",
                "initialWeights: exactly one is allowed of: version, uri",
            )
        )
    )

    version: Annotated[str, Field(max_length=16, pattern=r"^1\.[1-9][0-9]*$")] | None = None
    """A version of the same capability, such as 1.2: training goes on from its weights."""
    uri: (
        Annotated[
            Uri,
            checked(
                Rule(
                    "self.matches('^s3://[a-z0-9][-a-z0-9.]{1,61}[a-z0-9](/[^/[:cntrl:]]+)+[.]safetensors$')"
                    " && !self.contains('/../') && !self.contains('/./')",
                    "uri: allowed is the address of a file of weights in the object store, below the namespace's own"
                    " folder: s3://<bucket>/<namespace>/<path>.safetensors",
                )
            ),
        ]
        | None
    ) = None
    """A file of weights in the object store, below the namespace's own folder; tensors of other shapes are left out."""
