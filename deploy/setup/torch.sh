#!/bin/sh
# Installs the CPU build of torch: torch.sh VENV. Where it cannot be had, one line says so: training's tests skip then.
#
# The version is pinned with its local label, so the build that brings gigabytes of CUDA can never be chosen.
set -eu
pinned=requirements/torch.txt

if "$1/bin/python" -m pip freeze | grep -qx "$(grep -o '^torch==[^ ]*' $pinned)"; then
    exit 0
fi
echo "installing the CPU build of torch"
# First from where pip is told to look, then from where PyTorch keeps its CPU builds, which uv knows.
"$1/bin/python" -m pip --quiet --disable-pip-version-check install \
    --no-deps --only-binary :all: --require-hashes --requirement $pinned 2>/dev/null ||
    "$1/bin/uv" pip install --quiet --python "$1/bin/python" --torch-backend cpu \
        --no-deps --require-hashes --requirement $pinned 2>/dev/null ||
    echo "left out: tests of the training loops: the CPU build of torch could not be fetched"
