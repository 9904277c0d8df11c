"""Transcripts that are damaged, hostile, or of kinds not known yet: all of it is kept or counted, nothing raises."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.transcript import Scaffold
from recorder.transcript.lines import LineBuffer
from store.rows import Command, CommandEnd, Gap, Message, Quality
from tests.recorder.transcripts import PROSE, SAMPLES, STREAMS, events, read

CLAUDE = {"type": "system", "subtype": "init", "session_id": "s", "model": "m", "cwd": "/task"}


def claude_call(call_id: str, tool: str, arguments: object, **more: object) -> dict[str, object]:
    content = [{"type": "tool_use", "id": call_id, "name": tool, "input": arguments}]
    return {"type": "assistant", "message": {"id": call_id, "content": content}, **more}


def claude_result(
    call_id: str, content: object, error: bool | None = None, **more: object
) -> dict[str, object]:
    block = {"type": "tool_result", "tool_use_id": call_id, "content": content}
    if error is not None:
        block["is_error"] = error
    return {"type": "user", "message": {"role": "user", "content": [block]}, **more}


def lines_told(data: bytes) -> None:
    """Every line is in a row, blank, or the continuation of a row."""
    found = read(data)
    summary = found.summary
    begun = {row.line for row in found.messages}
    assert len(begun) + summary.blank + summary.merged == summary.lines


PIECES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [line + b"\n" for name in STREAMS + PROSE for line in (SAMPLES / name).read_bytes().split(b"\n")]
    ),
    st.sampled_from(
        [b"\n", b"\r\n", b"\xff", b"  ", b"{", b'{"type":"assistant","message":{"content":[{}]}}\n']
    ),
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=20), st.integers(1, 50))
def test_anything_is_read_and_accounted_for_however_it_is_portioned(
    pieces: list[bytes], portion: int
) -> None:
    data = b"".join(pieces)
    whole = read(data)
    assert whole.rows == read(data, portion=portion).rows
    lines_told(data)


@pytest.mark.parametrize("name", STREAMS + PROSE)
def test_a_sample_is_accounted_for_line_by_line(name: str) -> None:
    lines_told((SAMPLES / name).read_bytes())


@settings(max_examples=60)
@given(st.sampled_from(STREAMS + PROSE), st.integers(0, 30_000), st.integers(1, 700))
def test_a_sample_cut_anywhere_gives_the_rows_before_the_cut(name: str, cut: int, portion: int) -> None:
    data = (SAMPLES / name).read_bytes()[:cut]
    found = read(data, portion=portion)
    assert found.rows == read(data).rows
    assert found.summary.broken <= 1
    if name in STREAMS:
        full = read((SAMPLES / name).read_bytes()).commands
        assert [command[0] for command in found.commands] == [command[0] for command in full][
            : len(found.commands)
        ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "type",
    "message",
    "content",
    "item",
    "part",
    "state",
    "input",
    "usage",
    "timestamp",
    "id",
    "name",
    "msg",
]
KINDS = [
    "assistant",
    "user",
    "result",
    "item.completed",
    "item.started",
    "tool_use",
    "tool_result",
    "message",
    "text",
]


@settings(max_examples=80)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(FIELDS),
            json_values | st.sampled_from(KINDS) | st.dictionaries(st.sampled_from(FIELDS), json_values),
        ),
        max_size=8,
    ),
    st.sampled_from(STREAMS),
)
def test_events_with_any_values_in_any_place_are_read(objects: list[dict[str, object]], name: str) -> None:
    start = (SAMPLES / name).read_bytes()[:4000]
    lines_told(start + b"\n" + events(*objects))


def test_an_unknown_event_is_kept_verbatim() -> None:
    line = b'{"type": "hologram",  "of": [1, 2]}'
    found = read(events(CLAUDE) + line + b"\n")
    assert [(row.kind, row.text) for row in found.messages][1:] == [("unknown", line.decode())]
    assert (found.summary.unknown, found.gaps) == (1, [])


def test_a_broken_event_is_kept_and_told_in_a_gap() -> None:
    found = read(events(CLAUDE) + b'{"type": "assistant", "mess\n' + events(CLAUDE))
    assert found.messages[1].kind == "raw"
    assert found.messages[1].text == '{"type": "assistant", "mess'
    assert [(gap.cause, gap.lost) for gap in found.gaps] == [("unparsed", 1)]


def test_a_last_line_without_an_end_is_read() -> None:
    assert len(read(events(CLAUDE)[:-1]).messages) == 1
    assert [gap.cause for gap in read(events(CLAUDE)[:-9]).gaps] == ["unparsed"]


def test_a_long_line_is_cut_counted_and_told() -> None:
    data = events(CLAUDE, claude_call("a", "Bash", {"command": "echo " + "x" * 500_000})) + events(CLAUDE)
    found = read(data, line_limit=100_000)
    row = found.messages[1]
    assert row.kind == "raw"
    assert row.text == data.split(b"\n")[1][: len(row.text or "")].decode()
    assert [(gap.cause, gap.lost) for gap in found.gaps] == [
        ("truncated", len(data.split(b"\n")[1]) - len(row.text or ""))
    ]
    assert [row.kind for row in found.messages] == ["notice", "raw", "notice"]


def test_a_line_of_100_mb_is_held_in_bounded_memory() -> None:
    buffer = LineBuffer()
    part = b"x" * (1 << 20)
    for _ in range(100):
        assert list(buffer.feed(part)) == []
    (line,) = buffer.feed(b"\n")
    assert len(line.data) == 8 << 20
    assert line.lost == 92 << 20


def test_invalid_utf8_is_spelled_not_lost() -> None:
    line = json.dumps(claude_call("a", "Bash", {"command": "cat ?"})).encode().replace(b"?", b"\xff\xfe")
    found = read(events(CLAUDE) + line + b"\n" + b"noise \xc3\x28\n")
    assert found.commands[0][0] == "cat \\xff\\xfe"
    assert found.messages[-1].text == "noise \\xc3("


def test_lone_surrogates_and_huge_numbers_do_not_hurt() -> None:
    line = b'{"type":"assistant","message":{"id":"a","content":[{"type":"text","text":"a\\ud800b"}],"usage":{"input_tokens":%s}}}\n'
    found = read(events(CLAUDE) + line % (b"9" * 40))
    assert found.messages[1].text == "a\\ud800b"
    assert found.messages[1].tokens_in is None


@pytest.mark.parametrize("depth", [10, 900, 5000, 200_000])
def test_deep_nesting_is_kept(depth: int) -> None:
    line = b'{"type":' + b"[" * depth + b"]" * depth + b"}\n"
    assert [row.kind for row in read(events(CLAUDE) + line).messages][1] in ("unknown", "raw")


def test_a_clock_that_goes_backwards_is_marked_and_left_as_it_is() -> None:
    def at(time: str) -> dict[str, object]:
        return {**CLAUDE, "timestamp": f"2026-11-21T{time}.000Z"}

    found = read(events(at("20:00:00"), at("20:00:10"), at("18:00:10"), at("18:00:11")))
    stamps = [stamp for stamp, _ in found.stamps(Message)]
    assert [(stamp.ts or 0) // 10**9 % 86_400 for stamp in stamps] == [72_000, 72_010, 64_810, 64_811]
    assert {stamp.quality for stamp in stamps} == {Quality.EXACT}
    (gap,) = found.gaps
    assert gap.cause == "clock_jump"
    assert "7200.0 s" in gap.reason
    assert isinstance(found.rows[2][1], Gap)


def test_live_rows_without_a_time_of_their_own_have_that_of_their_arrival() -> None:
    from recorder.transcript import Transcript

    transcript = Transcript()
    rows = list(transcript.feed(b'{"type":"thread.started","thread_id":"t"}\n', arrival=5 * 10**18))
    assert [(stamp.ts, stamp.quality) for stamp, _ in rows] == [(5 * 10**18, Quality.ARRIVAL)]


def test_a_row_after_the_last_known_time_stands_at_it() -> None:
    found = read(events({**CLAUDE, "timestamp": "2026-11-21T20:00:00.5Z"}, {**CLAUDE}))
    first, second = (stamp for stamp, _ in found.rows)
    assert second.ts == first.ts
    assert second.quality is Quality.INTERPOLATED


def test_a_failed_command_of_claude_tells_its_exit_code() -> None:
    found = read(
        events(
            CLAUDE,
            claude_call("a", "Bash", {"command": "false"}),
            claude_result("a", "Exit code 7\nbad\n", True, tool_use_result="Error: Exit code 7\nbad\n"),
        )
    )
    assert found.commands == [("false", 7, "bad\n")]


def test_success_of_claude_is_zero_only_where_the_cli_says_nothing_else() -> None:
    done: dict[str, object] = {"stdout": "", "stderr": "", "interrupted": False}
    told = [
        (done, 0),
        ({**done, "returnCodeInterpretation": "No matches found"}, None),
        ({**done, "interrupted": True}, None),
        ("odd", None),
    ]
    for tool_use_result, code in told:
        call = claude_call("a", "Bash", {"command": "grep x y"})
        answer = claude_result("a", "", False, tool_use_result=tool_use_result)
        assert read(events(CLAUDE, call, answer)).commands[0][1] == code


def test_a_command_in_the_background_has_not_ended_when_it_is_answered() -> None:
    start = [
        CLAUDE,
        claude_call("a", "Bash", {"command": "python train.py", "run_in_background": True}),
        claude_result(
            "a",
            "Command running in background with ID: b1",
            False,
            tool_use_result={"backgroundTaskId": "b1"},
        ),
    ]
    assert read(events(*start)).of(CommandEnd) == []
    ended = {"type": "system", "subtype": "task_notification", "tool_use_id": "a", "status": "completed"}
    assert read(events(*start, ended)).of(CommandEnd) == [CommandEnd(1)]


def test_parallel_calls_are_answered_in_any_order() -> None:
    found = read(
        events(
            CLAUDE,
            claude_call("a", "Bash", {"command": "one"}),
            claude_call("b", "Bash", {"command": "two"}),
            claude_result("b", "2", False),
            claude_result("a", "1", False),
        )
    )
    assert [(text, output) for text, _, output in found.commands] == [("one", "1"), ("two", "2")]


def test_a_subagents_rows_name_the_call_that_started_it() -> None:
    found = read(
        events(
            CLAUDE,
            claude_call("task", "Task", {"prompt": "look"}),
            claude_call("inner", "Bash", {"command": "ls"}, parent_tool_use_id="task"),
            claude_result("inner", "x", False, parent_tool_use_id="task"),
            claude_result("task", [{"type": "text", "text": "found x"}], False),
        )
    )
    assert [row.parent_call_id for row in found.messages] == [None, None, "task", "task", None]
    assert found.of(Command)[0].parent_call_id == "task"
    assert found.messages[-1].text == "found x"


def test_the_folder_of_a_claude_command_is_known_until_the_shell_moves() -> None:
    calls = [
        claude_call(str(n), "Bash", {"command": text})
        for n, text in enumerate(["ls", "cd data && ls", "pwd"])
    ]
    assert [command.cwd for command in read(events(CLAUDE, *calls)).of(Command)] == ["/task", "/task", None]


def test_pieces_of_one_answer_of_gemini_are_one_message() -> None:
    def piece(text: str, second: int) -> dict[str, object]:
        time = f"2026-11-21T20:00:0{second}.000Z"
        return {"type": "message", "role": "assistant", "content": text, "delta": True, "timestamp": time}

    found = read(
        events(
            {"type": "init", "session_id": "s", "model": "g"},
            piece("I ", 1),
            piece("think", 2),
            {"type": "result", "status": "success"},
        )
    )
    assert [row.text for row in found.messages if row.kind == "message"] == ["I think"]
    assert found.summary.merged == 1
    assert found.messages[1].line == 2


def test_a_session_of_an_older_codex_is_read() -> None:
    found = read(
        events(
            {
                "id": "0",
                "msg": {"type": "session_configured", "session_id": "s", "model": "gpt-5", "cwd": "/task"},
            },
            {
                "id": "1",
                "msg": {"type": "exec_command_begin", "call_id": "c", "command": ["bash", "-lc", "ls -a"]},
            },
            {
                "id": "1",
                "msg": {
                    "type": "exec_command_end",
                    "call_id": "c",
                    "stdout": "a",
                    "stderr": "b",
                    "exit_code": 2,
                },
            },
            {"id": "1", "msg": {"type": "agent_message", "message": "done"}},
        )
    )
    assert found.summary.scaffold is Scaffold.CODEX
    assert found.commands == [("ls -a", 2, "ab")]
    assert found.summary.claimed_result == "done"


@pytest.mark.parametrize(
    ("wrapped", "script"),
    [
        ("/bin/bash -lc 'ls -la'", "ls -la"),
        ("""/bin/bash -lc "echo \\"\\$HOME\\" 'a b'" """.strip(), "echo \"$HOME\" 'a b'"),
        ("""bash -lc 'it'"'"'s'""", "it's"),
        ("bash -lc ls", "ls"),
        ("bash script.sh", "bash script.sh"),
        ("bash -c 'a' b", "bash -c 'a' b"),
        ("bash -lc 'open", "bash -lc 'open"),
        ("echo 'bash -lc x'", "echo 'bash -lc x'"),
    ],
)
def test_the_shell_that_codex_wraps_commands_in_is_taken_off(wrapped: str, script: str) -> None:
    item = {
        "id": "i",
        "type": "command_execution",
        "command": wrapped,
        "exit_code": 0,
        "aggregated_output": "",
    }
    found = read(events({"type": "thread.started"}, {"type": "item.completed", "item": item}))
    assert found.commands == [(script, 0, "")]


def test_secrets_reach_no_row() -> None:
    key = "sk-ant-" + "a1B2" * 10
    found = read(
        events(
            CLAUDE,
            claude_call("a", "Bash", {"command": f"export KEY={key}"}),
            claude_result("a", key, False),
            claude_call("w", "Write", {"file_path": "/task/k.py", "content": f"KEY = '{key}'\n"}),
            claude_result("w", "ok"),
        )
        + f"stderr {key}\n".encode()
    )
    assert key not in repr(found.rows)
    assert found.versions[0].redacted
    assert found.summary.redacted >= 5


def test_tokens_and_cost_of_several_sessions_in_one_log_are_added() -> None:
    def session(name: str, tokens: int) -> list[object]:
        usage = {"input_tokens": tokens, "output_tokens": 1}
        words = [{"type": "text", "text": "hi"}]
        return [
            {**CLAUDE, "session_id": name},
            {
                "type": "assistant",
                "message": {"id": name, "content": words, "usage": {"input_tokens": tokens}},
            },
            {"type": "result", "num_turns": 1, "usage": usage, "total_cost_usd": 0.5, "is_error": False},
        ]

    found = read(events(*session("a", 100), *session("b", 7)))
    assert (found.summary.tokens_in, found.summary.tokens_out, found.summary.cost_usd) == (107, 2, 1.0)
    assert sum(row.tokens_in or 0 for row in found.messages) == 107
    assert sum(row.cost_usd or 0 for row in found.messages) == 1.0


def test_words_in_claude_prose_that_look_like_a_call_stay_words() -> None:
    prose = (
        "Session start — s\n\nAssistant — turn 1 | 2026-11-21T20:00:00Z\n  I will show this:\n"
        "  Tool call — Bash (toolu_01forged)\n    $ rm -rf final_model\n"
    )
    found = read(prose.encode())
    assert found.of(Command) == []
    assert "toolu_01forged" in (found.messages[1].text or "")


def test_words_that_begin_like_a_call_and_go_on_as_words_stay_words() -> None:
    prose = "Session start — s\n\nAssistant — turn 1\n  Tool call — Bash (toolu_01forged)\n  and so on\n"
    found = read(prose.encode())
    assert found.of(Command) == []
    assert found.messages[1].text == "Tool call — Bash (toolu_01forged)\nand so on"


def test_a_command_of_codex_prose_cannot_forge_its_own_end() -> None:
    prose = (
        "=== Event 1 | type: thread.started ===\n\n"
        "=== Event 2 | type: item.completed (command_execution) | id: item_1 ===\n"
        "  Item ID: item_1\n  Command: echo a\n  Status: completed\n  Exit code: 0\n  Output:\n    fake\n"
        "  Status: failed\n  Exit code: 9\n  Output:\n    real\n"
    )
    ((text, code, output),) = read(prose.encode()).commands
    assert (code, output) == (9, "real")
    assert text.startswith("echo a\nStatus: completed")


def test_an_output_in_older_codex_prose_cannot_forge_its_exit_code() -> None:
    prose = (
        "=== Event 1 | type: thread.started | ts: 2026-11-21T20:13:38Z ===\n\n"
        "=== Event 2 | type: item.completed | ts: 2026-11-21T20:13:38Z ===\n"
        '  {\n    "item": {\n      "id": "item_2",\n      "type": "command_execution",\n'
        '      "command": "/bin/bash -lc \'cat x\'",\n      "aggregated_output": fake,\n'
        '      "exit_code": 0,\n      "status": "completed"\n      "exit_code": 0,\n  ,\n'
        '      "exit_code": 7,\n      "status": "failed"\n    }\n  }\n'
    )
    ((text, code, output),) = read(prose.encode()).commands
    assert (text, code) == ("cat x", 7)
    assert (output or "").count("exit_code") == 2


def test_a_title_in_opencode_prose_cannot_forge_the_command() -> None:
    prose = (
        "=== Event 1 | type: tool_use | tool: bash | status: completed ===\n"
        "  Title: ls\n  Input:\n    $ harmless\n  Output:\n    nothing\n"
        "  Input:\n    $ real\n  Output:\n    truth\n"
    )
    assert read(prose.encode()).commands == [("real", None, "truth")]


def test_json_that_an_agent_writes_comes_back_from_prose() -> None:
    content = '{\n  "file_path": "no",\n  "items": [\n    1\n  ]\n}\n'
    prose = (
        "Session start — s\n\nAssistant — turn 1\n  Tool call — Write (toolu_1)\n    {\n"
        '      "file_path": "/task/a.json",\n      "content": '
        + content.replace("\n", "\n    ").rstrip(" ")
        + "    \n    }\n\nUser — turn 1\n  Tool result — Write (toolu_1)\n    ok\n"
    )
    assert read(prose.encode()).versions[0].text == content


def test_an_output_that_the_formatter_cut_is_told() -> None:
    prose = (
        "=== Event 1 | type: tool_use | tool: bash | status: completed | ts: 2026-11-21 20:13:48 UTC ===\n"
        "  Input:\n    $ yes\n  Output:\n    y\n    ... [truncated]\n  Duration: 645ms\n"
    )
    found = read(prose.encode())
    assert [gap.cause for gap in found.gaps] == ["truncated"]
    stamp, _ = found.stamps(Command)[0]
    assert stamp.ts is not None
    assert stamp.ts % 10**9 == 355_000_000
