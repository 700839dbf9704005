"""A training step as it was run, and what can be told of it."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.names import PRODUCT_CALLS, called_name
from jaxmlp.verify.run.recording import Recording

BACK_STAGES = frozenset(("delta2", "dV", "delta1", "dW", "derivation", "update"))


@dataclass(frozen=True)
class RanStep:
    """A training step or a call, judged by what it computes.

    Attributes:
        line: of the loop, function or class; 0 for the file itself.
        lines: all lines that it has run.
        checks: one a parameter; none where it could not be judged.
        notes: on what could not be judged.
        evaluation: what is wrong with the use of its parameters afterwards.
        moves: whether it moves parameters, and is no call that gives gradients.
        of_outputs: the functions that get f(u) wherever it calls them.
        error_lines: where the file computes a known E of its outputs, as one number.
        forward: the lines of its forward pass.
        layer: whether it was given ∂E/∂(its output).
    """

    line: int
    lines: frozenset[int]
    checks: tuple[Check, ...] = ()
    notes: tuple[Note, ...] = ()
    evaluation: tuple[Check, ...] = ()
    moves: bool = False
    of_outputs: frozenset[str] = frozenset()
    error_lines: frozenset[int] = frozenset()
    forward: frozenset[int] = frozenset()
    layer: bool = False

    @property
    def right(self) -> bool:
        """Whether all of it was judged, and is."""
        return self.whole and all(check.verdict == "right" for check in self.checks)

    @property
    def whole(self) -> bool:
        """Whether all of it was judged."""
        return bool(self.checks) and not self.notes


def not_run(why: str, why_ja: str = "", line: int = 0) -> RanStep:
    """That a file, or a loop of it, could not be run."""
    words = Words(f"the file could not be run: {why}",
                  f"ファイルを実行できませんでした: {why_ja or why}")  # fmt: skip
    return RanStep(line, frozenset(), notes=(Note("not-judged", words),))


def runs(worlds: Sequence[Recording]) -> bool:
    """Whether these are of a step or a function that came to its end."""
    return any(world.moves or world.name for world in worlds)


def multiplies(node: ast.AST) -> bool:
    """Whether it is a product of matrices, or a step of numbers: w[k] = w[k] - 0.1 * d[k]."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        return not isinstance(node.target, ast.Name) or _by_product(node.value)
    if isinstance(node, ast.Return) and isinstance(node.value, ast.BinOp):
        return isinstance(node.value.op, ast.Add | ast.Sub) and _by_product(node.value)
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return isinstance(node.op, ast.MatMult)
    if isinstance(node, ast.Assign):
        inside = [*ast.walk(node.value)]
        sums = [
            n for n in inside if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub)
        ]
        names = {n.id for left in node.targets for n in ast.walk(left) if isinstance(n, ast.Name)}
        used = {n.id for n in inside if isinstance(n, ast.Name)}
        return bool(names & used) and any(map(_by_product, sums))
    return isinstance(node, ast.Call) and called_name(node) in PRODUCT_CALLS


def _by_product(node: ast.expr) -> bool:
    """Whether there is a product in it."""
    return any(isinstance(n, ast.Mult) for n in ast.walk(node))


def extent(node: ast.stmt) -> set[int]:
    """The lines of a statement."""
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
