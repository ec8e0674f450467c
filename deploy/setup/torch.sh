#!/bin/sh
# Installs the CPU build of torch: torch.sh VENV. If that fails it prints one line, and the tests of training are skipped.
#
# The pin has the local label +cpu, so that pip never chooses the build with gigabytes of CUDA.
set -eu
pinned=requirements/torch.txt

if "$1/bin/python" -m pip freeze | grep -qx "$(grep -o '^torch==[^ ]*' $pinned)"; then
    exit 0
fi
echo "installing the CPU build of torch"
# First from pip's configured index, then from PyTorch's index of CPU builds, which uv knows.
"$1/bin/python" -m pip --quiet --disable-pip-version-check install \
    --no-deps --only-binary :all: --require-hashes --requirement $pinned 2>/dev/null ||
    "$1/bin/uv" pip install --quiet --python "$1/bin/python" --torch-backend cpu \
        --no-deps --require-hashes --requirement $pinned 2>/dev/null ||
    echo "left out: tests of the training loops: the CPU build of torch could not be fetched"
