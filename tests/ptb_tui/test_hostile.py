"""What an agent wrote never steers the reviewer's terminal, wherever the app shows it."""

import base64
import re
from codecs import getincrementaldecoder
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from ptb_tui.hostile import HostileText
from ptb_tui.state.prose import body, wrap
from ptb_tui.widgets.paint import Pen, cut
from store.manifest import Facts, SourceInfo
from store.marks import Mark, add_mark
from store.overlay import Review
from store.plain import HOSTILE, plain
from store.rows import Command, CommandEnd, Exec, FileAccess, FileVersion, Gap, Message, ProcessStart, Source
from store.writer import RunWriter
from tests.ptb_tui.story import START, add_findings, at
from tests.ptb_tui.terminal import Terminal, ptb_env

EVIL = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x1b]0;owned\x07\x9b31m\x9d52;c;eA==\x9c\u202etxt.exe\u2066\u200f[/][bold]x[/bold]\x00\r\x08"
SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\]22;[a-z-]*\x07"  # the mouse pointer's shape
    rb"|[78=>]|[()][A-Z0-9])"
)
CUT = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|\](?:2(?:2(?:;[a-z-]*)?)?)?|[()])?\Z")
"""A sequence of which the rest was not read yet."""
CONTROLS = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def make_hostile(folder: Path) -> Path:
    """A run in which every text that can be hostile is."""
    facts = Facts(
        agent=f"agent{EVIL}", agent_model=EVIL, benchmark=EVIL, base_model=EVIL, command=EVIL, root=f"/{EVIL}"
    )
    said = Source.TRANSCRIPT
    with RunWriter.create(folder, "hostile", started_at=START, facts=facts) as run:
        run.set_sources([SourceInfo(EVIL, EVIL, "unavailable", EVIL)])
        run.put(at(0), ProcessStart(1, 100, exe=EVIL, argv=f"ps{EVIL}", cwd=EVIL))
        seq = run.put(
            at(1), FileAccess(1, 100, "open", f"/a/path{EVIL}/{EVIL}name", path2=EVIL, bytes_read=1, via=EVIL)
        )
        run.put(at(2), Exec(1, 100, EVIL, f"argv{EVIL}", cwd=EVIL, error=EVIL))
        run.put(
            at(3, said),
            Message("assistant", "message", f"words{EVIL}\nmore{EVIL}", tool=EVIL, tool_call_id=EVIL),
        )
        run.put(at(4, said), Command(1, f"echo{EVIL}", cwd=EVIL, tool=EVIL))
        run.put(at(5, said), CommandEnd(1, 0, f"output{EVIL}\n" * 3))
        run.put(
            at(6, Source.WORKSPACE), FileVersion(f"/a/gen{EVIL}.py", EVIL, 3, "whole", text=f"x = '{EVIL}'\n")
        )
        run.put(at(7), Gap(EVIL, f"reason{EVIL}"))
        run.close(ended_at=START + 10**10, exit_status=EVIL)
    add_findings(folder, "hostile", {"read": seq, "wrote": seq + 1}, says=EVIL)
    add_mark(Review(folder, "hostile"), Mark("hostile", START, seq, EVIL, f"note{EVIL}", START))
    return folder


def assert_harmless(raw: bytes) -> None:
    """Every control in ``raw`` is one that the app itself writes."""
    left = SEQUENCE.sub(b"", CUT.sub(b"", raw))
    shown = getincrementaldecoder("utf-8")("strict").decode(left)  # its last character may be cut, too
    found = CONTROLS.search(shown)
    assert found is None, (
        f"{found[0]!r} in {shown[max(found.start() - 40, 0) : found.end() + 40]!r}" if found else ""
    )
    assert b"\x1b]52" not in raw
    assert b"\x1b]0;" not in raw


@pytest.mark.timeout(120)
def test_no_control_of_a_run_reaches_a_real_terminal(tmp_path: Path) -> None:
    make_hostile(tmp_path / "runs" / "hostile")
    with Terminal(["open"], ptb_env(tmp_path / "runs"), width=160) as terminal:
        terminal.until(lambda screen: "hostile" in screen and "undecided" in screen)
        assert "␛]52" in terminal.text
        terminal.send("/[bold\r")
        terminal.until(lambda screen: "1 of 1 run" in screen)
        terminal.send("\r")
        terminal.until(lambda screen: "score at stake" in screen and "hardcoded-items" in screen)
        terminal.read(0.5)
        assert_harmless(terminal.raw)
        terminal.send("l")
        terminal.until(lambda screen: "more evidence" in screen and "was not recorded" in screen)
        terminal.send("q")
        terminal.until(lambda screen: "score at stake" in screen)
        terminal.send("f")
        terminal.until(lambda screen: "under other rules" in screen)
        terminal.read(0.5)
        assert_harmless(terminal.raw)
        terminal.send("q")
        terminal.until(lambda screen: "score at stake" in screen)
        terminal.send(" ")
        terminal.until(lambda screen: "T+00:00:00" in screen and "paused" in screen)
        terminal.until(lambda screen: "[/bold]" in screen)
        for n in range(9):
            terminal.send("j")
            terminal.until(lambda screen, n=n: f", {min(n + 2, 8)} of 8" in screen)  # type: ignore[misc]
            terminal.read(0.5)
        terminal.send("g/ZXZpbA\r")
        terminal.until(lambda screen: "matches" in screen)
        terminal.send("c\x1b[200~\x1b]52;c;ZXZpbA==\x07paste\x1b[201~\r")
        terminal.until(lambda screen: "kept in the run" in screen)
        terminal.send("?")
        terminal.until(lambda screen: "Symbols" in screen or "Move" in screen)
        terminal.send("q")
        terminal.read(0.5)
        assert_harmless(terminal.raw)
        terminal.raw = b""
        terminal.send("y")
        terminal.until(lambda screen: "copied a citation" in screen)
        copied = re.search(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", terminal.raw)
        assert copied is not None
        assert not HOSTILE.search(base64.b64decode(copied[1]).decode())
        terminal.send("qqq")
        assert terminal.wait() == 0


SEGMENTS = st.lists(st.text(st.characters(codec=None, categories=("Cc", "Cf", "L", "S", "Cs"))), max_size=5)


@given(SEGMENTS)
def test_the_line_filter_lets_no_hostile_character_pass(texts: list[str]) -> None:
    style = Style(color="red")
    shown = HostileText().apply([Segment(text, style) for text in texts], Color(0, 0, 0))
    assert not any(HOSTILE.search(segment.text) for segment in shown)
    assert all(segment.style == style for segment in shown if segment.text.strip())
    assert Segment.get_line_length(shown) == sum(cell_len(text) for text in texts)


@given(st.text(st.one_of(st.characters(codec=None), st.sampled_from("👩\u200d\ufe0f🇩🇪👍🏽\u200b❤\u3164"))))
def test_every_terminal_agrees_on_the_width_of_what_is_shown(text: str) -> None:
    shown = plain(text)
    assert cell_len(shown) == sum(cell_len(char) for char in shown)


def test_an_emoji_looks_as_meant_and_what_hides_elsewhere_is_seen() -> None:
    assert plain("⚠\ufe0f mind 👍🏽") == "⚠ mind 👍"
    assert plain("train\ufe0f.jsonl") == "train\ufffd.jsonl"
    assert plain("tra\u200bin") == "tra\ufffdin"
    assert plain("🇩🇪") == "🄳🄴"


@given(st.text(st.characters(codec=None)), st.integers(0, 40), st.booleans())
def test_a_cut_text_is_never_wider_than_it_may_be(text: str, width: int, left: bool) -> None:
    assert cell_len(cut(text, width, left=left)) <= width


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(codec=None)), max_size=6), st.integers(1, 60))
def test_a_painted_line_is_exactly_as_wide_as_the_widget(texts: list[str], width: int) -> None:
    pen = Pen(width)
    for index, text in enumerate(texts):
        pen.write(text, Style.null(), width=index * 3 or None)
    assert sum(cell_len(segment.text) for segment in pen.strip(Style.null())) == width


@given(st.text(st.characters(codec=None)), st.integers(2, 60))
def test_wrapped_text_fits_and_loses_nothing_but_spaces(text: str, width: int) -> None:
    lines = body(text)
    wrapped = list(wrap(lines, width))
    assert all(cell_len(line.text) <= width for line in wrapped)
    before = "".join(line.text for line in lines).replace(" ", "")
    after = "".join(line.text for line in wrapped).replace(" ", "")
    assert before == after


def test_a_line_of_a_million_characters_is_bounded_and_says_so() -> None:
    (line,) = body("x" * 1_000_000)
    assert len(line.text) < 2100
    assert "998,000 more characters" in line.text
    assert cell_len(cut("宽" * 1_000_000, 80)) <= 80
