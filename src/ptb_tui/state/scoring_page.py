"""The scoring of a run in words: what is under way, how far it is, what became of every attempt."""

from collections.abc import Iterator

from ptb_tui.actions.registry import label_of
from ptb_tui.state.headline import Line as HeadLine
from ptb_tui.state.headline import Part, whose
from ptb_tui.state.page import Item, Section
from ptb_tui.state.prose import Line, line
from ptb_tui.state.scoring import RUNNING, Row, Scoring
from ptb_tui.state.times import SECOND, brief, counted, day_and_time, many
from store.jobs import Job, Phase, Standing
from store.library import RunEntry
from store.scores import Isolation, ScoreStatus

_BAR = 40
_PHASES = (Phase.CHECKING, Phase.WAITING, Phase.COPYING, Phase.LOADING, Phase.SAMPLING)
_DOING = {
    Phase.CHECKING: "checking model and harness",
    Phase.WAITING: "waiting for the device",
    Phase.COPYING: "copying and hashing the model",
    Phase.LOADING: "loading the model",
    Phase.SAMPLING: "sampling",
    Phase.ENDED: "ended",
}
_SYMBOLS = {
    RUNNING: ("●", "good"),
    ScoreStatus.COMPLETE: ("✓", "good"),
    ScoreStatus.FAILED: ("✗", "violation"),
    ScoreStatus.REFUSED: ("⊘", "suspicious"),
    ScoreStatus.CANCELLED: ("■", "note"),
    ScoreStatus.LOST: ("?", "suspicious"),
}


def scoring_headline(entry: RunEntry, scoring: Scoring | None) -> list[HeadLine]:
    """Whose run it is, and whether it is being scored."""
    assert entry.manifest is not None
    first: HeadLine = (
        [
            Part("ptb", "accent"),
            Part("score", "strong"),
            *whose(entry.manifest.facts),
            Part(entry.run_id, "soft", 4),
        ],
        [],
    )
    if scoring is None:
        return [first, ([Part("reading the attempts …", "soft")], [])]
    return [first, (_now(scoring), list(_scores(entry, scoring)))]


def _now(scoring: Scoring) -> list[Part]:
    job = scoring.running
    if job is None:
        if scoring.job is not None and scoring.job.standing is Standing.LOST:
            return [Part("? the last job is lost", "suspicious")]
        return [Part("not being scored now", "soft")]
    if scoring.stopping:
        return [Part("■ asked to stop, ends in a moment", "suspicious")]
    return [Part(f"● {_DOING[job.phase]} on {_device(job)}", "good"), *_figures(job)]


def _device(job: Job) -> str:
    return job.device if job.device == "cpu" else f"GPU {job.device}"


def _figures(job: Job) -> Iterator[Part]:
    progress = job.progress
    if progress.total is not None:
        yield Part(f"{many(progress.done)} of {many(progress.total)}", "strong")
    if progress.eta_s is not None:
        yield Part(f"{brief(int(max(progress.eta_s, 1) * SECOND))} to go", "ink", 1)


def _scores(entry: RunEntry, scoring: Scoring) -> Iterator[Part]:
    assert entry.manifest is not None
    measured = next((row for row in scoring.rows if row.counts), None)
    if measured is not None and measured.value is not None:
        yield Part(f"measured {measured.value:.1%}", "strong", 1)
    reported = entry.manifest.facts.reported_score
    if reported is not None:
        yield Part(f"reported {reported:.1%}", "soft", 2)


def scoring_sections(scoring: Scoring) -> list[Section]:
    """What is under way, and every attempt."""
    sections = [Section("under way", tuple(_under_way(scoring)))]
    rows = tuple(_row(row) for row in reversed(scoring.rows))
    none = Item((line((f"none yet: {label_of('score.start')} starts one", "soft")),))
    sections.append(Section("attempts", rows or (none,), "newest first" if len(rows) > 1 else ""))
    if scoring.unreadable:
        problems = tuple(Item((line(("✗ ", "violation"), one, hang=2),)) for one in scoring.unreadable)
        sections.append(Section("cannot be read", problems))
    return sections


def _under_way(scoring: Scoring) -> Iterator[Item]:
    job = scoring.running
    if job is None:
        yield Item(tuple(_idle(scoring)))
        return
    yield Item(tuple(_following(job, scoring)))


def _idle(scoring: Scoring) -> Iterator[Line]:
    start = (label_of("score.start"), "accent")
    job = scoring.job
    if job is None:
        yield line("nothing: ", start, " starts a job, which goes on when ptb is left", hang=2)
    elif job.standing is Standing.LOST:
        died = f"job {job.job_id} is lost: its process died while it was {_DOING[job.phase]}"
        yield line((died, "suspicious"), hang=2)
        yield line(
            "killed, or the machine went down; attempts before are kept, ", start, " starts anew", hang=2
        )
    elif job.outcome in (ScoreStatus.FAILED, ScoreStatus.REFUSED):
        yield line(("the last job ended without a score", "suspicious"), ": its reason is below")
        yield line(start, " starts another; a lower token limit or a limit on items often helps", hang=2)
    else:
        yield line(f"nothing; the last job is {job.outcome}, ", start, " starts another")


def _following(job: Job, scoring: Scoring) -> Iterator[Line]:
    progress = job.progress
    share = progress.share or 0.0
    filled = min(max(round(share * _BAR), 0), _BAR)
    yield line(
        ("━" * filled, "good"),
        ("─" * (_BAR - filled), "line"),
        (f"  {share:.0%}" if progress.total else "", "strong"),
        (f"  {many(progress.done)} of {counted(progress.total, 'sample')}" if progress.total else "", "ink"),
    )
    yield line(*_steps(job))
    attempt = f"attempt {job.attempt} of at most {job.attempts}" if job.attempt else "no attempt yet"
    tokens = f", {counted(job.token_limit, 'token')} an answer" if job.token_limit else ""
    limited = f", limited to {counted(job.limit_n, 'item', 'items')}" if job.limit_n else ""
    yield line((f"{attempt}{tokens}{limited}", "ink"), hang=2)
    if progress.metric is not None:
        rate = f"   {progress.tokens_per_s:.1f} tokens/s" if progress.tokens_per_s is not None else ""
        yield line((f"{progress.metric:.3f} so far", "strong"), (rate, "ink"))
    isolated = "" if job.isolation is Isolation.CONTAINER else ", nothing isolates it"
    yield line((f"job {job.job_id}, pid {job.owner.pid} on {job.owner.host}{isolated}", "soft"), hang=2)
    if scoring.stopping:
        yield line(("it was asked to stop", "suspicious"), " and ends when it hears that, in a second or two")


def _steps(job: Job) -> Iterator[tuple[str, str]]:
    """The way of a job, where it is set off by a symbol as well as by its ink."""
    here = _PHASES.index(job.phase) if job.phase in _PHASES else len(_PHASES)
    for number, phase in enumerate(_PHASES):
        if number:
            yield " → ", "faint"
        if number == here:
            yield f"▸ {phase.value}", "strong"
        else:
            yield (f"✓ {phase.value}", "soft") if number < here else (phase.value, "faint")


def _row(row: Row) -> Item:
    symbol, ink = _SYMBOLS.get(row.state, ("?", "suspicious"))
    tokens = counted(row.token_limit, "token") if row.token_limit else ""
    lines = [
        line(
            (f"{row.number:>2}  ", "soft"),
            (f"{symbol} {row.state:<10}", ink),
            (f"{_value(row):<17}", "strong"),
            (f"{tokens:<14}", "ink"),
            (f"{_items(row):<12}", "ink"),
            (row.engine, "soft"),
            hang=4,
        ),
        line(
            (f"    {day_and_time(row.ts)} UTC", "soft"),
            (f", {row.drawn}" if row.drawn else "", "soft"),
            hang=4,
        ),
    ]
    if row.counts:
        lines.append(line(("    ← the run's score", "accent")))
    elif row.value is not None:
        lines.append(
            line(
                ("    not the run's score: limited, of another benchmark, or a later one counts", "soft"),
                hang=4,
            )
        )
    if row.reason:
        lines.append(line(("    ", "soft"), (row.reason, "ink" if row.state != RUNNING else "soft"), hang=4))
    return Item(tuple(lines), key=("attempt", row.key))


def _value(row: Row) -> str:
    if row.value is None:
        return "–"
    return f"{row.value:.4f}" + (f" ± {row.stderr:.4f}" if row.stderr is not None else "")


def _items(row: Row) -> str:
    if row.samples is not None:
        return counted(row.samples, "item", "items")
    return f"limit {row.limit_n:,}" if row.limit_n else ""
