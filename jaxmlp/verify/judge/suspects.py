"""What stops a program: the expression that is the suspect, by trying what else could stand there.

Where shapes do not fit, one thing is changed at a time: a transpose, the column of the biases, the
order of two factors, an outer product for an inner one; where something is divided by a count that
begins at 0, the count. With the right one the program runs, and its step is right.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeGuard

from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.run.tape import Span

SHAPE_ERROR = re.compile(r"shape|broadcast|mismatch|not aligned|dimension", re.IGNORECASE)
MOST_STATEMENTS = 8  # statements that are looked at, from where it stops backwards
HINT = Words(
    "Which shapes do the parts of this expression have, and which should it have itself?",
    "この式の各部分の形と、式全体がもつべき形を書き出して比べてください。",
)
EDIT_REASONS = {
    "V": Words("here the biases belong to it: V, not Ṽ",
               "ここではバイアスの列も必要です (Ṽ ではなく V)"),
    "Ṽ": Words("column 0 holds the biases, and nothing is passed back to the 1 in front: Ṽ, not V",
               "0 列目はバイアスで、先頭の 1 へは誤差を伝えません (V ではなく Ṽ)"),
    "transpose": Words("a transpose is missing, or one too many", "転置が抜けているか、余分です"),
    "inside": Words("f' belongs to the hidden units, after Ṽᵀ: Ṽᵀδ2 ⊙ f'",
                    "f' は中間層のユニットに掛かるので、Ṽᵀ の後です (Ṽᵀδ2 ⊙ f')"),
    "other": Words("another parameter belongs here", "ここには別のパラメータが入ります"),
    "order": Words("the two factors are exchanged", "2 つの因子の順序が逆です"),
    "outer": Words("each entry is to be multiplied by each: the outer product, such as δ zᵀ",
                   "すべての成分の組を掛ける外積 (δ zᵀ など) にします"),
    "inner": Words("a product of matrices belongs here", "ここは行列の積です"),
}  # fmt: skip
DIVISION_BY_ZERO = "zero"
ZERO_HINT = Words(
    "What is divided by here in the first pass?", "最初の反復では何で割っていますか。"
)
REASON_EQUATIONS = {"Ṽ": "L22", "inside": "L22", "other": "L22", "V": "L3", "outer": "L15"}


class Edit(NamedTuple):
    """One expression with another in its place; `why` is a key of `EDIT_REASONS`."""

    why: str
    span: Span
    old: str
    new: str


def suspect_error(errors: Sequence[tuple[str, int, str]]) -> tuple[str, int, str] | None:
    """The first error that says that shapes do not fit, or that something was divided by 0."""
    return next((raised for raised in errors if raised[0] == "ZeroDivisionError"
                 or (raised[0] == "ValueError" and SHAPE_ERROR.search(raised[2]))),
                None)  # fmt: skip


def note(edit: Edit, *, right: bool) -> Note:
    """What the suspect is, and why."""
    if edit.why == DIVISION_BY_ZERO:
        return Note("divided-by-0", Words(
            f"{edit.old} is 0 in the first pass, and the step size is divided by it: count from 1, "
            f"{edit.new}.",
            f"最初の反復では {edit.old} が 0 なので、0 で割っています。{edit.new} のように 1 から"
            "数えます。"), ZERO_HINT)  # fmt: skip
    why = EDIT_REASONS[edit.why]
    en, ja = ("they do, and the step is right", "形が合い、更新も正しくなります") if right else (
        "they do", "形は合います")  # fmt: skip
    return Note("shapes", Words(
        f"The shapes do not fit; with {edit.new} in place of {edit.old} {en}: {why.en}.",
        f"形が合いません。{edit.old} を {edit.new} とすれば{ja}。{why.ja}。"), HINT,
        REASON_EQUATIONS.get(edit.why, ""))  # fmt: skip


def edited(text: str, edit: Edit) -> str:
    """A file with the change made."""
    lines = text.split("\n")
    first, last = lines[edit.span.line - 1].encode(), lines[edit.span.end_line - 1].encode()
    whole = first[: edit.span.column].decode() + edit.new + last[edit.span.end_column :].decode()
    gone = edit.span.end_line - edit.span.line  # lines keep their numbers
    tail = [whole, *[""] * gone] if not gone else [f"{whole}  #", *["#"] * gone]
    return "\n".join([*lines[: edit.span.line - 1], *tail, *lines[edit.span.end_line :]])


def edits(statements: Sequence[ast.stmt], kind: str, line: int) -> Iterator[Edit]:
    """What could be meant: at the line that stops, where it is called, and in what it reads."""
    at = _simple_at(statements, line)
    if at is None:
        return
    if kind == "ZeroDivisionError":
        yield from _counts(at)
        return
    function = _function_at(statements, line)
    calls = list(_calls(statements, function)) if function else []
    passed = [argument for call in calls for argument in call.args]
    arguments = [edit for argument in passed for edit in (*_of_operand(argument), *_of(argument))]
    yield from (edit for edit in arguments if edit.why == "Ṽ")
    yield from _of_others(at, _moved(statements))
    yield from _of(at)
    yield from (edit for edit in arguments if edit.why != "Ṽ")
    for statement in _before(statements, at, function):
        yield from _of(statement)


def _moved(statements: Sequence[ast.stmt]) -> list[str]:
    """The names that something is taken off or added to: V = V − …."""
    moved: dict[str, None] = {}
    for node in _simple(statements):
        targets = [node.target] if isinstance(node, ast.AugAssign) else getattr(node, "targets", [])
        names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        read = {n.id for n in ast.walk(node) if _is_variable(n)}
        moved |= dict.fromkeys(sorted(names if isinstance(node, ast.AugAssign) else names & read))
    return list(moved)


def _of_others(within: ast.stmt, moved: Sequence[str]) -> Iterator[Edit]:
    """Another parameter in the place of one."""
    for node in ast.walk(within):
        if _is_variable(node) and node.id in moved:
            yield from (_edit("other", node, name) for name in moved if name != node.id)


def _counts(statement: ast.stmt) -> Iterator[Edit]:
    """What something is divided by, counted from 1."""
    for node in ast.walk(statement):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            by = node.right if isinstance(node, ast.BinOp) else node.value
            yield from (
                _edit(DIVISION_BY_ZERO, n, f"({n.id} + 1)") for n in ast.walk(by) if _is_variable(n)
            )


def _is_variable(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def _simple(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Expr):
                yield node


def _simple_at(statements: Sequence[ast.stmt], line: int) -> ast.stmt | None:
    return next((s for s in _simple(statements) if s.lineno <= line <= s.end_lineno), None)


def _function_at(statements: Sequence[ast.stmt], line: int) -> ast.FunctionDef | None:
    nodes = (n for s in statements for n in ast.walk(s) if isinstance(n, ast.FunctionDef))
    around = [n for n in nodes if n.lineno <= line <= n.end_lineno]
    return max(around, key=lambda n: n.lineno, default=None)


def _calls(statements: Sequence[ast.stmt], function: ast.FunctionDef) -> Iterator[ast.Call]:
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", None))
                if name == function.name:
                    yield node


def _before(
    statements: Sequence[ast.stmt], at: ast.stmt, function: ast.FunctionDef | None
) -> list[ast.stmt]:
    """The statements that gave what a statement reads, the nearest first."""
    inside = list(_simple([function] if function else statements))
    earlier: list[ast.stmt] = []
    left = [at]
    while left and len(earlier) < MOST_STATEMENTS:
        reader = left.pop(0)
        read = {n.id for n in ast.walk(reader) if isinstance(n, ast.Name)}
        for other in sorted(inside, key=lambda s: -s.lineno):
            written = {n.id for n in ast.walk(other)
                       if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}  # fmt: skip
            if other.lineno < reader.lineno and written & read and other not in earlier:
                earlier.append(other)
                left.append(other)
    return earlier


def _of(within: ast.stmt | ast.expr) -> Iterator[Edit]:
    """The edits of one statement, but for what it moves: its operands', then its products'."""
    parts = [n for n in ast.walk(within) if isinstance(n, ast.expr) and _factors(n)]
    moved = {ast.unparse(target) for target in getattr(within, "targets", ())}
    operands = {id(o): o for part in reversed(parts) for o in _factors(part)
                if ast.unparse(o) not in moved}  # fmt: skip
    changes = [edit for operand in operands.values() for edit in _of_operand(operand)]
    changes += [edit for part in parts for edit in _of_product(part)]
    order = list(EDIT_REASONS)
    yield from sorted(changes, key=lambda edit: order.index(edit.why))


def _factors(node: ast.expr) -> list[ast.expr]:
    """The operands of an operation on arrays."""
    match node:
        case ast.BinOp(left=ast.Constant(), right=ast.Constant()):
            return []
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.Call(func=ast.Attribute(value=one, attr="dot"), args=[other]):
            return [one, other]
        case ast.Call(func=ast.Attribute(attr="dot" | "matmul" | "outer"), args=[one, other]):
            return [one, other]
    return []


def _of_operand(node: ast.expr) -> Iterator[Edit]:
    """A variable turned or not, with its column of biases or without."""
    inner = node.value if isinstance(node, ast.Attribute) and node.attr == "T" else node
    turned = inner is not node
    T = ".T" if turned else ""
    if not isinstance(inner, ast.Name | ast.Attribute | ast.Subscript):
        return
    text = ast.unparse(inner)
    if isinstance(inner, ast.Subscript) and text.endswith(("[:, 1:]", "[1:]")):
        yield _edit("V", node, f"{ast.unparse(inner.value)}{T}")
    else:
        for part in ("[:, 1:]", "[1:]", "[:, :-1]", "[:-1]"):
            yield _edit("Ṽ", node, f"{text}{part}{T}")
    yield _edit("transpose", node, text if turned else f"{text}.T")


def _of_product(node: ast.expr) -> Iterator[Edit]:
    """Its factors in the other order, or another product of them."""
    (a, b) = map(ast.unparse, _factors(node))
    match node:
        case ast.BinOp(op=ast.MatMult()):
            if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Mult):
                inner, slope = map(ast.unparse, (node.right.left, node.right.right))
                yield _edit("inside", node, f"(({a}) @ ({inner})) * ({slope})")
            yield _edit("outer", node, f"np.outer({a}, {b})")
            yield _edit("order", node, f"({b}) @ ({a})")
        case ast.BinOp(op=ast.Mult()):
            yield _edit("outer", node, f"np.outer({a}, {b})")
            yield _edit("inner", node, f"(({a}) @ ({b}))")
        case ast.Call(func=function, args=args):
            name = ast.unparse(function)
            if name.endswith("outer"):
                yield _edit("order", node, f"{name}({b}, {a})")
                yield _edit("inner", node, f"({a}) @ ({b})")
            else:
                if isinstance(args[-1], ast.BinOp) and isinstance(args[-1].op, ast.Mult):
                    inner, slope = map(ast.unparse, (args[-1].left, args[-1].right))
                    product = ast.unparse(node).removesuffix(f"{b})") + f"{inner})"
                    yield _edit("inside", node, f"{product} * ({slope})")
                yield _edit("outer", node, f"np.outer({a}, {b})")
                other = f"{name}({b}, {a})" if len(args) == 2 else f"({b}).dot({a})"
                yield _edit("order", node, other)


def _edit(why: str, node: ast.expr, new: str) -> Edit:
    span = Span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
    return Edit(why, span, ast.unparse(node), new)
