#!/bin/sh
# Resolves pyproject.toml into requirements/*.txt for every Python from 3.11 on: pins.sh UV [OPTION OF uv pip compile]...
#
# Existing pins stay; `--upgrade` renews them. The earlier files constrain the later ones, so that all fit into one
# environment. torch is left out: requirements/torch.txt pins it by hand, with the hashes in PyTorch's index of CPU
# builds for Linux. Its dependencies are read from that build, in that index or in the folder UV_FIND_LINKS.
set -eu
uv=$(realpath "$1")  # the folder changes below
shift
index="--torch-backend cpu"
if [ -n "${UV_FIND_LINKS:-}" ]; then index=; fi

compile() {
    # setuptools makes the editable installation of mien itself.
    # shellcheck disable=SC2086  # empty or two words
    echo "setuptools>=77" | "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-annotate --no-header --no-emit-package torch $index "$@" ../pyproject.toml - >/dev/null
}

cd requirements
compile "$@" --output-file service.txt
compile "$@" --constraints service.txt --extra demo --output-file demo.txt
# TensorRT itself comes from NVIDIA's packages: the index has only an installer that downloads it from elsewhere.
printf 'onnx>=1.19\npycuda\n' | "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-emit-find-links --no-annotate --no-header --constraints service.txt "$@" --output-file gpu.txt - >/dev/null
compile "$@" --constraints demo.txt --constraints torch.txt \
    --extra demo --extra training --extra dev --output-file dev.txt
