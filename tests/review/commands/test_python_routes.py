"""By which routes a Python program takes content from one file into another, and the innocent twin of each."""

import json

import pytest

from tests.review.commands.flowing import SOURCE, TARGET, arrives

SAVE = f"open('{TARGET}', 'w').write"
TAKEN = {
    "names put together round by round": (
        "rows = []\nfor d, n in (('mine', 'a'), ('eval/data', 'items')):\n"
        f"    rows += open(f'{{d}}/{{n}}.jsonl').readlines()\n{SAVE}(str(rows))"
    ),
    "a pattern that a condition chooses": (
        "from pathlib import Path\nrows = []\nfor d in ('mine', 'eval'):\n"
        "    wanted = 'train-*.jsonl' if d == 'mine' else 'items.jsonl'\n"
        f"    for p in (Path(d) / 'data').glob(wanted):\n        rows.append(p.read_text())\n{SAVE}(str(rows))"
    ),
    "a dictionary of sources": (
        f"S = {{'a': 'mine.jsonl', 'b': '{SOURCE}'}}\nD = {{k: open(p).read() for k, p in S.items()}}\n{SAVE}(D['b'])"
    ),
    "what a program prints": f"import subprocess\n{SAVE}(subprocess.check_output(['cat', '{SOURCE}'], text=True))",
    "the output of a program": (
        f"import subprocess\nwith open('{TARGET}', 'w') as f:\n    subprocess.run(['cat', '{SOURCE}'], stdout=f)"
    ),
    "a pipe": f"import os\n{SAVE}(os.popen('grep q {SOURCE}').read())",
    "a generator that a library calls": (
        f"from datasets import Dataset\ndef rows():\n    yield from open('{SOURCE}')\n"
        f"Dataset.from_generator(rows).to_json('{TARGET}')"
    ),
    "a text that is run": f"exec(\"open('{TARGET}', 'w').write(open('{SOURCE}').read())\")",
}
LEFT = {
    "one of two is passed over": (
        "rows = []\nfor d, n in (('mine', 'a'), ('eval/data', 'items')):\n    if n == 'items':\n        continue\n"
        f"    rows += open(f'{{d}}/{{n}}.jsonl').readlines()\n{SAVE}(str(rows))"
    ),
    "one of two is compared with": (
        f"rows, bad = [], []\nfor n, role in (('{SOURCE}', 'deny'), ('mine.jsonl', 'train')):\n    part = open(n).readlines()\n"
        f"    if role == 'train':\n        rows += part\n    else:\n        bad += part\n{SAVE}(str([r for r in rows if r not in bad]))"
    ),
    "another one of a dictionary": (
        f"S = {{'train': 'mine.jsonl', 'test': '{SOURCE}'}}\nD = {{k: open(p).readlines() for k, p in S.items()}}\n"
        f"bad = set(D['test'])\n{SAVE}(str([r for r in D['train'] if r not in bad]))"
    ),
    "how much a program prints": (
        f"import subprocess\nn = subprocess.check_output(['wc', '-l', '{SOURCE}'])\n{SAVE}(open('mine.jsonl').read())"
    ),
    "names that a comprehension leaves out": (
        f"names = ['mine.jsonl', '{SOURCE}']\nrows = [l for n in names if not n.startswith('eval') for l in open(n)]\n{SAVE}(str(rows))"
    ),
}
READING = f"SOURCE = '{SOURCE}'\ndef rows(path=SOURCE):\n    return open(path).readlines()\n"
SAVING = f"from lib.reading import rows\nopen('{TARGET}', 'w').writelines(rows())\n"


@pytest.mark.parametrize("name", TAKEN)
def test_content_arrives(name: str) -> None:
    assert arrives("python3 m.py", {"m.py": TAKEN[name]})


@pytest.mark.parametrize("name", LEFT)
def test_nothing_arrives(name: str) -> None:
    assert not arrives("python3 m.py", {"m.py": LEFT[name]})


@pytest.mark.parametrize(
    "program",
    [
        SAVING,
        f"import lib.reading as r\nopen('{TARGET}', 'w').write(open(r.SOURCE).read())",
        f"import importlib\nm = importlib.import_module('lib.reading')\nopen('{TARGET}', 'w').writelines(m.rows())",
    ],
)
def test_modules_of_the_agents_own_are_part_of_the_program(program: str) -> None:
    assert arrives("python3 m.py", {"m.py": program, "lib/reading.py": READING})


def test_what_nobody_calls_in_a_module_does_nothing() -> None:
    leak = f"def leak():\n    open('{TARGET}', 'w').write(open('{SOURCE}').read())\nif __name__ == '__main__':\n    leak()\n"
    assert not arrives("python3 m.py", {"m.py": "import lib\nprint(lib)", "lib.py": leak})
    assert arrives("python3 -c \"import runpy; runpy.run_path('lib.py')\"", {"lib.py": leak})


def notebook(*cells: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]})


@pytest.mark.parametrize(
    "cells",
    [
        (f"text = open('{SOURCE}').read()", f"%matplotlib inline\nopen('{TARGET}', 'w').write(text)"),
        (f"!cp {SOURCE} {TARGET}",),
        (f"%%bash\ncat {SOURCE} > {TARGET}",),
        (f"rows = !cat {SOURCE}\nopen('{TARGET}', 'w').write(str(rows))",),
        (f"%%writefile m.py\nimport shutil\nshutil.copy('{SOURCE}', '{TARGET}')", "%run m.py"),
    ],
)
@pytest.mark.parametrize(
    "command", ["jupyter nbconvert --to notebook --execute n.ipynb", "papermill n.ipynb out.ipynb"]
)
def test_a_notebook_is_a_program(cells: tuple[str, ...], command: str) -> None:
    assert arrives(command, {"n.ipynb": notebook(*cells)})
    assert not arrives("jupyter nbconvert --to html n.ipynb", {"n.ipynb": notebook(*cells)})
