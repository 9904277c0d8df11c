"""Rows of the event log: what folds, what never does, and that walking them loses nothing."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ptb_tui.state.folding import BLOCK, Fold, Folding
from ptb_tui.state.viewport import Viewport
from store.event import Event, Kind, Lane


def event(position: int, kind: Kind, label: str, process: int = 1, *, failed: bool = False) -> Event:
    return Event(position, position * 10, position, kind, process, 100, label, 1, failed)


def folding(
    events: list[Event], evidence: frozenset[int] = frozenset(), lanes: frozenset[Lane] = frozenset(Lane)
) -> Folding:
    return Folding(
        lambda position, count: events[position : position + count], lambda: len(events), evidence, lanes
    )


def many(kind: Kind, label: str, count: int) -> list[Event]:
    return [event(n, kind, label) for n in range(count)]


def test_the_same_read_again_is_one_row_with_the_sum() -> None:
    (row,) = folding(many(Kind.READ, "/task/a", 5)).rows(0)
    assert (row.fold, len(row.events), row.amount) == (Fold.REPEAT, 5, 5)


def test_libraries_of_one_process_fold_and_another_process_does_not_join() -> None:
    events = [event(n, Kind.READ, f"/usr/lib/{n}.so", process=1 if n < 6 else 2) for n in range(8)]
    assert [len(row.events) for row in folding(events).rows(0)] == [6, 2]


def test_evidence_is_never_folded() -> None:
    rows = folding(many(Kind.READ, "/task/a", 5), evidence=frozenset({20})).rows(0)
    assert [len(row.events) for row in rows] == [2, 1, 2]


def test_commands_and_words_never_fold() -> None:
    assert len(folding(many(Kind.COMMAND, "ls", 5)).rows(0)) == 5
    assert len(folding(many(Kind.MESSAGE, "hello", 5)).rows(0)) == 5


def test_a_start_joins_its_exec_and_is_told_by_it() -> None:
    events = [
        event(0, Kind.PROCESS, "bash"),
        event(1, Kind.EXEC, "python x.py"),
        event(2, Kind.EXEC, "git log"),
    ]
    rows = folding(events).rows(0)
    assert [row.lead.label for row in rows] == ["python x.py", "git log"]


def test_a_program_looked_for_in_every_folder_is_one_row() -> None:
    events = [event(n, Kind.EXEC, "python x.py", failed=n < 7) for n in range(8)]
    assert [(row.failed, len(row.events)) for row in folding(events).rows(0)] == [(7, 7), (0, 1)]


def test_unfolding_shows_every_event_and_folding_back_hides_them() -> None:
    folded = folding(many(Kind.READ, "/task/a", 5))
    folded.unfold(folded.rows(0)[0])
    assert len(folded.rows(0)) == 5
    folded.fold_back(3)
    assert len(folded.rows(0)) == 1


def test_hidden_lanes_have_no_rows_and_do_not_keep_others_apart() -> None:
    events = [event(n, Kind.GPU if n % 2 else Kind.READ, "/task/a") for n in range(6)]
    (row,) = folding(events, lanes=frozenset({Lane.FILES})).rows(0)
    assert [each.position for each in row.events] == [0, 2, 4]


KINDS = st.sampled_from((Kind.READ, Kind.GPU, Kind.MESSAGE, Kind.PROCESS, Kind.EXEC))
LABELS = st.sampled_from(("/usr/lib/a", "/task/a", "/task/b"))
EVENTS = st.lists(st.tuples(KINDS, LABELS, st.integers(1, 2), st.booleans()), min_size=1, max_size=3 * BLOCK)


@given(EVENTS, st.data())
def test_walking_finds_every_event_once_in_both_directions(
    drawn: list[tuple[Kind, str, int, bool]], data: st.DataObject
) -> None:
    events = [
        event(n, kind, label, process, failed=failed)
        for n, (kind, label, process, failed) in enumerate(drawn)
    ]
    view = Viewport(folding(events), lambda: len(events))
    forward = [each.position for row in view.walk(0, 1) for each in row.events]
    assert forward == list(range(len(events)))
    backward = [row.first for row in view.walk(len(events) - 1, -1)]
    assert backward == sorted(backward, reverse=True)
    view.height = data.draw(st.integers(1, 40))
    for position in data.draw(st.lists(st.integers(0, len(events) - 1), max_size=5)):
        view.show(position)
        shown = view.rows()
        assert any(row.first <= position <= row.last for row in shown)
        assert len(shown) == min(view.height, len([*view.walk(0, 1)]))


def test_moving_the_selection_scrolls_one_row_at_a_time() -> None:
    events = [event(n, Kind.MESSAGE, f"m{n}") for n in range(100)]
    view = Viewport(folding(events), lambda: len(events))
    view.height = 10
    tops = []
    for position in range(100):
        view.show(position)
        tops.append(view.top)
    assert all(0 <= later - before <= 1 for before, later in pairwise(tops))
    assert tops[-1] == 90


def test_a_jump_shows_what_came_before_and_after() -> None:
    events = [event(n, Kind.MESSAGE, f"m{n}") for n in range(1000)]
    view = Viewport(folding(events), lambda: len(events))
    view.height = 10
    view.reveal(500)
    assert [row.first for row in view.rows()] == list(range(497, 507))
    view.reveal(506)
    assert view.rows()[-1].first <= 508
    view.reveal(999)
    assert [row.first for row in view.rows()] == list(range(990, 1000))


def test_sparse_lanes_are_reached_without_walking_everything() -> None:
    events = [event(n, Kind.READ, f"/task/{n}") for n in range(40 * BLOCK)]
    events[-1] = event(len(events) - 1, Kind.CONNECT, "10.0.0.1")
    read: list[int] = []

    def window(position: int, count: int) -> list[Event]:
        read.append(position)
        return events[position : position + count]

    def next_visible(position: int, direction: int) -> int | None:
        found = [len(events) - 1]
        return next((each for each in found if (each - position) * direction >= 0), None)

    lanes = frozenset({Lane.NET})
    view = Viewport(Folding(window, lambda: len(events), (), lanes), lambda: len(events), next_visible)
    view.height = 5
    view.show(0)
    assert [row.lead.kind for row in view.rows()] == [Kind.CONNECT]
    assert len(read) < 5
