"""The three palettes. A colour here is a role, never a value in a widget, and never the only signal.

The accent is the orange that flight recorders are painted with. Lanes have hues of equal weight, so that none
shouts; only flags are allowed to.
"""

from dataclasses import dataclass

from textual.theme import Theme

from store.event import Lane


@dataclass(frozen=True, slots=True)
class Palette:
    """Every colour of the app, ``#rrggbb``."""

    name: str
    dark: bool
    ground: str
    """Behind everything."""
    raised: str
    """Header, footer, panels."""
    line: str
    """Rules and empty tracks."""
    ink: str
    soft: str
    """Secondary text; readable."""
    faint: str
    """Ornament and absent values; not needed to understand."""
    accent: str
    cursor: str
    """Background of the selected row."""
    playhead: str
    match: str
    """Background of a search hit."""
    agent: str
    exec: str
    files: str
    net: str
    gpu: str
    gaps: str
    violation: str
    suspicious: str
    note: str
    good: str
    code_keyword: str
    code_string: str
    code_number: str
    code_comment: str

    def lane(self, lane: Lane) -> str:
        """The hue of a lane."""
        return {
            Lane.AGENT: self.agent,
            Lane.EXEC: self.exec,
            Lane.FILES: self.files,
            Lane.NET: self.net,
            Lane.GPU: self.gpu,
            Lane.GAPS: self.gaps,
        }[lane]

    def theme(self) -> Theme:
        """The Textual theme that paints its own widgets with these colours."""
        return Theme(
            name=self.name,
            dark=self.dark,
            primary=self.accent,
            secondary=self.files,
            accent=self.accent,
            warning=self.suspicious,
            error=self.violation,
            success=self.good,
            foreground=self.ink,
            background=self.ground,
            surface=self.raised,
            panel=self.raised,
            variables={
                "line": self.line,
                "soft": self.soft,
                "faint": self.faint,
                "cursor": self.cursor,
                "input-cursor-background": self.accent,
                "input-selection-background": self.cursor,
                "block-cursor-background": self.cursor,
                "block-cursor-foreground": self.ink,
                "scrollbar": self.line,
                "scrollbar-hover": self.faint,
                "scrollbar-active": self.accent,
                "scrollbar-background": self.ground,
                "scrollbar-background-hover": self.ground,
                "scrollbar-background-active": self.ground,
                "scrollbar-corner-color": self.ground,
            },
        )


DARK = Palette(
    name="ptb-dark",
    dark=True,
    ground="#10131a",
    raised="#171b24",
    line="#2b3240",
    ink="#d8dbe2",
    soft="#a7b0bf",
    faint="#8a93a5",
    accent="#f08c4a",
    cursor="#222c40",
    playhead="#f5f1e8",
    match="#5a4a16",
    agent="#dfb870",
    exec="#94c088",
    files="#7fabdf",
    net="#b9a0e4",
    gpu="#66bfb4",
    gaps="#aea195",
    violation="#fa706b",
    suspicious="#e9c04f",
    note="#93a8c4",
    good="#86bd83",
    code_keyword="#c792d8",
    code_string="#a9c389",
    code_number="#d8a06a",
    code_comment="#8a95a3",
)

LIGHT = Palette(
    name="ptb-light",
    dark=False,
    ground="#faf8f4",
    raised="#f0ece4",
    line="#d5cec0",
    ink="#21242b",
    soft="#4f5661",
    faint="#686861",
    accent="#a84400",
    cursor="#dfe8f6",
    playhead="#1c1d21",
    match="#f7e29a",
    agent="#865600",
    exec="#2d6a2b",
    files="#1d57a5",
    net="#6a3da1",
    gpu="#0b6a63",
    gaps="#645b50",
    violation="#b3201b",
    suspicious="#7a5600",
    note="#4a5f7b",
    good="#2d6a2b",
    code_keyword="#7b2f96",
    code_string="#3f6b1f",
    code_number="#9a4d00",
    code_comment="#64686a",
)

CONTRAST = Palette(
    name="ptb-contrast",
    dark=True,
    ground="#000000",
    raised="#0a0a0a",
    line="#8a8a8a",
    ink="#ffffff",
    soft="#dadada",
    faint="#bcbcbc",
    accent="#ffb05c",
    cursor="#002468",
    playhead="#ffffff",
    match="#644b00",
    agent="#ffd75f",
    exec="#8dff8d",
    files="#8fd7ff",
    net="#d9b3ff",
    gpu="#5fffd7",
    gaps="#e0d2c0",
    violation="#ff9e9a",
    suspicious="#ffff5f",
    note="#bcd4ff",
    good="#8dff8d",
    code_keyword="#ffa6ff",
    code_string="#b4ff9a",
    code_number="#ffcf8f",
    code_comment="#c0c0c0",
)

PALETTES: dict[str, Palette] = {palette.name: palette for palette in (DARK, LIGHT, CONTRAST)}
"""In the order in which ``t`` walks through them."""
