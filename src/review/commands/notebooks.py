"""Notebooks as the programs that they are: their cells of code in order, with what only a notebook may say put into Python."""

import json
import re

_BANG = re.compile(r"^(?P<indent>\s*)(?:(?P<name>[\w, ]+?)\s*=\s*)?!{1,2}(?P<command>.+)$")
_RUN = re.compile(r"^\s*%run\s+(?:-\w+\s+)*(?P<command>\S.*)$")
_SHELL_CELL = re.compile(r"\A\s*%%(?:bash|sh|script\s+(?:ba)?sh)\b[^\n]*\n")
_FILE_CELL = re.compile(r"\A\s*%%writefile\s+(?:-a\s+)?(?P<name>\S+)[^\n]*\n")
_START = "__import__('subprocess').getoutput"


def notebook_program(text: str) -> str | None:
    """The program of a notebook; None for what is none."""
    try:
        notebook = json.loads(text)
        cells = [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]
        sources = [cell.get("source", "") for cell in cells]
        return "\n".join(cell_program(one if isinstance(one, str) else "".join(one)) for one in sources)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def cell_program(source: str) -> str:
    """One cell, or a program for ``ipython``, as plain Python."""
    if shell := _SHELL_CELL.match(source):
        return f"{_START}({source[shell.end() :]!r})"
    if file := _FILE_CELL.match(source):
        return f"open({file['name']!r}, 'w').write({source[file.end() :]!r})"
    return "\n".join(map(_line, source.splitlines()))


def _line(line: str) -> str:
    if told := _RUN.match(line):
        return f"{_START}({'python3 ' + told['command']!r})"
    if bang := _BANG.match(line):
        assigned = f"{bang['name']} = " if bang["name"] else ""
        return f"{bang['indent']}{assigned}{_START}({bang['command']!r})"
    return "" if line.lstrip().startswith("%") else line
