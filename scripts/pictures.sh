#!/usr/bin/env bash
# Draws the pictures of the README anew into docs/images: the demo, and a generated ten-hour run of 400,000 events.
# Needs rsvg-convert (apt-get install librsvg2-bin fonts-firacode).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh dev
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PTB_RUNS="$work/runs" XDG_CACHE_HOME="$work/cache" XDG_STATE_HOME="$work/state"
export PATH="$PWD/.venv/bin:$PATH"

ptb demo --no-ui >/dev/null
demo=$(ptb sql --format csv "SELECT run_id FROM runs" | tail -n 1 | tr -d '\r"')
python - "$PTB_RUNS/ten-hours" <<'PYTHON'
import sys
from pathlib import Path
from benchmarks.big_run import make_run
make_run(Path(sys.argv[1]), 400_000)
PYTHON
for scaffold in claude codex gemini opencode; do
  cell=$work/results/${scaffold}_10h_run1/gsm8k_Qwen_Qwen3-1.7B-Base_1
  mkdir -p "$cell"
  cp "tests/samples/${scaffold}_solve_out.txt" "$cell/solve_out.txt"
done
ptb import "$work/results" >/dev/null
ptb scan --all >/dev/null || [ $? != 2 ]

python -P -m ptb_tui.pictures "$work/demo" "$demo" runs case lineage replay sql compare
python -P -m ptb_tui.pictures "$work/ten" "$PTB_RUNS/ten-hours" replay
mkdir -p docs/images
for picture in demo/{runs,case,lineage,replay,sql,compare} ten/replay; do
  name=${picture/demo\//}
  rsvg-convert --width 1400 "$work/$picture.svg" --output "docs/images/${name/ten\/replay/replay-ten-hours}.png"
done
