#!/bin/sh
# Re-makes the locks from pyproject.toml, with hashes and no index's address, so that they serve
# with any mirror. Keeps the versions that still fit; UPGRADE=1 takes the newest.
set -eu
cd "$(dirname "$0")/.."
uv=$(scripts/find-uv.sh)

compile() {
    "$uv" pip compile --quiet --python .venv/bin/python --generate-hashes --no-emit-index-url \
        --no-annotate --custom-compile-command "make lock" ${UPGRADE:+--upgrade} "$@" >/dev/null
}

compile --universal pyproject.toml --output-file requirements.lock
# Bound to the first lock, so that testing runs on the very versions that production has.
compile --universal pyproject.toml --extra dev --constraint requirements.lock \
    --output-file requirements-dev.lock
# Any Python may be the one to fetch uv, so this one is not universal: no markers.
echo uv | compile - --output-file requirements-uv.lock
