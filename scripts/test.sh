#!/usr/bin/env bash
# Sets up and runs every check: format, lint, types, layers, tests. --slow adds the slow tests; the rest goes to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh dev
# The kernel's half of the recorder; without a compiler its tests say that they were skipped.
if { command -v clang || command -v clang-14; } >/dev/null && [ -e /usr/include/bpf/bpf_helpers.h ]; then
  bash scripts/build-bpf.sh
fi
slow="and not slow"
if [ "${1:-}" = --slow ]; then slow=""; shift; fi
export PATH="$PWD/.venv/bin:$PATH"

ruff format --check --quiet .
ruff check --quiet .
mypy
lint-imports
# Side by side, then one after the other what wants the kernel, a Docker daemon or the whole machine for itself.
# 5: none of the tests that were asked for is of that kind.
pytest -n 2 -m "not slow and not root and not docker" "$@" || [ $? = 5 ]
pytest -m "(slow or root or docker) $slow" "$@" || [ $? = 5 ]
