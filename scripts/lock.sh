#!/usr/bin/env bash
# Writes the locks anew from the ranges in pyproject.toml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh dev
export UV_CUSTOM_COMPILE_COMMAND="bash scripts/lock.sh"
compile=(.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links pyproject.toml)
"${compile[@]}" --output-file requirements.lock
"${compile[@]}" --extra dev --output-file requirements-dev.lock
"${compile[@]}" --extra scoring --output-file requirements-scoring.lock
