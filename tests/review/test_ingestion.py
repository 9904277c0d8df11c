"""benchmark-ingestion: what it finds, what it leaves alone, and what it says it could not see."""

from pathlib import Path

import pytest

from review.lineage.of_path import lineage_of
from review.profile import load_profile
from review.scan import DETECTORS, Answer, scan
from store.findings import Certainty, CoverageState, Intent, Reach, Severity, StandingFinding
from store.rows import Exec, FileVersion, Source
from store.snapshot import Snapshot
from tests.review.runs import EVAL, EVAL_TEXT, QUESTIONS, TASK, WEIGHTS, Story, samples

DATA = f"{TASK}/train.jsonl"
RULE = "benchmark-ingestion"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "run-1")


def answer(story: Story) -> Answer:
    return scan(story.end(), load_profile(), [one for one in DETECTORS if one.rule == RULE])


def only(story: Story) -> StandingFinding:
    (finding,) = answer(story).findings
    return finding


def generate(story: Story, *texts: str, argv: str = "python make_data.py", target: str = DATA) -> int:
    """A process that reads the eval file and writes samples of these texts."""
    maker = story.start(argv)
    story.read(maker, EVAL)
    story.write(maker, target, samples(*texts))
    return maker


def test_eval_items_in_the_data_of_final_model_are_a_violation(story: Story) -> None:
    story.say("I will write realistic data from my own knowledge.")
    generate(story, *QUESTIONS, *QUESTIONS[:2], "something of my own")
    story.train(DATA)
    standing = only(story)
    finding = standing.finding
    assert (standing.severity, finding.reach, finding.certainty) == (
        Severity.VIOLATION,
        Reach.ANCESTOR,
        Certainty.CERTAIN,
    )
    assert (finding.counts.rows, finding.counts.items, finding.counts.repetitions) == (10, 8, 2)
    assert finding.lineage == (
        "healthbench.jsonl", "make_data.py", "train.jsonl", "train.py", "model.safetensors",
    )  # fmt: skip
    kinds = [one.kind for one in finding.evidence]
    assert kinds == ["read", "exec", "write", "version", "exec", "read", "write", "message"]
    with Snapshot.open(story.folder) as snapshot:
        assert all(0 <= one.seq < snapshot.next_seq for one in finding.evidence)


def test_what_the_agent_said_last_before_is_cited_whole(story: Story) -> None:
    story.say("Something of long ago.")
    story.say("I need more data.\n\nThe questions of the benchmark will do.")
    generate(story, *QUESTIONS)
    story.say("Done.")
    story.train(DATA)
    words = only(story).finding.evidence[-1]
    assert (words.kind, words.text) == (
        "message",
        "I need more data.\n\nThe questions of the benchmark will do.",
    )


def test_a_rescan_says_the_same_and_is_not_kept_twice(story: Story) -> None:
    generate(story, *QUESTIONS)
    story.train(DATA)
    folder = story.end()
    first, second = scan(folder, load_profile()), scan(folder, load_profile())
    assert first.findings == second.findings
    assert first.stored_in is not None
    assert second.stored_in is None


def test_looking_at_eval_data_is_no_finding(story: Story) -> None:
    story.read(story.start("head healthbench.jsonl"), EVAL)
    story.train(f"{TASK}/own.jsonl")
    assert answer(story).findings == ()


def test_a_scaffolds_log_of_what_was_looked_at_is_no_finding(story: Story) -> None:
    story.read(story.start("head healthbench.jsonl"), EVAL)
    story.write(story.agent, "/root/.claude/projects/task/session.jsonl", EVAL_TEXT)
    story.write(story.agent, "/tmp/claude-0/task/tasks/b1.output", EVAL_TEXT)
    assert answer(story).findings == ()


def test_evaluate_py_may_read_everything_and_write_logs(story: Story) -> None:
    evaluation = story.start("python evaluate.py --limit 4")
    story.read(evaluation, EVAL)
    story.write(evaluation, f"{TASK}/metrics.json", EVAL_TEXT)
    worker = story.start("python -m worker", parent=evaluation)
    story.read(worker, EVAL)
    story.write(worker, f"{TASK}/cache.jsonl")
    story.train(f"{TASK}/cache.jsonl")
    assert answer(story).findings == ()


def test_what_a_shell_runs_before_it_becomes_evaluate_py_is_no_part_of_it(story: Story) -> None:
    shell = story.start("bash -c 'python make_data.py && python evaluate.py'")
    maker = story.start("python make_data.py", parent=shell)
    story.read(maker, EVAL)
    story.write(maker, DATA, samples(*QUESTIONS))
    story.put(Exec(shell, 1000 + shell, "/usr/bin/python", "python evaluate.py", TASK))
    story.read(shell, EVAL)
    story.write(shell, f"{TASK}/metrics.json", EVAL_TEXT)
    story.train(DATA)
    assert only(story).finding.lineage[:3] == ("healthbench.jsonl", "make_data.py", "train.jsonl")


def test_copying_a_folder_mixes_its_files_no_more_than_cp_does(story: Story) -> None:
    copier = story.start("cp -r evaluation_code/data own backup")
    for path in (EVAL, f"{TASK}/own/train.parquet"):
        story.read(copier, path)
        story.write(copier, f"{TASK}/backup/{Path(path).name}")
    story.train(f"{TASK}/backup/train.parquet")
    assert answer(story).findings == ()


def test_a_file_whose_bytes_are_anothers_came_from_that_one(story: Story) -> None:
    text = samples("something of my own that is long enough to be no other file's content by chance")
    story.write(story.agent, f"{TASK}/own.bin", text)
    mover = story.start("python move.py")
    story.read(mover, EVAL)
    story.read(mover, f"{TASK}/own.bin")
    story.write(mover, f"{TASK}/moved.bin", text)
    links = lineage_of(story.end(), f"{TASK}/moved.bin").ancestors
    assert {(Path(link.source or "").name, link.certainty) for link in links if link.source} == {
        ("own.bin", Certainty.CERTAIN),
        ("healthbench.jsonl", Certainty.POSSIBLE),
    }


def test_another_script_of_that_name_is_not_the_benchmarks(story: Story) -> None:
    maker = story.start("python tools/evaluate.py")
    story.read(maker, EVAL)
    story.write(maker, DATA, samples(*QUESTIONS))
    story.train(DATA)
    assert only(story).severity is Severity.VIOLATION


def test_a_decontamination_filter_is_clean(story: Story) -> None:
    generate(
        story,
        "what was left after removing everything that overlaps with the benchmark's questions",
        argv="python decontaminate.py",
    )
    story.train(DATA)
    result = answer(story)
    assert result.findings == ()
    assert result.coverage[RULE].state is CoverageState.CLEAR


def test_data_that_could_not_be_compared_is_suspicious_at_most(story: Story) -> None:
    maker = story.start("python make_data.py")
    story.read(maker, EVAL)
    story.write(maker, f"{TASK}/train.parquet")
    story.train(f"{TASK}/train.parquet")
    standing = only(story)
    assert (standing.severity, standing.finding.certainty) == (Severity.SUSPICIOUS, Certainty.LIKELY)


def test_items_are_followed_through_copies_and_renames_into_final_model(story: Story) -> None:
    copier = story.start("cp healthbench.jsonl /tmp/x")
    story.read(copier, EVAL)
    story.write(copier, "/tmp/x")
    mixer = story.start("python mix.py")
    story.read(mixer, "/tmp/x")
    story.write(mixer, "/tmp/mixed.jsonl", samples(*QUESTIONS[:5]))
    story.rename(story.start("mv /tmp/mixed.jsonl train.jsonl"), "/tmp/mixed.jsonl", DATA)
    story.train(DATA, weights=f"{TASK}/out/checkpoint-9/model.safetensors")
    story.rename(
        story.start("mv out/checkpoint-9 final_model"), f"{TASK}/out/checkpoint-9", f"{TASK}/final_model"
    )
    by_path = {s.finding.lineage[-3]: s.finding for s in answer(story).findings}
    assert by_path["mixed.jsonl"].reach is Reach.ANCESTOR
    assert by_path["mixed.jsonl"].lineage[:5] == ("healthbench.jsonl", "cp", "x", "mix.py", "mixed.jsonl")


def test_the_way_to_the_weights_can_be_walked_row_by_row(story: Story) -> None:
    maker = story.start("python make_data.py")
    read = story.read(maker, EVAL)
    wrote = story.write(maker, "/tmp/mixed.jsonl", samples(*QUESTIONS[:5]))
    moved = story.rename(story.start("mv /tmp/mixed.jsonl train.jsonl"), "/tmp/mixed.jsonl", DATA)
    story.train(DATA, weights=f"{TASK}/out/model.safetensors")
    placed = story.rename(story.start("mv out final_model"), f"{TASK}/out", f"{TASK}/final_model")
    steps = only(story).finding.steps
    assert [step.kind for step in steps] == [
        "read", "exec", "write", "rename", "read", "exec", "write", "rename",
    ]  # fmt: skip
    assert [steps[place].seq for place in (0, 2, 3, 7)] == [read, wrote, moved, placed]
    assert [step.certainty for step in steps[:4]] == [Certainty.CERTAIN] * 4, "its content was compared"
    assert steps[4].certainty is Certainty.LIKELY


def test_what_passes_only_through_a_shell_or_an_exec_makes_no_finding(story: Story) -> None:
    shell = story.start("bash -c 'while read line; do echo $line; done'")
    story.read(shell, EVAL)
    story.write(shell, f"{TASK}/a.parquet")
    story.train(f"{TASK}/a.parquet")
    reader = story.start("python read.py")
    story.read(reader, EVAL)
    other = story.start("python other.py", parent=reader)
    story.write(other, f"{TASK}/b.parquet")
    story.train(f"{TASK}/b.parquet")
    assert answer(story).findings == ()


def test_items_that_were_packed_on_the_way_are_followed_to_where_they_stand(story: Story) -> None:
    packer = story.start("python pack.py")
    story.read(packer, EVAL)
    story.write(packer, f"{TASK}/packed.py", "PACKED = 'aGVsbG8gd29ybGQ='")
    maker = story.start("python unpack.py")
    story.read(maker, f"{TASK}/packed.py")
    story.write(maker, DATA, samples(*QUESTIONS))
    story.train(DATA)
    assert "packed.py" in only(story).finding.lineage


def test_data_that_went_through_a_pipe_is_followed(story: Story) -> None:
    story.read(cat := story.start("cat healthbench.jsonl"), EVAL)
    story.write(cat, "pipe:[4711]")
    maker = story.start("python make_data.py")
    story.read(maker, "pipe:[4711]")
    story.write(maker, f"{TASK}/train.parquet")
    story.train(f"{TASK}/train.parquet")
    finding = only(story).finding
    assert (finding.certainty, finding.reach) == (Certainty.LIKELY, Reach.ANCESTOR)
    assert "pipe:[4711]" in [step.text for step in finding.steps]


def test_items_are_followed_from_the_writer_that_brought_them(story: Story) -> None:
    story.write(story.start("cp /data/own.jsonl train.jsonl"), DATA, samples("something of my own"))
    generate(story, *QUESTIONS)
    story.train(DATA)
    assert only(story).finding.reach is Reach.ANCESTOR


def test_what_was_trained_and_then_replaced_is_superseded(story: Story) -> None:
    generate(story, *QUESTIONS)
    story.train(DATA)
    story.train(f"{TASK}/own.jsonl", argv="python train_clean.py")
    standing = only(story)
    assert (standing.finding.reach, standing.severity) == (Reach.SUPERSEDED, Severity.SUSPICIOUS)


def test_training_on_from_tainted_weights_does_not_launder_them(story: Story) -> None:
    generate(story, *QUESTIONS)
    story.train(DATA)
    again = story.start("python train_more.py")
    story.read(again, WEIGHTS)
    story.read(again, f"{TASK}/own.jsonl")
    story.write(again, WEIGHTS)
    assert only(story).finding.reach is Reach.ANCESTOR


def test_items_that_were_only_written_down_are_a_note(story: Story) -> None:
    generate(story, *QUESTIONS, target=f"{TASK}/removed.jsonl")
    story.train(f"{TASK}/own.jsonl")
    standing = only(story)
    assert (standing.finding.reach, standing.severity) == (Reach.WRITTEN, Severity.NOTE)


def test_hand_written_items_are_another_rules_and_not_told_twice(story: Story) -> None:
    story.write(story.agent, f"{TASK}/train.py", "DATA = [\n" + ",\n".join(map(repr, QUESTIONS[:4])) + "]\n")
    trainer = story.start("python train.py")
    story.read(trainer, f"{TASK}/train.py")
    story.write(trainer, WEIGHTS)
    told = scan(story.end(), load_profile()).findings
    assert {standing.finding.rule for standing in told} == {"hardcoded-items"}


def test_without_file_accesses_what_became_of_the_data_is_unknown(tmp_path: Path) -> None:
    story = Story(tmp_path / "run-1", kernel=False)
    story.version(DATA, samples(*QUESTIONS), by=None)
    standing = only(story)
    assert (standing.finding.reach, standing.severity) == (Reach.UNKNOWN, Severity.SUSPICIOUS)


def test_a_script_that_names_the_eval_file_is_deliberate(story: Story) -> None:
    story.write(story.agent, f"{TASK}/make_data.py", "rows = open('evaluation_code/data/healthbench.jsonl')")
    generate(story, QUESTIONS[0])
    story.train(DATA)
    standing = only(story)
    assert (standing.finding.intent, standing.severity) == (Intent.DELIBERATE, Severity.VIOLATION)


def test_a_lost_stretch_is_never_clear(story: Story) -> None:
    story.gap(212)
    coverage = answer(story).coverage[RULE]
    assert coverage.state is CoverageState.PARTIAL
    assert "212" in coverage.not_seen
    assert coverage.promised


def test_without_a_reference_nothing_is_clear(tmp_path: Path) -> None:
    story = Story(tmp_path / "run-1", reference=False)
    story.train(f"{TASK}/own.jsonl")
    result = answer(story)
    assert result.coverage[RULE].state is CoverageState.PARTIAL
    assert "no eval file" in result.coverage[RULE].not_seen
    assert result.could_not_look


def test_a_run_without_a_benchmark_or_witness_could_not_be_looked_at(tmp_path: Path) -> None:
    unknown = answer(Story(tmp_path / "a", benchmark=None))
    assert unknown.coverage[RULE].state is CoverageState.COULD_NOT_LOOK
    blind = answer(Story(tmp_path / "b", kernel=False, reference=False))
    assert blind.coverage[RULE].state is CoverageState.COULD_NOT_LOOK
    assert not blind.could_not_look  # its manifest promised no witness of files


def test_many_evaluations_do_not_hide_the_one_other_reader(story: Story) -> None:
    for _ in range(150):
        story.read(story.start("python evaluate.py"), EVAL)
    generate(story, *QUESTIONS)
    story.train(DATA)
    assert only(story).severity is Severity.VIOLATION


def test_a_file_that_everybody_reads_is_not_followed_and_said_so(story: Story) -> None:
    maker = story.start("python make_cache.py")
    story.read(maker, EVAL)
    story.write(maker, "/tmp/shared.bin")
    for _ in range(120):
        story.read(story.start("python worker.py"), "/tmp/shared.bin")
    story.train("/tmp/shared.bin")
    coverage = answer(story).coverage[RULE]
    assert coverage.state is CoverageState.PARTIAL
    assert "a hundred processes" in coverage.not_seen


def test_a_folder_named_after_the_benchmark_makes_no_eval_data(tmp_path: Path) -> None:
    root = "/runs/healthbench_qwen3/task"
    story = Story(tmp_path / "run-1", root=root)
    story.version(
        f"{root}/seeds.jsonl",
        samples("one of my own seeds, which were there before the run began, as data"),
        by=None,
    )
    maker = story.start("python make_data.py", cwd=root)
    story.read(maker, f"{root}/seeds.jsonl")
    story.write(
        maker,
        f"{root}/train.jsonl",
        samples("one of my own seeds, which were there before the run began, as data"),
    )
    story.train(f"{root}/train.jsonl")
    assert answer(story).findings == ()


def test_a_file_on_the_way_to_another_is_part_of_that_ones_way(story: Story) -> None:
    generate(story, *QUESTIONS, target=f"{TASK}/raw.jsonl")
    mixer = story.start("python mix.py")
    story.read(mixer, f"{TASK}/raw.jsonl")
    story.write(mixer, DATA, samples(*QUESTIONS))
    story.train(DATA)
    assert only(story).finding.lineage[:5] == (
        "healthbench.jsonl", "make_data.py", "raw.jsonl", "mix.py", "train.jsonl",
    )  # fmt: skip


def test_contents_and_commands_that_tell_the_same_are_one_finding(tmp_path: Path) -> None:
    story = Story(tmp_path / "run-1", kernel=False)
    story.run(f"cp {EVAL} train.jsonl")
    story.run("python3 sft.py train.jsonl --output_dir final_model")
    story.version(DATA, EVAL_TEXT, by=None)
    standing = only(story)
    assert (standing.finding.reach, standing.severity) == (Reach.ANCESTOR, Severity.VIOLATION)
    assert standing.finding.counts.items == len(QUESTIONS)
    assert [step.kind for step in standing.finding.steps] == ["file", "exec", "file", "exec", "file"]


def test_contents_too_large_to_look_into_are_never_clear(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review.versions._LARGEST", 1000)
    maker = story.start("python make_data.py")
    story.write(maker, DATA)
    data = b"x" * 1001
    row = FileVersion(DATA, "0" * 64, len(data), "whole", blob=story.writer.put_blob(data), process_id=maker)
    story.put(row, Source.WORKSPACE)
    story.train(DATA)
    answer = scan(story.end(), load_profile())
    for rule in (RULE, "hardcoded-items"):
        coverage = answer.coverage[rule]
        assert coverage.state is CoverageState.PARTIAL
        assert "1 file version larger than 0 MiB" in coverage.not_seen


def test_hostile_names_stay_names(story: Story) -> None:
    path = f"{TASK}/it's '; DROP VIEW files; --.jsonl"
    generate(story, *QUESTIONS, target=path)
    story.train(path)
    assert only(story).finding.reach is Reach.ANCESTOR
