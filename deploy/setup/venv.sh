#!/bin/sh
# Makes a virtual environment: venv.sh FOLDER. The interpreter is $PYTHON, or the first one that is new enough.
set -eu

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

python=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if new_enough "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "setup: Python must be 3.11 or newer, got $("${PYTHON:-python3}" --version 2>&1 || true): set PYTHON to one" >&2
    exit 1
fi

# On Debian and Ubuntu pip's bootstrap is in a package of its own.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if ! reason=$("$(dirname "$0")/apt.sh" "$package"); then
        echo "setup: $package is missing ($reason); run: sudo apt-get install $package" >&2
        exit 1
    fi
fi
exec "$python" -m venv "$1"
