#!/bin/sh
# Installs Debian packages, as root or by sudo without a password: apt.sh PACKAGE... On failure prints the reason.
set -eu

if ! command -v apt-get >/dev/null; then
    echo "there is no apt-get" && exit 1
elif [ "$(id -u)" -eq 0 ]; then
    root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    root="sudo -n"
else
    echo "it needs root, or sudo without a password" && exit 1
fi

echo "installing $*" >&2
# A failed update does not matter if the packages are known already.
$root apt-get -qq update >/dev/null 2>&1 || true
if ! output=$($root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@" 2>&1); then
    echo "apt-get failed: $(echo "$output" | grep '^E:' | head -n 1)" && exit 1
fi
