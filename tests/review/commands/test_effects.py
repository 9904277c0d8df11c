"""What the text of commands and scripts tells about content: who reads what, and what of it goes where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.commands.effects import How
from review.commands.shell.follow import ShellEffects, shell_effects

LOAD = "import json\nrows = [json.loads(line) for line in open('a.jsonl')]\n"


def told(text: str, **scripts: str) -> ShellEffects:
    named = {f"{name}.py": body for name, body in scripts.items()}
    return shell_effects(text, named.get)


def transfers(effects: ShellEffects) -> set[tuple[str, str, How]]:
    return {(one.source, one.target, one.how) for one in effects.transfers}


@pytest.mark.parametrize(
    ("command", "source", "target"),
    [
        ("cp a.jsonl b.jsonl", "a.jsonl", "b.jsonl"),
        ("mkdir -p out && mv a.jsonl out/", "a.jsonl", "out/a.jsonl"),
        ("cat a.jsonl | grep x | shuf > b.jsonl", "a.jsonl", "b.jsonl"),
        ("cd data; head -n 5 a.jsonl >> b.jsonl", "data/a.jsonl", "data/b.jsonl"),
        ("SRC=a.jsonl; cp $SRC b.jsonl", "a.jsonl", "b.jsonl"),
        ("sed -i 's/x/y/' evaluate.py", "evaluate.py", "evaluate.py"),
        ("nohup bash -c 'cat a.jsonl > b.jsonl' &", "a.jsonl", "b.jsonl"),
        ("bash <<EOF\ncp a.jsonl b.jsonl\nEOF", "a.jsonl", "b.jsonl"),
        ("eval 'cp a.jsonl b.jsonl'", "a.jsonl", "b.jsonl"),
        ("cp $(python3 -c \"print('a' + '.jsonl')\") b.jsonl", "a.jsonl", "b.jsonl"),
        ("ls | xargs -I{} cat a.jsonl > b.jsonl 2> log.txt", "a.jsonl", "b.jsonl"),
        ("wget -O b.jsonl https://example.org/a.jsonl", "https://example.org/a.jsonl", "b.jsonl"),
    ],
)
def test_a_shell_command_takes_content_from_one_name_to_another(
    command: str, source: str, target: str
) -> None:
    assert (source, target, How.VALUE) in transfers(told(command))


@pytest.mark.parametrize(
    "body",
    [
        "open('b.jsonl', 'w').writelines(json.dumps(r) for r in rows)",
        "with open('b.jsonl', 'w') as out:\n    for r in rows:\n        out.write(json.dumps({'q': r['x']}) + '\\n')",
        "import pandas as pd\npd.DataFrame(rows).to_json('b.jsonl')",
        (
            "def keep(rs):\n    found = []\n    for r in rs:\n        found.append(r)\n    return found\n"
            "json.dump(keep(rows), open('b.jsonl', 'w'))"
        ),
        "from pathlib import Path\nPath('b.jsonl').write_text(''.join(str(r) for r in rows))",
    ],
)
def test_a_value_is_followed_through_a_program(body: str) -> None:
    assert ("a.jsonl", "b.jsonl", How.VALUE) in transfers(told("python3 make.py", make=LOAD + body))


@pytest.mark.parametrize("command", ["uv run make.py", "python -m make", "conda run -n x python make.py"])
def test_a_program_is_followed_whoever_launches_it(command: str) -> None:
    program = "import shutil\nshutil.copy('a.jsonl', 'b.jsonl')"
    assert ("a.jsonl", "b.jsonl", How.VALUE) in transfers(told(command, make=program))


def test_errors_are_no_results() -> None:
    assert {target for _, target, _ in transfers(told("cat a.jsonl > b.jsonl 2> log.txt"))} == {"b.jsonl"}


def test_a_shell_script_of_unknown_text_is_told_as_not_followed() -> None:
    assert not told("bash prepare.sh").whole


def test_what_a_filter_compares_with_is_not_taken_over() -> None:
    program = LOAD + (
        "seen = {r['q'] for r in rows}\n"
        "mine = [json.loads(line) for line in open('mine.jsonl')]\n"
        "with open('b.jsonl', 'w') as out:\n"
        "    for r in mine:\n        if r['q'] not in seen:\n            out.write(json.dumps(r))\n"
    )
    found = told("python3 make.py", make=program)
    assert "a.jsonl" in found.reads
    assert {one.source for one in found.transfers if one.how is How.VALUE} == {"mine.jsonl"}
    assert "a.jsonl" not in {one.source for one in found.transfers}


def test_numbers_about_content_are_not_the_content() -> None:
    program = LOAD + "json.dump({'n': len(rows)}, open('n.json', 'w'))"
    assert transfers(told("python3 make.py", make=program)) == {("a.jsonl", "n.json", How.COUNTS)}


def test_what_is_only_chosen_by_content_is_told_apart() -> None:
    program = LOAD + "own = json.load(open('own.json'))\njson.dump(own[rows[0]['id']], open('b.json', 'w'))"
    assert ("a.jsonl", "b.json", How.CHOICE) in transfers(told("python3 make.py", make=program))
    assert ("a.jsonl", "b.json", How.VALUE) not in transfers(told("python3 make.py", make=program))


def test_arguments_reach_the_options_of_a_script() -> None:
    program = (
        "import argparse, shutil\np = argparse.ArgumentParser()\np.add_argument('data', nargs='+')\n"
        "p.add_argument('--out', default='x.jsonl')\no = p.parse_args()\nshutil.copy(o.data[0], o.out)\n"
    )
    assert ("a", "b", How.VALUE) in transfers(told("python3 make.py a --out=b", make=program))
    assert ("a", "x.jsonl", How.VALUE) in transfers(told("python3 make.py a", make=program))


@pytest.mark.parametrize(
    "name",
    ["'lnosj.a'[::-1]", "base64.b64decode('YS5qc29u').decode() + 'l'", "'a' + '.jsonl'", "f'{stem}.jsonl'"],
)
def test_a_name_that_is_put_together_is_read_all_the_same(name: str) -> None:
    program = f"import base64, shutil\nstem = 'a'\nshutil.copy({name}, 'b.jsonl')"
    assert ("a.jsonl", "b.jsonl", How.VALUE) in transfers(told(f"python3 - <<EOF\n{program}\nEOF"))


def test_names_in_comments_docstrings_and_prints_are_read_by_nobody() -> None:
    program = '"""Uses data/a.jsonl."""\n# open("a.jsonl")\nprint("a.jsonl is not used")\n'
    found = told("python3 make.py  # cp a.jsonl b.jsonl\necho 'a.jsonl' > notes.md", make=program)
    assert not found.reads
    assert not found.transfers


def test_a_script_written_by_the_command_itself_is_followed() -> None:
    command = "cat > make.py <<'EOF'\nimport shutil\nshutil.copy('a.jsonl', 'b.jsonl')\nEOF\npython3 make.py"
    assert ("a.jsonl", "b.jsonl", How.VALUE) in transfers(told(command))


def test_programs_that_a_program_starts_are_followed() -> None:
    for call in (
        "os.system('cp a.jsonl b.jsonl')",
        "subprocess.run(['cp', 'a.jsonl', 'b.jsonl'], check=True)",
    ):
        program = f"import os, subprocess\n{call}"
        assert ("a.jsonl", "b.jsonl", How.VALUE) in transfers(told("python3 make.py", make=program))


def test_a_trainers_settings_name_what_it_reads_and_writes() -> None:
    command = (
        "cat > c.yaml <<'EOF'\ndataset: data/a.jsonl\noutput_dir: out/sft\nEOF\nllamafactory-cli train c.yaml"
    )
    found = told(command)
    assert ("data/a.jsonl", "out/sft", How.VALUE) in transfers(found)
    assert "out/sft" in found.models


def test_a_program_of_unknown_text_is_told_as_not_followed() -> None:
    assert not told("python3 gone.py a.jsonl").whole
    found = told("python3 sft.py a.jsonl --output_dir out")
    assert (list(found.models), list(found.programs[0].reads)) == (["out"], ["a.jsonl"])


@pytest.mark.parametrize("taking", ["python3 make.py", "xargs -I {} cp {} out/"])
def test_the_files_of_one_pipe_are_told_in_one_order(taking: str) -> None:
    files = [f"{name}.jsonl" for name in "fdbaceg"]
    make = "import sys\nopen('out/all.jsonl', 'w').write(sys.stdin.read())"
    effects = told(f"cat {' '.join(files)} | {taking}", make=make)
    sources = [one.source for one in effects.transfers if one.target.startswith("out/")]
    assert list(dict.fromkeys(sources)) == sorted(files)


@given(st.text(alphabet=st.sampled_from("ab'\"|&;<>()$\\\n #{}=-@EOF "), max_size=60))
def test_no_text_of_a_command_breaks_it(text: str) -> None:
    told(text)
    told(f"python3 -c '{text}'")


def test_a_program_that_never_ends_is_not_run_but_bounded() -> None:
    nested = "".join(f"{'    ' * depth}for i{depth} in x:\n" for depth in range(18)) + "    " * 18 + "y = x\n"
    assert not told("python3 make.py", make=nested * 3 + "z = " + "(" * 150 + ")" * 150).reads


def test_a_text_that_is_doubled_on_and_on_is_not_held() -> None:
    for grown in ("s = s + s\n", "s = f'{s}{s}'\n", "s = s.replace('a', s)\n", "s = s.join([s, s])\n"):
        told("python3 make.py", make="s = 'aa'\n" + grown * 60 + "open(s, 'w').write(s)\n")


def test_a_text_that_stands_in_the_command_is_held_by_the_file_that_gets_it() -> None:
    for command in (
        "echo 'x = 1' > a.py",
        "cat > a.py <<EOF\nx = 1\nEOF",
        "tee a.py > /dev/null <<EOF\nx = 1\nEOF",
    ):
        assert told(command).contents == {"a.py": "x = 1\n"}
