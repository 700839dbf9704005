"""Vectors and matrices in the lecture's notation, and the rule that says what their entries are."""

from collections.abc import Sequence

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.kernel import ProofPlace, ProofRule
from jaxmlp.verify.lecture.proof.language import IndexedEntry, Partial, Range, within

MatrixShape = tuple[Range | None, Range | None]  # of rows and columns; a vector has no columns


class Unfit(ValueError):
    """Two things that do not conform, with their ranges."""


class Letter(sp.Basic):
    """A matrix or vector such as V, with the quantity that its entries are; made by `letter`."""

    @property
    def shape(self) -> MatrixShape:
        """The ranges of its indices."""
        rows, columns = (tuple(span) or None for span in self.args[2:4])
        return rows, columns

    def entry(self, *indices: sp.Expr) -> sp.Expr:
        """The entry of the quantity behind it."""
        _, base, _, _, front, behind = self.args
        return base[*front, *indices, *behind]


def letter(
    symbol: str, base: sp.IndexedBase, rows: Range | None, columns: Range | None = None,
    front: Sequence[sp.Symbol] = (), behind: Sequence[sp.Symbol] = (),
) -> Letter:  # fmt: skip
    """A matrix, or without columns a vector.

    Args:
        symbol: the letter, as printed.
        base: of its entries.
        rows, columns: the ranges of its indices.
        front, behind: indices that all its entries have, as a sample's, and the j of ṽ_j.
    """
    spans = (sp.Tuple(*(span or ())) for span in (rows, columns))
    return Letter(sp.Symbol(symbol), base, *spans, sp.Tuple(*front), sp.Tuple(*behind))


class Of(sp.Basic):
    """A function of each entry, f'(u): its arguments are the function's name and u."""

    shape = property(lambda m: m.args[1].shape)

    def entry(self, *indices: sp.Expr) -> sp.Expr:
        """The function of the entry."""
        return sp.Function(self.args[0].name)(IndexedEntry(self.args[1], *indices))


class Transposed(sp.Basic):
    """Aᵀ."""

    shape = property(lambda m: m.args[0].shape[::-1])

    def entry(self, *indices: sp.Expr) -> sp.Expr:
        """(Aᵀ)_ij = A_ji."""
        return IndexedEntry(self.args[0], *indices[::-1])


class _OfTheSameShape(sp.Basic):
    """Two matrices, entry by entry."""

    def __new__(cls, left: sp.Basic, right: sp.Basic) -> "_OfTheSameShape":
        if left.shape != right.shape:
            raise Unfit(f"expected the same shape twice, got {left.shape} and {right.shape}")
        return super().__new__(cls, left, right)

    shape = property(lambda m: m.args[0].shape)


class Minus(_OfTheSameShape):
    """A − B."""

    def entry(self, *indices: sp.Expr) -> sp.Expr:
        """(A − B)_ij = A_ij − B_ij."""
        left, right = self.args
        return IndexedEntry(left, *indices) - IndexedEntry(right, *indices)


class Hadamard(_OfTheSameShape):
    """A ⊙ B."""

    def entry(self, *indices: sp.Expr) -> sp.Expr:
        """(A ⊙ B)_ij = A_ij B_ij."""
        left, right = self.args
        return IndexedEntry(left, *indices) * IndexedEntry(right, *indices)


class Times(sp.Basic):
    """c A, for a number c."""

    shape = property(lambda m: m.args[1].shape)

    def entry(self, *indices: sp.Expr) -> sp.Expr:
        """(cA)_ij = c A_ij."""
        return self.args[0] * IndexedEntry(self.args[1], *indices)


class Product(sp.Basic):
    """AB, Az, or zxᵀ: the columns of the left are the rows of the right."""

    shape = property(lambda m: (m.args[0].shape[0], m.args[1].shape[1]))

    def __new__(cls, left: sp.Basic, right: sp.Basic) -> "Product":
        if left.shape[1] != right.shape[0]:
            raise Unfit(f"expected as many rows as columns, got {left.shape} and {right.shape}")
        return super().__new__(cls, left, right)

    def entry(self, *indices: sp.Expr) -> sp.Expr:
        """(AB)_ij = Σ_l A_il B_lj, and (zxᵀ)_ij = z_i x_j."""
        left, right = self.args
        rows = indices[: 1 if left.shape[0] else 0]
        columns = indices[len(rows) :]
        if left.shape[1] is None:
            return IndexedEntry(left, *rows) * IndexedEntry(right, *columns)
        l = sp.Dummy("l", integer=True)  # noqa: E741
        inside = IndexedEntry(left, *rows, l) * IndexedEntry(right, l, *columns)
        return sp.Sum(inside, (l, *left.shape[1]))


class Gradient(sp.Basic):
    """∂E/∂W, entry by entry (L11)."""

    shape = property(lambda m: m.args[1].shape)

    def entry(self, *indices: sp.Expr) -> sp.Expr:
        """(∂E/∂W)_ij = ∂E/∂w_ij."""
        return Partial(self.args[0], self.args[1].entry(*indices))


def _entry(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """What an entry is, where its indices are sure to lie in their ranges."""
    if not isinstance(node, IndexedEntry):
        return None
    spans = [span for span in node.whole.shape if span]
    pairs = list(zip(node.indices, spans, strict=True))
    there = all(within(index, span, place.ranges) for index, span in pairs)
    return node.whole.entry(*node.indices) if there else None


ENTRY = ProofRule(
    Words("entries of a matrix", "行列の成分"),
    "(AB)_{ij} = Σ_l A_{il} B_{lj}, (Aᵀ)_{ij} = A_{ji}, (A ⊙ B)_{ij} = A_{ij} B_{ij}",
    _entry,
)
