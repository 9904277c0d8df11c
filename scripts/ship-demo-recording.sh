#!/usr/bin/env bash
# Record the demo anew into src/demo/recordings/, which `ptb demo` shows where processes cannot be recorded.
# The agent runs from an installation of its own, so that the recording names no folder of this checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
home=/tmp/ptb-shipped-demo
rm -rf "$home"
trap 'rm -rf "$home"' EXIT
"${PYTHON:-python3}" -m venv "$home/venv"
"$home/venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.lock
"$home/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps .
rm -rf src/demo/recordings/demo
mkdir -p src/demo/recordings
cp -r src/demo/task "$home/task"
ptb=$home/venv/bin/ptb
env -i PATH=/usr/bin:/bin HOME="$home" "$ptb" record --kernel strace -o "$PWD/src/demo/recordings/demo" \
  --cwd "$home/task" --agent demo-agent --benchmark healthbench --base-model Qwen/Qwen3-4B-Base --limit-hours 10 \
  --transcript claude -- "$home/venv/bin/python" -P -m demo.agent >/dev/null
rm -rf src/demo/recordings/demo/.leases src/demo/recordings/demo/writer.lock  # of the writer, not of the run
"$ptb" verify src/demo/recordings/demo
du -sh src/demo/recordings/demo
