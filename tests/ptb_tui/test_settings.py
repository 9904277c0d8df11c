"""A reviewer's own keys and theme: what the file says holds, what cannot hold is told and left out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_tui.actions.action import Action, Scope
from ptb_tui.actions.keys import key_label, parse_key
from ptb_tui.actions.registry import ACTIONS, actions_in, use_keys
from ptb_tui.app import PtbApp
from ptb_tui.settings import VARIABLE, parse_settings
from ptb_tui.theme import CONTRAST, DARK, LIGHT, Palette
from store.findings import FindingState
from store.library import entry_of
from store.overlay import state_folder
from tests.ptb_tui.screen import opened, replay_of, settle, text
from tests.ptb_tui.test_deciding import states

FILE = Path("app.toml")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's settings are."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "app.toml"))
    return tmp_path / "app.toml"


async def test_other_keys_do_the_same_and_every_place_shows_them(story: Path, settings: Path) -> None:
    settings.write_text("""
[keys]
case.replay = "p"
case.accept = ["A", "ctrl+y"]
replay.next_flag = "ü"
everywhere.back = "f9"
everywhere.help = "f11"
everywhere.palette = "^f12"
""")
    async with PtbApp(case=entry_of(story)).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert not pilot.app._notifications
        footer = text(pilot).splitlines()[-1]
        assert "p replay" in footer
        assert "f9 back" in footer
        assert "A accepts" in text(pilot)
        await pilot.press("a")
        await settle(pilot)
        assert states(story)["hardcoded-items"] is FindingState.OPEN
        await pilot.press("A")
        await settle(pilot)
        assert states(story)["hardcoded-items"] is FindingState.ACCEPTED
        await pilot.press("f11")
        await settle(pilot)
        assert "A ^y  Say that the selected finding is right." in text(pilot)
        await pilot.press("end")
        await settle(pilot)
        assert "app.toml" in text(pilot)
        await pilot.press("f9", "enter")
        await settle(pilot)
        assert "against" in text(pilot)
        await pilot.press("p")
        await settle(pilot)
        await pilot.press("g", "ü")
        assert replay_of(pilot).replay.position > 0
        await pilot.press("v")
        await settle(pilot)
        assert "f11 help  f9 back" in text(pilot)
        await pilot.press("f9", "f9")
        await settle(pilot)
        assert "against" in text(pilot)
        await pilot.press("ctrl+f12", *"accept")
        await settle(pilot)
        assert "accept (A ^y)" in text(pilot)
    use_keys({})


async def test_what_cannot_be_followed_is_told_and_the_app_starts_all_the_same(
    story: Path, settings: Path
) -> None:
    settings.write_text("""theme = "pink"
colour = "red"
[keys]
case.accept = "n"
"case.rejected" = "x"
case.reject = "ctrl+nothing"
case.verdict = 7
replay.tenth = "a"
heat.open = "q"
case.comment = "f12"
""")
    async with PtbApp(case=entry_of(story)).run_test(size=(120, 50), notifications=True) as pilot:
        await settle(pilot)
        assert pilot.app.theme == DARK.name
        assert "app.toml, line 1: 'pink' is no theme" in text(pilot)
        assert "and 7 more: ? lists them" in text(pilot)
        await pilot.press("question_mark")
        await settle(pilot)
        inside = [line.split("│")[1] for line in text(pilot).splitlines() if line.count("│") == 2]
        told = " ".join(" ".join(inside).split())
        assert "line 2: colour is no setting" in told
        assert "line 4: case.accept: n is already “next undecided” (case.next_undecided) in case" in told
        assert "line 5: case.rejected is no action" in told
        assert "line 6: case.reject: 'ctrl+nothing' is no key that a terminal sends" in told
        assert "line 7: case.verdict needs a key in quotes" in told
        assert "line 8: replay.tenth stays with its keys" in told
        assert "line 9: heat.open: q is already “back” (everywhere.back) in heat" in told
        await pilot.press("escape", "a")
        await settle(pilot)
        assert states(story)["hardcoded-items"] is FindingState.ACCEPTED
        await pilot.press("f12")
        await settle(pilot)
        assert "comment" in text(pilot).splitlines()[-1]
    use_keys({})


async def test_a_file_that_is_no_toml_is_told_with_its_line(story: Path, settings: Path) -> None:
    settings.write_bytes(b'theme = "light"\n[keys\n\x1b]0;x\x07')
    async with opened(story).run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        assert "at line 2" in text(pilot)
        assert "none of it is used" in " ".join(text(pilot).split())


async def test_a_file_that_cannot_be_read_is_told(story: Path, settings: Path) -> None:
    settings.mkdir()
    async with opened(story).run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        assert "Is a directory" in " ".join(text(pilot).split())


@pytest.mark.parametrize(("word", "theme"), [("light", LIGHT), ("contrast", CONTRAST), ("dark", DARK)])
async def test_a_theme_is_chosen_by_the_file_by_key_and_by_name(
    story: Path, settings: Path, word: str, theme: Palette
) -> None:
    settings.write_text(f'theme = "{word}"')
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert pilot.app.theme == theme.name
        await pilot.press("T")
        assert pilot.app.theme != theme.name
        await pilot.press("ctrl+p", *f"theme: {word}".replace(" ", "")[:9])
        await settle(pilot)
        assert f"theme: {word}" in text(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert pilot.app.theme == theme.name


async def test_the_theme_chosen_last_is_there_at_the_next_start(story: Path, settings: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("T")
        chosen = pilot.app.theme
    assert chosen != DARK.name
    assert opened(story).theme == chosen
    settings.write_text('theme = "dark"')
    assert opened(story).theme == DARK.name


async def test_a_theme_that_cannot_be_remembered_is_used_and_told(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        state_folder().parent.mkdir(parents=True, exist_ok=True)
        state_folder().write_text("in the way")
        await pilot.press("T")
        assert pilot.app.theme != DARK.name
        assert "the theme holds until ptb is left" in text(pilot)


def test_what_is_remembered_and_is_no_theme_is_none(story: Path) -> None:
    state_folder().mkdir(parents=True)
    (state_folder() / "theme").write_text("\x1b]52;c;x\x07")
    assert opened(story).theme == DARK.name


@pytest.mark.parametrize(("last", "first"), [("G", "g"), ("end", "home")])
async def test_the_help_goes_to_its_end_and_back(story: Path, last: str, first: str) -> None:
    async with opened(story).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await settle(pilot)
        top = text(pilot)
        assert "keys and theme:" not in top
        await pilot.press(last)
        await settle(pilot)
        assert "keys and theme:" in text(pilot)
        await pilot.press(first)
        await settle(pilot)
        assert text(pilot) == top


def test_two_actions_can_change_places() -> None:
    settings = parse_settings('[keys.case]\naccept = "r"\nreject = "a"\n', FILE)
    assert settings.faults == ()
    assert dict(settings.keys) == {"case.accept": ("r",), "case.reject": ("a",)}
    half = parse_settings('[keys]\ncase.accept = "r"\ncase.reject = "n"\n', FILE)
    assert dict(half.keys) == {}
    assert [fault.split(":")[0] for fault in half.faults] == ["app.toml, line 2", "app.toml, line 3"]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_what_the_app_shows_for_a_key_is_read_as_that_key(action: Action) -> None:
    for key in action.keys:
        assert parse_key(key_label(key)) == key
        assert parse_key(key) == key


@pytest.mark.parametrize("word", ["", "xx", "ctrl+", "hyper+a", "ctrl", "\x1b", "shift+nothing"])
def test_what_is_no_key_is_none(word: str) -> None:
    assert parse_key(word) is None


@given(st.text())
def test_no_text_breaks_the_reading(written: str) -> None:
    parse_settings(written, FILE)
    parse_settings(f"[keys]\ncase.accept = {written!r}\n", FILE)


@given(
    st.dictionaries(
        st.sampled_from([action.id for action in ACTIONS]), st.sampled_from("abcdefnqvxy?/[;"), max_size=8
    )
)
def test_whatever_is_chosen_no_key_means_two_things(chosen: dict[str, str]) -> None:
    written = "[keys]\n" + "".join(f'"{name}" = "{key}"\n' for name, key in chosen.items())
    settings = parse_settings(written, FILE)
    use_keys(settings.keys)
    try:
        for scope in Scope:
            here = {action.id: action for action in (*actions_in(scope), *actions_in(Scope.EVERYWHERE))}
            keys = [key for action in here.values() for key in action.keys]
            assert sorted(keys) == sorted(set(keys))
        assert len(settings.faults) + len(settings.keys) == len(chosen)
    finally:
        use_keys({})
