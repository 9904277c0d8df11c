"""Items found by their code, whatever its names and layout: n-grams without names say where, syntax trees say whether."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from review.matching.clusters import PartIndex
from review.matching.code_words import code_words, nameless
from review.matching.idioms import idiom_shapes, idiom_trees
from review.matching.match import Kind, Match, Part, Place
from review.matching.prose import PAIR_TEXT, squeezed
from review.matching.snippets import sources_at
from review.matching.trees import Tree, share, trees_of
from review.matching.words import Hashes, Words
from review.references.item import Item

_GRAM = 5
_CANDIDATE = 0.4
_SHARE = 0.6
_TELLING_NODES = 14
"""Of the matching code, idioms left out; 20,000 functions of the standard library and of packages reach 10 at most."""
_TELLING_WHOLE = 8
"""The same where all of an item matches; they reach 5."""
_ENDLESS = 1 << 30
_SIGNS = (b"def ", b"    return ", b"  return ")


@dataclass(frozen=True, slots=True)
class _Program:
    item: Item
    tree: Tree
    text: str


class CodeFinder:
    """Looks for the items that are programs."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._programs = [program for item in items if (program := _program(item))]
        self._index = PartIndex(
            [_words(program.tree) for program in self._programs],
            list(range(len(self._programs))),
            _GRAM,
            [_words(tree) for tree in idiom_trees()],
        )
        self.comparable = frozenset(program.item.id for program in self._programs)
        """Ids of the items that are programs, and large enough to be told."""

    def may_hold(self, block: bytes) -> bool:
        """Whether there can be code in ``block`` that is worth its price."""
        return bool(self._programs) and any(sign in block for sign in _SIGNS)

    def candidates(self, block: bytes, words: Words) -> list[tuple[int, int, int]]:
        """Where code like an item's may be: number of the program, first and last byte.

        ``words`` are those of ``block``, with symbols.
        """
        return [
            (cluster.part, int(words.starts[cluster.first]), int(words.ends[cluster.last]))
            for cluster in self._index.clusters(nameless(block, words), _CANDIDATE, _ENDLESS)
        ]

    def find(self, block: bytes, words: Words) -> Iterator[Match]:
        """The items in ``block``; places within it, lines not yet told."""
        for number, start, end in self.candidates(block, words):
            program = self._programs[number]
            best = _closest(program.tree, block, start, end)
            if best is None:
                continue
            portion, tree = best
            raw = block[start:end].decode("utf-8", "replace")
            kind = Kind.RENAMED
            if tree.names == program.tree.names:
                kind = Kind.VERBATIM if squeezed(raw) in squeezed(program.text) else Kind.REFORMATTED
            yield Match(
                item=program.item.id,
                part=Part.CODE,
                kind=kind,
                share=round(portion, 3),
                place=Place(start, end, 0),
                text=raw[:PAIR_TEXT],
                item_text=program.text[-PAIR_TEXT:],
            )


def _program(item: Item) -> _Program | None:
    """The program that question and answer make together, or the answer alone."""
    if "def " in item.question or "def " in item.answer:
        for text in (item.question + item.answer, item.answer):
            if trees := trees_of(text):
                # The last function is the one asked for; those before it are given.
                return _Program(item, trees[-1], text) if trees[-1].size >= _TELLING_WHOLE else None
    return None


def _closest(wanted: Tree, block: bytes, start: int, end: int) -> tuple[float, Tree] | None:
    """The tree around a place that holds most of ``wanted``, with the share; None where none holds enough."""
    best: tuple[float, Tree] | None = None
    for source in sources_at(block, start, end):
        for tree in trees_of(source):
            portion, telling = share(wanted, tree, idiom_shapes())
            needed = _TELLING_WHOLE if portion == 1 else _TELLING_NODES
            if portion >= _SHARE and telling >= needed and (best is None or portion > best[0]):
                best = portion, tree
    return best


def _words(tree: Tree) -> Hashes:
    return code_words(ast.unparse(tree.code).encode())
