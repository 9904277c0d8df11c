"""What can be done in Findings."""

from ptb_tui.actions.action import Action, Group

ACTIONS: tuple[Action, ...] = (
    Action(
        "findings.replay",
        ("enter",),
        "replay",
        "Open Replay at the evidence in view: the first row, or the one that [ and ] chose.",
        Group.MOVE,
        "replay",
        hint=True,
    ),
    Action("findings.down", ("j", "down"), "down", "Next finding.", Group.MOVE, "move(1)"),
    Action("findings.up", ("k", "up"), "up", "Finding before.", Group.MOVE, "move(-1)"),
    Action(
        "findings.page_down", ("ctrl+d", "pagedown"), "page down", "Half a page down.", Group.MOVE, "page(1)"
    ),
    Action("findings.page_up", ("ctrl+u", "pageup"), "page up", "Half a page up.", Group.MOVE, "page(-1)"),
    Action("findings.first", ("g", "home"), "first", "The gravest finding.", Group.MOVE, "edge(0)"),
    Action("findings.last", ("G", "end"), "last", "The last line.", Group.MOVE, "edge(-1)"),
    Action(
        "findings.next_evidence",
        ("right_square_bracket",),
        "next evidence",
        "Choose the next row of evidence.",
        Group.FLAGS,
        "evidence(1)",
        hint=True,
    ),
    Action(
        "findings.previous_evidence",
        ("left_square_bracket",),
        "evidence before",
        "Choose the row of evidence before.",
        Group.FLAGS,
        "evidence(-1)",
    ),
    Action(
        "findings.detail_down",
        ("J",),
        "scroll detail",
        "Scroll the detail down.",
        Group.VIEW,
        "scroll_detail(1)",
    ),
    Action(
        "findings.detail_up",
        ("K",),
        "scroll detail up",
        "Scroll the detail up.",
        Group.VIEW,
        "scroll_detail(-1)",
    ),
    Action(
        "findings.accept",
        ("a",),
        "accept",
        "Say that the finding is right.",
        Group.REVIEW,
        "accept",
        hint=True,
    ),
    Action(
        "findings.reject",
        ("r",),
        "reject",
        "Say that the finding is wrong, and why; it counts no more.",
        Group.REVIEW,
        "reject",
        hint=True,
    ),
    Action(
        "findings.reopen", ("u",), "reopen", "Take your word on the finding back.", Group.REVIEW, "reopen"
    ),
    Action(
        "findings.comment", ("c",), "comment", "Write a comment on its evidence.", Group.REVIEW, "comment"
    ),
    Action(
        "findings.copy",
        ("y",),
        "copy citation",
        "Copy what the finding says, with its evidence and the command that opens it.",
        Group.REVIEW,
        "copy",
    ),
    Action(
        "findings.lineage",
        ("l",),
        "lineage",
        "Walk the way of the finding step by step, with the bytes of each step.",
        Group.REVIEW,
        "lineage",
        hint=True,
    ),
    Action(
        "findings.profile",
        ("p",),
        "other rules",
        "See every finding as another rule profile rules on it; nothing is stored.",
        Group.VIEW,
        "profile",
        hint=True,
    ),
    Action(
        "findings.only_open",
        ("o",),
        "only open",
        "Show only findings that nobody accepted or rejected, or all.",
        Group.VIEW,
        "only_open",
        hint=True,
    ),
    Action(
        "findings.filter",
        ("slash",),
        "filter",
        "Show only findings that hold every word typed: rule, title, reach, agent, task; empty shows all again.",
        Group.SEARCH,
        "filter",
        hint=True,
    ),
    Action(
        "findings.reload", ("R",), "read again", "Read what lies beside the runs again.", Group.VIEW, "reload"
    ),
    Action(
        "findings.sql",
        ("semicolon",),
        "SQL",
        "SQL over the runs whose findings these are.",
        Group.SEARCH,
        "sql",
    ),
)
