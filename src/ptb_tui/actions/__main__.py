"""``python -P -m ptb_tui.actions > docs/keys.md``: the key tables of the documentation."""

import sys

from ptb_tui.actions.registry import markdown

sys.stdout.write("# Keys of the terminal app\n\n" + markdown())
