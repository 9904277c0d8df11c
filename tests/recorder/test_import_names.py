"""What folder names of PostTrainBench say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.importer.names import known_base_models, known_benchmarks, read_cell, read_method


@given(st.sampled_from(known_benchmarks()), st.sampled_from(known_base_models()), st.integers(0, 10**12))
def test_every_known_task_is_read_back(benchmark: str, model: str, job: int) -> None:
    cell = read_cell(f"{benchmark}_{model.replace('/', '_')}_{job}")
    assert cell is not None
    assert (cell.benchmark, cell.base_model, cell.job) == (benchmark, model, str(job))


@pytest.mark.parametrize(
    ("name", "benchmark", "model"),
    [
        ("newbench_meta-llama_Llama-4_8B_base_7", "newbench", "meta-llama/Llama-4_8B_base"),
        ("gsm8k_local_7", "gsm8k", "local"),
        ("bfcl_google_gemma-3-4b-pt_16889902", "bfcl", "google/gemma-3-4b-pt"),
    ],
)
def test_unknown_names_are_split_as_the_benchmark_does(name: str, benchmark: str, model: str) -> None:
    cell = read_cell(name)
    assert cell is not None
    assert (cell.benchmark, cell.base_model) == (benchmark, model)


@pytest.mark.parametrize("name", ["gsm8k", "gsm8k_7", "notes", "gsm8k_Qwen_x", "", "_", "___7"])
def test_other_names_are_no_cells(name: str) -> None:
    cell = read_cell(name)
    assert cell is None or cell.job == "7"


@pytest.mark.parametrize(
    ("name", "agent", "model", "hours", "replicate"),
    [
        ("claude_claude-opus-4-6_10h", "claude", "claude-opus-4-6", 10, None),
        ("claude_non_api_claude-opus-4-6_1m__50h_8gpu", "claude_non_api", "claude-opus-4-6_1m_", 50, None),
        ("codex_non_api_high_reprompt_gpt-5.4_10h", "codex_non_api_high_reprompt", "gpt-5.4", 10, None),
        ("opencode_opencode_kimi-k2.5_10h_run2", "opencode", "opencode_kimi-k2.5", 10, "run2"),
        ("codexlow_gpt-5.1-codex-max_1h_v3_run11", "codexlow", "gpt-5.1-codex-max", 1, "run11"),
    ],
)
def test_a_method_tells_agent_model_limit_and_replicate(
    name: str, agent: str, model: str, hours: int, replicate: str | None
) -> None:
    method = read_method(name)
    assert (method.agent, method.agent_model, method.replicate) == (agent, model, replicate)
    assert method.limit_s == hours * 3600


@given(st.text(max_size=80))
def test_any_name_is_read(name: str) -> None:
    assert read_method(name).name == name
    read_cell(name)
