"""The commands of a run with what their text, and that of the scripts they run, says about content."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from review.commands.effects import How, Transfer
from review.commands.issued import Issued, issued
from review.commands.same_file import same
from review.commands.scripts import Scripts
from review.commands.shell.converters import CHANNEL
from review.commands.shell.follow import ShellEffects, shell_effects
from review.detector import RunView
from review.file_names import is_submitted
from review.versions import Version, recorded_versions
from store.counting import counted

_MOST_ACTS = 20_000
_MOST_TEXT = 32 << 20
"""Characters of scripts that are followed in one run; a script that is run again counts again."""


@dataclass(frozen=True, slots=True)
class Act:
    """One command, followed."""

    issued: Issued
    effects: ShellEffects
    scripts: tuple[Version, ...] = ()
    """The recorded scripts that it ran."""

    @property
    def seq(self) -> int:
        """Of the command."""
        return self.issued.seq

    @property
    def text(self) -> str:
        """Of the command."""
        return self.issued.text

    @property
    def output(self) -> str:
        """What it printed; empty where that is not known."""
        return self.issued.output

    @property
    def process_id(self) -> int | None:
        """What it became, where processes were recorded."""
        return self.issued.process_id

    @property
    def failed(self) -> bool:
        """It is known to have ended with an error."""
        return self.issued.exit_code not in (None, 0)


@dataclass(frozen=True, slots=True)
class Leg:
    """Content goes from one name to another by one command."""

    act: Act
    transfer: Transfer
    trains: bool
    """The target is a model, and the source is among what its program took in."""


Trail = tuple[Leg, ...]
"""How content got from its source to a name, command by command."""


@dataclass(frozen=True, slots=True)
class Acts:
    """All commands of a run, in their order."""

    acts: tuple[Act, ...]
    skipped: int
    """Commands that were not followed, because there were too many."""

    @property
    def opaque(self) -> int:
        """Commands whose programs are not known, or not clear."""
        return sum(not act.effects.whole for act in self.acts)

    @property
    def unclear(self) -> str:
        """What the opaque ones leave unseen; empty where there are none."""
        if not self.opaque:
            return ""
        return f"the programs of {counted(self.opaque, 'command')}, whose text is not known or not clear"

    def trails(
        self,
        is_source: Callable[[str], bool],
        most: How = How.VALUE,
        counts: Callable[[Leg], bool] = lambda _: True,
        begins: Callable[[Leg], bool] = lambda _: True,
    ) -> dict[str, Trail]:
        """Where content of the sources may have gone, by name, along legs that count, from one that begins a way.

        ``most`` is the weakest transfer followed.
        """
        trails: dict[str, Trail] = {}
        acts = [act for act in self.acts if not act.failed]
        waiting = [act for act in acts if any(name.startswith(CHANNEL) for name in act.effects.reads)]
        for act in (*acts, *waiting, *(acts if waiting else ())):  # who listens was started before
            for _ in range(2):  # a later command of a line may feed one that stands earlier in the list
                for leg in filter(counts, _legs(act, most)):
                    before = next((trails[name] for name in trails if same(name, leg.transfer.source)), None)
                    if before is not None and not same(before[0].transfer.source, leg.transfer.target):
                        trails.setdefault(leg.transfer.target, (*before, leg))
                    elif (
                        is_source(leg.transfer.source) and not is_source(leg.transfer.target) and begins(leg)
                    ):
                        trails.setdefault(leg.transfer.target, (leg,))
        return trails

    def last_to_write_model(self) -> Act | None:
        """The command that made what lies in ``final_model``; None when none is told."""
        for act in reversed(self.acts):
            if not act.failed and any(is_submitted(name) for name in act.effects.models):
                return act
        return None


def told_acts(run: RunView) -> Acts:
    """The commands of ``run``, each followed by its text."""
    commands = issued(run)
    known = Scripts(run.once(recorded_versions))
    acts: list[Act] = []
    left = _MOST_TEXT
    for one in commands[:_MOST_ACTS]:
        if left <= 0:
            break
        scripts = known.before(one.seq)
        effects = shell_effects(one.text, scripts.find, held=scripts.glance)
        known.hold(effects.printed | effects.contents)
        left -= len(one.text) + scripts.size
        acts.append(Act(one, effects, tuple(scripts.used)))
    return Acts(tuple(acts), len(commands) - len(acts))


def _legs(act: Act, most: How) -> Iterator[Leg]:
    for program in act.effects.programs:
        for model in program.models:
            for name in program.reads:
                if not same(name, model):
                    yield Leg(act, Transfer(name, model, How.VALUE), trains=True)
    for transfer in act.effects.transfers:
        if transfer.how <= most:
            yield Leg(act, transfer, trains=False)
