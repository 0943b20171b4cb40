"""Words of a text for the kernel from Coq, as terms of Coq: numbers, nodes and formulas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Words", "formula", "listed", "node", "pair", "paving", "rational", "rationals"]

_FIXED: Mapping[str, int] = {  # nodes with so many numbers of nodes, and nothing else
    **{"neg": 1, "add": 2, "sub": 2, "mul": 2, "max": 2, "step": 1, "select": 3},
    **{"var": 1, "index": 2},
}
_CALLS: Mapping[str, int] = {"call": 1, "quotient": 2, "quotient2": 2, "increment": 2}
_ATOMS = ("positive", "nonnegative", "defined")


class Words:
    """The words of an entry, one after the other."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = iter(words)

    def next(self) -> str:
        """The next one."""
        return next(self._words)

    def count(self) -> int:
        """The next one, a natural number."""
        return int(self.next())

    def skip_if(self, expected: str) -> bool:
        """Whether the next word is the ``expected`` one, or any follows; it is taken."""
        found = next(self._words, None)
        if found not in (None, expected):
            raise AssertionError(f"{found!r} where the text may have {expected!r}")
        return found is not None

    def skip(self, *expected: str) -> None:
        """Those that are ``expected`` next; AssertionError if they are others."""
        for word in expected:
            found = self.next()
            if found != word:
                raise AssertionError(f"{found!r} where the text has {word!r}")


def listed(parts: Iterable[str]) -> str:
    """A list of Coq."""
    return f"[{'; '.join(parts)}]"


def rational(words: Words) -> str:
    """A fraction, of two words."""
    numerator = words.next()
    return f"(({numerator}) # {words.next()})%Q"


def pair(words: Words) -> str:
    """Two fractions."""
    low = rational(words)
    return f"({low}, {rational(words)})"


def rationals(words: Words, count: int) -> str:
    """A list of ``count`` fractions."""
    return listed(rational(words) for _ in range(count))


def _fn(words: Words) -> str:
    name = words.next()
    return f"(Pow {words.count()})" if name == "pow" else name.capitalize()


def node(words: Words) -> str:
    """A node of a program."""
    kind = words.next()
    if kind == "const":
        return f"Const {rational(words)}"
    if kind in _CALLS:
        function = _fn(words)
        return _applied(kind, [function, *(words.next() for _ in range(_CALLS[kind]))])
    if kind == "stack":
        return f"Stack {listed(words.next() for _ in range(words.count()))}"
    if kind == "affine":
        rows = listed(_row(words) for _ in range(words.count()))
        return f"Affine {rows} {words.next()}"
    return _applied(kind, [words.next() for _ in range(_FIXED[kind])])


def _applied(kind: str, arguments: Sequence[str]) -> str:
    return " ".join([kind.capitalize(), *arguments])


def _row(words: Words) -> str:
    bias = rational(words)
    return f"({rationals(words, words.count())}, {bias})"


def formula(words: Words) -> str:
    """A formula about the last vectors of a program."""
    kind = words.next()
    if kind in _ATOMS:
        return f"({kind.capitalize()} {words.next()})"
    first = formula(words)
    return f"({kind.capitalize()} {first} {formula(words)})"


def paving(words: Words) -> str:
    """The tree of a paving, cut by cut without recursion, as it may be deep."""
    parts: list[str] = []
    open_cuts = [0]  # how many closing brackets follow the next cell
    while open_cuts:
        closing = open_cuts.pop()
        kind = words.next()
        if kind == "cut":
            parts.append(f"(Cut {words.next()} {rational(words)}")
            open_cuts += (closing + 1, 0)
        else:
            cell = f"(Kept {words.next()})" if kind == "kept" else "Dropped"
            parts.append(cell + ")" * closing)
    return "\n".join(parts)
