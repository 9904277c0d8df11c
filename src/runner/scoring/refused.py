"""Why nothing was evaluated."""

from typing import ClassVar

from store.errors import PtbError


class Refused(PtbError):
    """The model or the harness is not fit to be evaluated; the reason is kept as an attempt."""

    exit_code: ClassVar[int] = 1
