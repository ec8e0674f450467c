#!/bin/sh
# Installs Debian packages where it may: apt.sh PACKAGE... On failure the reason is its one line on stdout.
set -eu

if ! command -v apt-get >/dev/null; then
    echo "no apt-get here" && exit 1
elif [ "$(id -u)" -eq 0 ]; then
    root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    root="sudo -n"
else
    echo "neither root nor sudo without a password" && exit 1
fi

echo "installing $*" >&2
# Packages may be known already, or one repository of several be down: the installation decides.
$root apt-get -qq update >/dev/null 2>&1 || true
if ! said=$($root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@" 2>&1); then
    echo "apt-get failed: $(echo "$said" | grep '^E:' | head -n 1)" && exit 1
fi
