"""The peers by their keys, in the order in which they are printed."""

from __future__ import annotations

GATEWAY = "gateway"
DIRECT = "direct"
DECODING_CLIENT = "decoding-client"
IN_PROCESS = "in-process"
IN_PROCESS_READY = "in-process-ready"
KSERVE = "kserve"
KSERVE_THREADS = "kserve-threads"
KSERVE_TRANSFORMER = "kserve-transformer"
KSERVE_TRANSFORMER_FP32 = "kserve-transformer-fp32"
MLSERVER = "mlserver"
ENVOY = "envoy"
GATEWAY_V2 = "gateway-v2"

TITLES = {
    GATEWAY: "our gateway → Triton",
    DIRECT: "Triton direct, ready uint8 tensor",
    GATEWAY_V2: "our gateway's /v2 → Triton, ready tensor",
    ENVOY: "Envoy → Triton, ready tensor",
    DECODING_CLIENT: "client decodes itself → Triton",
    IN_PROCESS: "ONNX Runtime in process, one loop",
    IN_PROCESS_READY: "the same loop, tensor ready",
    KSERVE: "KServe model server, model in process",
    KSERVE_THREADS: "KServe, predictions in threads",
    KSERVE_TRANSFORMER: "KServe transformer → Triton, uint8",
    KSERVE_TRANSFORMER_FP32: "KServe transformer → Triton, fp32",
    MLSERVER: "MLServer, model in process",
}
KEYS = tuple(TITLES)
ON_ONE_THREAD = (IN_PROCESS, IN_PROCESS_READY, KSERVE, KSERVE_TRANSFORMER, KSERVE_TRANSFORMER_FP32)
"""Peers whose own part of the work is done on one thread, whatever the number of cores."""
FLOAT_MODEL = (KSERVE_TRANSFORMER_FP32,)
"""Peers that need the small model in its form for floats."""
