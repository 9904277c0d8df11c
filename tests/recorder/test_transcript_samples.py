"""The real output of the four CLIs, in every form that PostTrainBench leaves."""

import pytest

from recorder.transcript import Form, Scaffold
from store.rows import Command, Message, Quality
from tests.recorder.transcripts import PROSE, STREAMS, sample

COMMANDS = [
    ("ls -la && bash timer.sh", 0),
    ("python hello.py a b", 3),
    ("sed -n '1,250p' /home/ben/task/hello.py", 0),
    ("python hello.py && echo done > notes.txt && nvidia-smi", 0),
    ("cat does_not_exist.txt", 1),
    ("for i in 1 2 3; do echo step $i; sleep 1; done", 0),
]
"""What the samples' agents ran; only Codex reads a file with sed, and it has no loop."""

SCRIPT = "import sys\n\n\ndef main() -> int:\n    print('hello', len(sys.argv))\n    return 3\n\n\nif __name__ == '__main__':\n    sys.exit(main())\n"


def expected(scaffold: str) -> list[tuple[str, int]]:
    without = "for" if scaffold == "codex" else "sed"
    return [command for command in COMMANDS if not command[0].startswith(without)]


@pytest.mark.parametrize("name", STREAMS + PROSE)
def test_a_sample_tells_scaffold_form_and_commands(name: str) -> None:
    found = sample(name)
    scaffold = name.split("_")[0].removesuffix(".jsonl")
    assert found.summary.scaffold == Scaffold(scaffold)
    assert found.summary.form == (Form.PROSE if name in PROSE else Form.JSON)
    assert [text for text, _, _ in found.commands] == [text for text, _ in expected(scaffold)]
    assert found.summary.unknown == 0
    assert found.summary.broken == 0
    assert found.gaps == []


@pytest.mark.parametrize("name", STREAMS + PROSE)
def test_exit_codes_are_those_of_the_run_or_not_known(name: str) -> None:
    found = sample(name)
    scaffold = name.split("_")[0].removesuffix(".jsonl")
    codes = [code for _, code, _ in found.commands]
    true = [code for _, code in expected(scaffold)]
    if scaffold == "gemini" or name == "opencode_trace.txt":
        assert codes == [None] * len(true)
    elif name == "claude_trace.txt":
        assert codes == [code or None for code in true]
    else:
        assert codes == true


@pytest.mark.parametrize("name", PROSE)
def test_prose_and_stream_tell_the_same_commands_and_outputs(name: str) -> None:
    stream = sample(name.split("_")[0] + ".jsonl")
    for told, true in zip(sample(name).commands, stream.commands, strict=True):
        assert told[0] == true[0]
        assert told[1] in (true[1], None)
        assert (told[2] or "").rstrip() == (true[2] or "").rstrip()


@pytest.mark.parametrize("name", [*STREAMS, *PROSE])
def test_written_files_are_told_whole_where_the_transcript_holds_them(name: str) -> None:
    versions = sample(name).versions
    assert {version.path for version in versions} == {"/home/ben/task/hello.py"}
    assert len(versions) == 2
    if name.startswith("codex"):
        assert [version.captured for version in versions] == ["none", "none"]
        return
    assert versions[0].text == SCRIPT
    assert (versions[0].sha256 is None) == (name in PROSE)
    if name in ("claude.jsonl", "claude_solve_out.txt"):
        assert versions[1].text == SCRIPT.replace("return 3", "return 0")
    else:
        assert (versions[1].captured, versions[1].text) == ("none", None)


@pytest.mark.parametrize("name", STREAMS + PROSE)
def test_the_agents_words_are_there_in_order(name: str) -> None:
    found = sample(name)
    said = [row.text for row in found.messages if row.role == "assistant" and row.kind == "message"]
    ending = [] if name.startswith("codex") else ["All done: the script runs and the notes are written."]
    assert said == [
        "Let me look around first.",
        "I'll write a small helper script.",
        "It exits with 3; change that.",
        *ending,
    ]
    assert found.summary.claimed_result == said[-1]
    if name.startswith(("claude", "codex")):
        thoughts = [row.text for row in found.messages if row.kind == "thought"]
        assert thoughts == ["I should see what is in the task directory."]


@pytest.mark.parametrize("name", STREAMS + PROSE)
def test_every_line_of_stderr_is_a_raw_row(name: str) -> None:
    raw = [row.text or "" for row in sample(name).messages if row.kind == "raw"]
    if name == "claude_trace.txt":  # the formatter leaves them out
        assert raw == []
    else:
        assert [text.strip() for text in raw].count("✓ GPU 0 is idle") == 2
        assert "✓ CUDA available with 1 device(s) (expected 1)" in raw


@pytest.mark.parametrize(
    ("name", "qualities"),
    [
        ("claude.jsonl", {Quality.EXACT}),
        ("claude_trace.txt", {Quality.SECOND}),
        ("codex.jsonl", {Quality.NONE}),
        ("codex_solve_out.txt", {Quality.SECOND}),
        ("codex_trace.txt", {Quality.NONE}),
        ("codex_trace_v1.txt", {Quality.SECOND}),
        ("gemini_trace.txt", {Quality.EXACT}),
        ("opencode.jsonl", {Quality.EXACT}),
        ("opencode_trace.txt", {Quality.INTERPOLATED}),
    ],
)
def test_commands_have_the_best_time_there_is(name: str, qualities: set[Quality]) -> None:
    assert {stamp.quality for stamp, _ in sample(name).stamps(Command)} == qualities


def test_a_transcript_without_a_clock_has_no_times() -> None:
    found = sample("codex.jsonl")
    assert all(stamp.ts is None for stamp, _ in found.rows)
    assert found.summary.first_ts is None


def test_order_survives_lines_that_are_known_to_the_second_only() -> None:
    stamps = [stamp.ts for stamp, _ in sample("claude_solve_out.txt").rows]
    assert stamps == sorted(ts for ts in stamps if ts is not None)


def test_an_opencode_command_begins_when_its_tool_did() -> None:
    stamp, _ = sample("opencode.jsonl").stamps(Command)[-1]
    assert stamp.ts == 1795292029650 * 1_000_000


def test_tokens_and_cost_of_the_rows_add_up_to_what_the_agent_reports() -> None:
    for name, tokens_in, tokens_out, cost in [
        ("claude.jsonl", 36 + 7308 + 212541, 249, 0.1583505),
        ("codex.jsonl", 89190, 856, 0.0),
        ("gemini.jsonl", 118494, 503, 0.0),
        ("opencode.jsonl", 86596, 297, 0.0528486),
    ]:
        found = sample(name)
        rows = found.messages
        assert sum(row.tokens_in or 0 for row in rows) == found.summary.tokens_in == tokens_in
        assert sum(row.tokens_out or 0 for row in rows) == found.summary.tokens_out == tokens_out
        assert sum(row.cost_usd or 0 for row in rows) == pytest.approx(cost)


def test_a_claude_session_is_summed_up() -> None:
    summary = sample("claude.jsonl").summary
    assert (summary.model, summary.cwd) == ("claude-opus-4-6", "/home/ben/task")
    assert summary.session_id == "c85742fa-f97e-499c-b9f2-0964dcbf8e10"
    assert (summary.calls, summary.commands, summary.failed) == (8, 5, False)


def test_a_search_of_codex_keeps_its_words_though_its_id_stands_twice() -> None:
    calls = [
        row for row in sample("codex.jsonl").messages if row.kind == "tool_call" and row.tool == "web_search"
    ]
    assert [row.tool_call_id for row in calls] == ["ws_LKvtiKcvA4G4FVi4bq6A7bbLwkBfLctfQp1ynj7y"]
    assert "LoRA fine-tuning" in (calls[0].text or "")


@pytest.mark.parametrize("name", STREAMS + PROSE)
def test_rows_know_their_line(name: str) -> None:
    found = sample(name)
    lines = [row.line for row in found.messages if row.line is not None]
    assert len(lines) == len(found.messages)
    assert lines == sorted(lines)
    assert lines[-1] <= found.summary.lines


def test_rows_are_of_the_transcript() -> None:
    assert {stamp.source for stamp, _ in sample("claude.jsonl").stamps(Message)} == {"transcript"}
