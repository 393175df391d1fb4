#!/usr/bin/env bash
# Renews the locks from pyproject.toml; with --check only says whether they are current.
# Extra arguments go to the resolver (for instance --upgrade).
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
resolve() { # OUTPUT [ARGUMENT...]
    local output=$1
    shift
    "$uv" --quiet pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header --output-file "$output" "$@"
}
if [ "${1:-}" = --check ]; then
    folder=$(mktemp -d)
    trap 'rm -r "$folder"' EXIT
    cp deploy/requirements*.lock "$folder/"
    resolve "$folder/requirements.lock"
    resolve "$folder/requirements-dev.lock" --group dev
    resolve "$folder/requirements-extras.lock" --all-extras
    for lock in requirements.lock requirements-dev.lock requirements-extras.lock; do
        cmp -s "deploy/$lock" "$folder/$lock" || { echo "deploy/$lock is not current: run deploy/lock.sh" >&2; exit 1; }
    done
    exit 0
fi
resolve deploy/requirements.lock "$@"
resolve deploy/requirements-dev.lock --group dev --constraint deploy/requirements.lock "$@"
resolve deploy/requirements-extras.lock --all-extras --constraint deploy/requirements-dev.lock "$@"
