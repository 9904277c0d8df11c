"""The two halves agree about the records: `record.h` and `layout.py`."""

import re
from pathlib import Path

import numpy as np
import pytest

from recorder.ebpf import layout
from recorder.ebpf.programs import OBJECT

HEADER = (OBJECT.parent / "bpf" / "record.h").read_text()
_C_TYPES = {
    "__u64": ("<i8", "<u8"),
    "__u32": ("<u4",),
    "__s32": ("<i4",),
    "__u16": ("<u2",),
    "__u8": ("u1", "|u1"),
}


def _struct(name: str) -> list[tuple[str, str, str]]:
    body = re.search(rf"struct {name} \{{(.*?)\n\}};", HEADER, re.DOTALL)
    assert body
    text = re.sub(r"/\*.*?\*/", "", body[1], flags=re.DOTALL)
    return re.findall(r"(?:struct )?(\w+) (\w+)(\[\w+\])?;", text)


@pytest.mark.parametrize(
    ("name", "dtype"), [("head", layout.HEAD), ("event", layout.EVENT), ("text", layout.TEXT)]
)
def test_fields_agree(name: str, dtype: np.dtype[np.void]) -> None:
    fields = _struct(name)
    assert [field for _, field, _ in fields] == list(dtype.names or ())
    for kind, field, _ in fields:
        base = dtype[field].base
        assert base == layout.HEAD if kind == "head" else base.str in _C_TYPES[kind]


def test_no_struct_is_padded() -> None:
    assert layout.HEAD.itemsize == 56
    assert layout.EVENT.itemsize % 8 == 0
    assert layout.TEXT.itemsize == layout.TEXT_HEAD.itemsize + layout.TEXT_BYTES


@pytest.mark.parametrize(
    ("name", "prefix", "numbers", "first"),
    [
        ("record_type", "RECORD_", layout.RecordType, 1),
        ("via", "VIA_", layout.Via, 0),
        ("loss", "LOSS_", layout.Loss, 0),
    ],
)
def test_numbers_agree(name: str, prefix: str, numbers: type[layout.RecordType], first: int) -> None:
    body = re.search(rf"enum {name} \{{(.*?)\}};", HEADER, re.DOTALL)
    assert body
    text = re.sub(r"/\*.*?\*/", "", body[1], flags=re.DOTALL)
    names = re.findall(rf"{prefix}(\w+)", text)
    assert [(member.name, int(member)) for member in numbers] == [
        (member, number) for number, member in enumerate(names, first)
    ]


def test_marks_agree() -> None:
    marks = dict(re.findall(r"#define MARK_(\w+) +(\d+)", HEADER))
    assert {member.name: str(int(member)) for member in layout.Mark} == marks


def test_the_object_is_where_the_wheel_puts_it() -> None:
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text()
    assert f"src/recorder/ebpf/{OBJECT.name}" in project
