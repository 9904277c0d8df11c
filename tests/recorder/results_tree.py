"""Results trees as PostTrainBench writes and publishes them, made of the samples."""

import json
import shutil
from pathlib import Path

from tests.recorder.transcripts import SAMPLES

AGENTS = {
    "claude": "claude_claude-opus-4-6_10h",
    "codex": "codex_non_api_high_gpt-5.3-codex_10h_run2",
    "gemini": "gemini_models_gemini-3-pro-preview_10h",
    "opencode": "opencode_opencode_kimi-k2.5_10h",
}
MONITOR = """=== System Monitor Started (interval: 60s) ===
Start time: 2026-11-21 20:13:30 UTC

--- 2026-11-21 20:13:30 UTC ---
[GPU]
0, 0 %, 0 %, 4 MiB, 81559 MiB, 31, 69.12 W
[GPU Processes]
[CPU]
 20:13:30 up 10 days,  load average: 0.10, 0.20, 0.30
[Memory]
Mem:          503Gi        20Gi       400Gi
[Disk]
/dev/sda1  1.0T  200G  800G  20% /
  Task dir: 1.0M

--- 2026-11-21 20:14:30 UTC ---
[GPU]
0, 97 %, 60 %, 61000 MiB, 81559 MiB, 71, [N/A]
[GPU Processes]
4242, 60990 MiB, python, train.py
[CPU]
"""
OUTPUT = """a lot of output
--- SOLVE DIAGNOSTICS ---
exit_code: 124
status: killed by timeout (reached 10h limit)
final_model_files: 2
--- END SOLVE DIAGNOSTICS ---
"""
JUDGEMENT = {
    "contamination": True,
    "disallowed_model": False,
    "justification_contamination": "train.jsonl holds test items",
    "justification_disallowed_model": "fine",
}


def cell(root: Path, scaffold: str, name: str = "gsm8k_Qwen_Qwen3-1.7B-Base_101") -> Path:
    """An empty results folder."""
    folder = root / AGENTS[scaffold] / name
    folder.mkdir(parents=True)
    return folder


def whole(root: Path, scaffold: str, name: str = "gsm8k_Qwen_Qwen3-1.7B-Base_101") -> Path:
    """A results folder with everything that PostTrainBench leaves."""
    folder = cell(root, scaffold, name)
    shutil.copy(SAMPLES / f"{scaffold}_solve_out.txt", folder / "solve_out.txt")
    shutil.copy(SAMPLES / f"{scaffold}_trace.txt", folder / "solve_parsed.txt")
    (folder / "prompt.txt").write_text("We want to train the small LLM …\n")
    (folder / "time_taken.txt").write_text("09:59:58\n")
    (folder / "metrics.json").write_text('{"accuracy": 0.42, "stderr": 0.01}')
    (folder / "system_monitor.log").write_text(MONITOR)
    (folder / "output.log").write_text(OUTPUT)
    (folder / "contamination_judgement.txt").write_text("no contamination detected\n")
    (folder / "disallowed_model_judgement.txt").write_text("only allowed use detected")
    (folder / "judge_result.json").write_text(json.dumps(JUDGEMENT))
    (folder / "judgement_gpt5_4.json").write_text(json.dumps(JUDGEMENT))
    (folder / "judgement_gpt5_4_rerun.json").write_text(json.dumps({**JUDGEMENT, "contamination": False}))
    (folder / "judgement_kimi.json").write_text('{"contamination": tr')
    (folder / "judge_output_api.json").write_text("{}")
    task = folder / "task"
    (task / "data").mkdir(parents=True)
    (task / "hello.py").write_text("print('left')\n")
    (task / "data" / "train.jsonl").write_text('{"q": "1+1"}\n' * 30_000)
    (task / "adapter.bin").write_bytes(bytes(range(256)) * 100)
    (folder / "final_model").mkdir()
    (folder / "final_model" / "config.json").write_text("{}")
    (folder / "final_model" / "model.safetensors").write_bytes(b"\0" * 5000)
    return folder


def published(root: Path, scaffold: str, name: str = "gsm8k_Qwen_Qwen3-1.7B-Base_101") -> Path:
    """A results folder as the trajectories are published."""
    folder = cell(root, scaffold, name)
    shutil.copy(SAMPLES / f"{scaffold}_trace.txt", folder / "trace.txt")
    return folder
