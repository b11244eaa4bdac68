"""What the protocol tells about the server and its models. Pure."""

from __future__ import annotations

from typing import Any

from capforge_contracts.build import RELEASE
from capforge_gateway.inference_protocol.names import name_of
from capforge_gateway.inference_protocol.tensors import ENCODED
from capforge_gateway.predict.interface import INTERFACES, described_outputs, input_size
from capforge_gateway.routing.resolve import available
from capforge_gateway.routing.routes import Capability, Version

Json = dict[str, Any]

SERVER_NAME = "capforge-gateway"
SERVER_VERSION = RELEASE
EXTENSIONS = ["binary_tensor_data", "classification"]
PLATFORM = "onnxruntime_onnx"
_ANY = -1


def server_metadata() -> Json:
    """Return the same for everybody."""
    return {"name": SERVER_NAME, "version": SERVER_VERSION, "extensions": EXTENSIONS}


def model_metadata(capability: Capability, version: Version) -> Json:
    """Return the interface of one version, and which versions answer.

    `inputs` are the model's own. That encoded images may be sent instead is a parameter: the protocol has no way to say
    "one of these", and clients fill every input that is listed.
    """
    interface = INTERFACES[capability.type]
    width, height = input_size(version)
    outputs = described_outputs(interface, version)
    encoded = {"encoded_input": ENCODED, "encoded_formats": "JPEG, PNG, WebP"} if interface.takes_files else {}
    return {
        "name": name_of(capability.namespace, capability.name),
        "versions": [one.removeprefix("v") for one in reversed(available(capability))],
        "platform": PLATFORM,
        "inputs": [{"name": interface.input, "datatype": "UINT8", "shape": [_ANY, height, width, 3]}],
        "outputs": [{"name": name, "datatype": datatype, "shape": shape} for name, datatype, shape in outputs],
        "parameters": {
            "version": version.version,
            **encoded,
            "classes": list(version.names),
            "transforms_version": version.transforms_version,
            **({"crop": version.crop.model_dump(mode="json", by_alias=True)} if version.crop else {}),
        },
    }


def readiness(name: str, version: Version | None, *, ready: bool) -> Json:
    """Return whether a model, or (without one) the server is ready."""
    return {"name": name, "version": version.version, "ready": ready} if version else {"name": name, "ready": ready}
