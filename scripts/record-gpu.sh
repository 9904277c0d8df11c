#!/usr/bin/env bash
# Records the scripted agent training a small model on this machine's GPU, and holds the samples against nvidia-smi:
# record-gpu.sh FOLDER. Needs a GPU, and a Python (PYTHON, default python3) with torch, transformers and ptb.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ $# -eq 1 ] || { echo "usage: record-gpu.sh FOLDER" >&2; exit 2; }
out=$(realpath -m "$1")
python=$(command -v "${PYTHON:-python3}")
gpus=$(nvidia-smi -L 2>&1) || {
  echo "record-gpu: no NVIDIA GPU on this machine (${gpus##*: }); run it where nvidia-smi -L lists one" >&2
  exit 1
}
"$python" -c 'import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, ("torch", "transformers"))))' || {
  echo "record-gpu: $python has no torch and transformers; name one that has them: PYTHON=… record-gpu.sh FOLDER" >&2
  exit 1
}
export PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}" PTB_RUNS="$out" TZ=UTC HF_HUB_OFFLINE=1
work=$(mktemp -d)
mkdir -p "$out"

nvidia-smi --query-gpu=timestamp,utilization.gpu,memory.used,power.draw,temperature.gpu \
  --format=csv,noheader,nounits --loop=1 >"$work/nvidia-smi.csv" &
smi=$!
trap 'kill "$smi" 2>/dev/null || true; rm -rf "$work"' EXIT

mkdir "$work/task"
(cd "$work/task" && "$python" -P -m ptb_tui record --output "$out/gpu-training" --agent claude --agent-model scripted \
  --benchmark gsm8k --base-model Qwen/Qwen3-1.7B-Base --transcript claude -- "$python" -P -m demo.agent gpu-training)
kill "$smi"
cp "$work/nvidia-smi.csv" "$out/"
"$python" -m benchmarks.gpu_check "$out/gpu-training" "$out/nvidia-smi.csv"
