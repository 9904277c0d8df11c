"""Texts that a program puts together from parts, in whatever language: the parts of one literal as one."""

import re

_JOIN = re.compile(r"""(?P<q>['"])\s{0,80}(?:\+|\.(?!\w)|\n)\s{0,80}b?(?P=q)""")


def joined(text: str) -> str:
    """``text`` with ``'a' + 'b'`` as ``'ab'``."""
    return _JOIN.sub("", text)
