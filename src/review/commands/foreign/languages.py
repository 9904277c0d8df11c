"""Languages that are read by their statements alone, and by what a program in one of them is known."""

import re

SUFFIXES = (".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".pm", ".php", ".lua", ".R", ".r", ".go", ".jl", ".rs", ".java",
            ".kt", ".swift", ".hs", ".scala", ".groovy", ".tcl", ".ex", ".exs", ".cs", ".c", ".cc", ".cpp", ".nim", ".awk",
            ".jq", ".sql", ".sed", ".dart", ".ml", ".clj", ".cr", ".raku", ".m", ".vim")  # fmt: skip
"""Of files that hold such programs."""
INTERPRETERS = re.compile(
    r"node(js)?|deno|bun|tsx|ts-node|ruby|perl|php|lua(jit)?[\d.]*|Rscript|R|julia|go|cargo|rustc|java|kotlin|swift|runghc"
    r"|scala(-cli)?|groovy|tclsh|elixir|dotnet|octave(-cli)?|raku|crystal|nim|dart|osascript|guile|racket|sbcl|clojure"
)
"""What starts them."""
_FIRST_LINE = re.compile(r"\A#!\s*(?:\S*/)?(?:env\s+(?:-S\s+)?)?(?P<name>[\w.-]+)")


def named_in_first_line(text: str) -> str:
    """The interpreter that a program asks for in its first line; empty where it asks for none."""
    found = _FIRST_LINE.match(text)
    return found["name"] if found else ""
