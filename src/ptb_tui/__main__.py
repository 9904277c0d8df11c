"""``ptb`` and ``python -m ptb_tui``."""

import io
import sys

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb


def main() -> int:
    """Run the command line on ``sys.argv`` and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # An ASCII locale must not turn an answer into an encoding error.
            stream.reconfigure(errors="backslashreplace")
    return call(ptb(), sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
