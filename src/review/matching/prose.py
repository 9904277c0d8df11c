"""Items found by their words: question, answer and passages apart, each with a measure of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from review.matching.clusters import Cluster, PartIndex
from review.matching.idioms import is_idiom
from review.matching.match import Kind, Match, Part, Place
from review.matching.snippets import unescaped
from review.matching.trees import trees_of
from review.matching.words import Hashes, Words, words_of
from review.references.item import Item

GRAM = 4
"""Words in an n-gram."""
PAIR_TEXT = 2_000
"""Characters of each text of a matched pair."""

_QUESTION_SHARE = 0.35
"""Of GSM8K's 7,473 allowed questions 5 reach it against one of the 1,319 test questions; all 5 are near-duplicates."""
_PART_SHARE = 0.7
"""Of an answer or a passage, which are more formulaic than questions."""
_WHOLE = 0.97
"""Share from which a part counts as there, not as reworded: a first name may make a thirtieth."""
_FEWEST_WORDS = 8
_RUN = 13
"""Words in a row that tell a question even where they are a small share of it."""
_LONG_RUN = 20
"""The same for an answer or a passage."""


@dataclass(frozen=True, slots=True)
class _Piece:
    item: Item
    part: Part
    text: str
    words: Hashes


class ProseFinder:
    """Looks for the words of items."""

    def __init__(self, items: Sequence[Item]) -> None:
        numbered = [(number, piece) for number, item in enumerate(items) for piece in _pieces(item)]
        self._pieces = [piece for _, piece in numbered]
        self._index = PartIndex([p.words for p in self._pieces], [number for number, _ in numbered], GRAM)
        self.comparable = frozenset(
            piece.item.id for piece, told in zip(self._pieces, self._index.comparable, strict=True) if told
        )
        """Ids of the items that have n-grams to look for."""

    def find(self, block: bytes, words: Words) -> Iterator[Match]:
        """The items in ``block``, whose words are ``words``; places within it, lines not yet told."""
        for cluster in self._index.clusters(words.hashes, _QUESTION_SHARE, _RUN - GRAM + 1):
            piece = self._pieces[cluster.part]
            if _tells(piece, cluster):
                yield _match(piece, cluster, block, words)


def _pieces(item: Item) -> Iterator[_Piece]:
    program = trees_of(item.question + item.answer)[-1:] if "def " in item.question else []
    answer = "" if any(map(is_idiom, program)) else item.answer
    passages = ((Part.PASSAGE, passage) for passage in item.passages)
    texts = ((Part.QUESTION, item.question), (Part.ANSWER, answer), *passages)
    for part, text in texts:
        if text:
            yield _Piece(item, part, text, words_of(text.encode("utf-8", "replace")).hashes)


def _tells(piece: _Piece, cluster: Cluster) -> bool:
    run, size = cluster.run + GRAM - 1, len(piece.words)
    if piece.part is Part.QUESTION:
        enough = cluster.share >= _QUESTION_SHARE and cluster.last - cluster.first + 1 >= min(
            _FEWEST_WORDS, size
        )
        return enough or (run >= _RUN and cluster.alone)
    enough = cluster.share >= _PART_SHARE and run >= min(_RUN, size) >= _FEWEST_WORDS
    return enough or (run >= _LONG_RUN and cluster.alone)


def _match(piece: _Piece, cluster: Cluster, block: bytes, words: Words) -> Match:
    start, end = int(words.starts[cluster.first]), int(words.ends[cluster.last])
    raw = block[start:end].decode("utf-8", "replace")
    in_a_row = words.hashes[cluster.first : cluster.last + 1].tobytes() in piece.words.tobytes()
    kind = Kind.REWORDED
    if cluster.share >= _WHOLE and in_a_row:
        kind = Kind.VERBATIM if squeezed(raw) in squeezed(piece.text) else Kind.REFORMATTED
    return Match(
        item=piece.item.id,
        part=piece.part,
        kind=kind,
        share=round(min(cluster.share, 1.0), 3),
        place=Place(start, end, 0),
        text=raw[:PAIR_TEXT],
        item_text=piece.text[:PAIR_TEXT],
    )


def squeezed(text: str) -> str:
    """``text`` without escapes, each stretch of blanks as one."""
    return " ".join(unescaped(text).split())
