#!/bin/sh
# Starts the server from wherever its folder lies; takes tritonserver's own arguments.
set -eu
prefix=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=/dev/null
. "$prefix/python.env"
export PYTHONHOME PYTHONDONTWRITEBYTECODE=1
# ONNX Runtime's builds on PyPI report model names and graph hashes to their vendor unless told not to (since 1.29).
export ORT_DISABLE_TELEMETRY=1
export LD_LIBRARY_PATH="$prefix/site-packages/nvidia_pytriton.libs:$PYTHON_LIBRARIES"
# Keep freed memory for the next request: giving 150 kB back and taking it again costs a page fault per 4 kB.
export MALLOC_MMAP_THRESHOLD_="${MALLOC_MMAP_THRESHOLD_:-4194304}" MALLOC_TRIM_THRESHOLD_="${MALLOC_TRIM_THRESHOLD_:-16777216}"
exec "$prefix/site-packages/pytriton/tritonserver/bin/tritonserver" --backend-directory="$prefix/backends" "$@"
