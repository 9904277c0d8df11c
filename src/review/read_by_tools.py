"""What the scaffold's own reading tools showed of files: a look that is no command."""

import re
from dataclasses import dataclass

from review.detector import RunView

_READS = "(?i)^(read|read_?file|read_many_files|view|view_file|open_file|cat|str_replace_based_edit_tool|file_read)$"
_PATH = re.compile(
    r'"(?:file_?path|absolute_path|path|file|target_file|filename)"\s*:\s*"([^"]+)"', re.IGNORECASE
)
_NUMBERED = re.compile(r"(?m)^\s*\d+\s?[→\t|:]\s?")


@dataclass(frozen=True, slots=True)
class ToolRead:
    """One such look."""

    seq: int
    """Of the call."""
    path: str
    output: str
    """What it showed, without the numbers of lines."""


def read_by_tools(run: RunView) -> tuple[ToolRead, ...]:
    """All of them, by ``seq``; for :meth:`RunView.once`."""
    rows = run.query(
        f"""
        SELECT c.seq, c.text, r.text FROM transcript c JOIN transcript r USING (tool_call_id)
        WHERE c.kind = 'tool_call' AND r.kind = 'tool_result' AND regexp_matches(coalesce(c.tool, ''), '{_READS}')
        AND c.text IS NOT NULL AND r.text IS NOT NULL ORDER BY c.seq, r.seq
        """
    )
    return tuple(
        ToolRead(seq, found[1], _NUMBERED.sub("", output))
        for seq, text, output in rows
        if (found := _PATH.search(text)) is not None
    )
