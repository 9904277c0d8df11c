"""The replay clock."""

from ptb_tui.state.playback import SPEEDS, Playback
from tests.ptb_tui.story import SECOND


def test_speed_changes_while_playing() -> None:
    playback = Playback(playing=True)
    assert playback.advance(0, 1.0, None) == SECOND
    playback.faster(1)
    assert playback.speed == 2
    assert playback.advance(0, 0.5, None) == SECOND


def test_speed_stays_within_its_notches() -> None:
    playback = Playback()
    playback.faster(-1)
    assert playback.speed == 1
    playback.faster(99)
    assert playback.speed == SPEEDS[-1] == 1000
    playback.faster(0)
    assert playback.speed == 1


def test_an_idle_stretch_is_skipped_up_to_its_end_and_counted() -> None:
    playback = Playback(playing=True)
    hour = 3600 * SECOND
    now = playback.advance(0, 1 / 60, hour)
    assert 0 < hour - now < SECOND
    assert playback.folded + (hour - now) == hour


def test_a_short_wait_is_played_through() -> None:
    playback = Playback(playing=True)
    assert playback.advance(0, 1.0, 4 * SECOND) == SECOND
    assert playback.folded == 0


def test_a_wait_that_passes_quickly_at_this_speed_is_played_through() -> None:
    playback = Playback(playing=True)
    playback.faster(99)
    assert playback.advance(0, 0.1, 60 * SECOND) == 100 * SECOND
    assert playback.folded == 0


def test_folding_can_be_switched_off() -> None:
    playback = Playback(playing=True, fold_idle=False)
    assert playback.advance(0, 1.0, 3600 * SECOND) == SECOND
