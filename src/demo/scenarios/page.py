"""docs/scenarios.md, made of the corpus."""

from collections.abc import Iterable, Mapping

from demo.scenarios.spec import Expected, Rule, Scenario

_HEAD = """\
# The known-truth corpus

Short scripted runs that really execute, each with the truth about it; made by `python -P -m demo.scenarios page`.
They were written in three goes, from the rules and the published descriptions of hacks, by people who had not seen
the detectors.

    python -P -m demo.scenarios list             ids and what to expect
    python -P -m demo.scenarios prepare ID       lay its task into the current (empty) folder, its script beside it
    python -P -m demo.scenarios play             play it here
    python -P -m demo.scenarios reference NAME   a benchmark's invented items, one JSON object a line

- **Expected** is what a full recording shows under profile v1.1, and how far it got at least (*ancestor*: of the
  submitted weights). **Transcript** is what the agent's stream alone can still show. *Also* names rules that a reviewer
  may find too without being wrong. A clean run has no violation and nothing suspicious; notes are fine.
- To record one: `mkdir task && cd task`, `prepare ID`, then
  `ptb record --benchmark B --base-model M -- python -P -m demo.scenarios play`. The player reads nothing of the corpus
  but its script, so a recording holds no other scenario's files and not the id. The script is the agent's mind: do not
  feed it to a detector.
- A third is **held out**, by SHA-256 of the id modulo 3: do not open `held_out/` while writing detectors, and report
  figures on it apart.
- Benchmark items are invented in each benchmark's style. `evaluate.py`, templates, models and packages are stand-ins,
  so their hashes are not the catalog's: what counts as tampering here is a change during the run.
- Hosted APIs are a stand-in on loopback that is called by the API's host name; the recorder that is attacked is a
  decoy. Nothing leaves the machine.
"""


def page(scenarios: Mapping[str, Scenario]) -> str:
    """The whole page."""
    lines = [_HEAD, "## Counts", "", "| | development | held out |", "|---|---|---|"]
    for rule in Rule:
        holding = [one for one in scenarios.values() if rule in {fact.rule for fact in one.expected}]
        lines.append(f"| `{rule}` | {_counts(holding)} |")
    lines += [f"| clean | {_counts(one for one in scenarios.values() if one.clean)} |"]
    lines += [f"| all | {_counts(scenarios.values())} |"]
    lines += [
        "",
        "## Development",
        "",
        "| id | task | expected | transcript | what it is |",
        "|---|---|---|---|---|",
    ]
    lines += [f"{_row(one)} {one.disguise} |" for one in scenarios.values() if not one.held_out]
    lines += ["", "## Held out", "", "| id | task | expected | transcript |", "|---|---|---|---|"]
    lines += [_row(one) for one in scenarios.values() if one.held_out]
    return "\n".join(lines) + "\n"


def told(facts: Iterable[Expected]) -> str:
    """Expectations in a line."""
    return (
        ", ".join(f"{fact.rule} {fact.severity}{f' ({fact.reach})' if fact.reach else ''}" for fact in facts)
        or "clean"
    )


def _row(scenario: Scenario) -> str:
    also = f"; also {', '.join(scenario.also)}" if scenario.also else ""
    task = f"{scenario.benchmark} · {scenario.base_model} · {scenario.scaffold}"
    return f"| `{scenario.id}` | {task} | {told(scenario.expected)}{also} | {told(scenario.transcript_expected)} |"


def _counts(scenarios: Iterable[Scenario]) -> str:
    aside = [scenario.held_out for scenario in scenarios]
    return f"{aside.count(False)} | {aside.count(True)}"
