"""Every text can be read in every theme, and nothing is told by a colour alone."""

from dataclasses import fields
from pathlib import Path

import pytest
from textual.color import Color

from ptb_tui.app import PtbApp
from ptb_tui.theme import CONTRAST, PALETTES, Palette
from store.library import entry_of
from tests.ptb_tui.screen import opened, settle, text

GROUNDS = ("ground", "raised", "cursor")
ORNAMENT = {"line"}
"""Rules and empty tracks, which say nothing."""
INKS = sorted({field.name for field in fields(Palette)} - {"name", "dark", "match", *GROUNDS, *ORNAMENT})
PAIRS = [*((ink, ground) for ink in INKS for ground in GROUNDS), ("ink", "match")]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio as WCAG 2.2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
def test_text_stands_out_from_what_is_behind_it(palette: Palette) -> None:
    """WCAG 2.2: 4.5 to 1 (1.4.3), in the high-contrast theme 7 to 1 (1.4.6)."""
    ratios = {(ink, on): contrast(getattr(palette, ink), getattr(palette, on)) for ink, on in PAIRS}
    least = 7.0 if palette is CONTRAST else 4.5
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < least} == {}
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def styles(app: PtbApp) -> list[tuple[str, str | None, str | None, bool]]:
    """What reaches the terminal: text, ink, ground, reversed."""
    found = []
    for strip in app.screen._compositor.render_strips(app.size):
        filtered = strip
        for one in app.get_line_filters():
            filtered = filtered.apply_filter(one, Color(0, 0, 0))
        found += [
            (
                segment.text,
                segment.style.color.name if segment.style and segment.style.color else None,
                segment.style.bgcolor.name if segment.style and segment.style.bgcolor else None,
                bool(segment.style and segment.style.reverse),
            )
            for segment in filtered
        ]
    return found


async def test_without_colours_what_is_selected_or_found_is_reversed_and_all_else_is_words(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = opened(story)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"gen.py", "enter", "e")
        await settle(pilot)
        seen = styles(app)
        assert {ink for _, ink, _, _ in seen} == {None}
        assert {ground for _, _, ground, _ in seen} == {None}
        reversed_ = "".join(words for words, _, _, back in seen if back)
        assert "▸" in reversed_
        assert "▲ violation" in text(pilot)
        assert "△ suspicious" in text(pilot)


async def test_every_flag_has_its_symbol_and_its_word_where_it_is_shown(story: Path) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for key in ("", "f", "l"):
            if key:
                await pilot.press(key)
                await settle(pilot)
            assert "▲ violation" in text(pilot) or "▲ 1 violation" in text(pilot)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
async def test_the_cursor_of_a_query_takes_the_colour_of_every_theme(story: Path, palette: Palette) -> None:
    app = PtbApp(case=entry_of(story))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("semicolon")
        await settle(pilot)
        for name in PALETTES:
            app.theme = name
            await settle(pilot)
        app.theme = palette.name
        await settle(pilot)
        grounds = {Color.parse(ground) for words, _, ground, _ in styles(app) if words == "S" and ground}
        accent = Color.parse(palette.accent)
        assert any(max(abs(a - b) for a, b in zip(one.rgb, accent.rgb, strict=True)) <= 1 for one in grounds)
