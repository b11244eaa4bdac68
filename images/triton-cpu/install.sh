#!/usr/bin/env bash
# Puts a CPU Triton with our onnxruntime back end into a folder laid out like NVIDIA's /opt/tritonserver.
# The image and the tests install by this one script. The folder may be moved afterwards.
#
# usage: install.sh <folder>      environment: PYTHON (default python3.11; with uv or its own pip, and libpython3.11.so)
set -euo pipefail
prefix=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
requirements=${REQUIREMENTS:-$here/../../requirements/triton-cpu.txt}
python=${PYTHON:-python3.11}

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [[ $version != 3.11 ]]; then
  echo "install.sh: $python is Python $version; the server's python back end is built for 3.11 (set PYTHON)" >&2
  exit 1
fi

mkdir -p "$prefix/bin" "$prefix/backends/python"
if command -v uv >/dev/null; then
  uv pip install --quiet --python "$python" --no-deps --require-hashes \
    --target "$prefix/site-packages" --requirement "$requirements"
else
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --no-compile \
    --target "$prefix/site-packages" --requirement "$requirements"
fi

server=$prefix/site-packages/pytriton/tritonserver
cp "$server"/backends/python/* "$server/python_backend_stubs/3.11/triton_python_backend_stub" "$prefix/backends/python/"
rm -rf "$server/python_backend_stubs" "$server/backends" "$prefix/site-packages/bin"
cp -r "$here/backend" "$prefix/backends/onnxruntime"
ln -s ../../site-packages "$prefix/backends/onnxruntime/site-packages"

# The stub embeds Python: it must find the library and the standard library of the same interpreter.
"$python" - "$prefix/python.env" <<'PYTHON'
import sys
import sysconfig

with open(sys.argv[1], "w") as out:
    out.write(f"PYTHONHOME={sys.base_prefix}\nPYTHON_LIBRARIES={sysconfig.get_config_var('LIBDIR')}\n")
PYTHON
install -m 0755 "$here/tritonserver.sh" "$prefix/bin/tritonserver"

# shellcheck source=/dev/null
source "$prefix/python.env"
missing=$(LD_LIBRARY_PATH=$prefix/site-packages/nvidia_pytriton.libs:$PYTHON_LIBRARIES \
  ldd "$prefix/backends/python/triton_python_backend_stub" | grep 'not found' || true)
if [[ -n $missing ]]; then
  echo "install.sh: the python back end lacks libraries (Debian: apt-get install libpython3.11):" >&2
  echo "$missing" >&2
  exit 1
fi
