#!/usr/bin/env bash
# Sets up and runs the demo; options go to `ptb demo`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh
exec .venv/bin/ptb demo "$@"
