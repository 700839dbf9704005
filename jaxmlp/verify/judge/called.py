"""What a file calls the values of a step: its expressions, and what each of them gave.

An expression and a node of the tape belong together by their place in the source. So a value's name
is the one that it is assigned to, or by which an operation reads it.
"""

import ast
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from jaxmlp.verify.finding import Words
from jaxmlp.verify.judge.places import at_line
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.tape import Node, Ref

LONGEST_EXPRESSION = 28  # of an expression that stands for a value without a name
NAMELESS = 4
MEMORY_OPERATIONS = frozenset(("take", "put", "branch", "leaf"))
SyntaxNode = ast.expr | ast.stmt
BLOCKS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class CalledPart(NamedTuple):
    """A value of a simple statement.

    Attributes:
        target: what it is assigned to; empty where it is not.
        scope: the line where its function begins; 0 outside of any.
    """

    target: str
    value: SyntaxNode
    statement: ast.stmt
    scope: int


class Called:
    """The names of a step's values.

    Args:
        statements: of the whole file.
    """

    def __init__(self, recording: Recording, statements: Sequence[ast.stmt], cells: Sequence[int]):
        self.nodes, self.cells, self.statements = recording.nodes, cells, statements
        self.modules = frozenset(_imported(statements))
        self.at: dict[tuple, list[int]] = {}
        for node in recording.nodes.values():
            if node.op not in ("leaf", "branch"):
                self.at.setdefault(node.span[:4], []).append(node.id)
        self.texts: dict[tuple, str] = {}
        self.names: dict[int, dict[int, str]] = {}  # by node, and by the function that uses them
        self.own: dict[int, str] = {old: name for name, old, _ in recording.moves}
        self.lent: dict[int, str] = {}  # parameters of a function
        self.reads: dict[tuple[int, str], list[tuple[int, int]]] = {}
        self.parts: list[CalledPart] = []
        for statement in statements:
            self._look(statement, 0, frozenset())

    def _look(self, node: ast.AST, scope: int, lent: frozenset[str]) -> None:
        if isinstance(node, BLOCKS):
            a = node.args
            named = (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg)
            scope, lent = node.lineno, frozenset(parameter.arg for parameter in named if parameter)
        if isinstance(node, ast.expr | ast.AugAssign):
            self._read(node, scope, lent)
        if isinstance(node, ast.stmt):
            for target, value in _parts(node):
                self.parts.append(CalledPart(target, value, node, scope))
                for number in self._exact(value) if target else ():
                    self._name(number, target, scope, lent)
        for child in ast.iter_child_nodes(node):
            self._look(child, scope, lent)

    def _read(self, node: SyntaxNode, scope: int, lent: frozenset[str]) -> None:
        """Note by which names an operation reads its arguments."""
        for number in self.at.get(where := place(node), ()):
            self.texts.setdefault(where, ast.unparse(node))
            if self.nodes[number].span.inner:
                continue  # of a module beside, which names it otherwise
            for operand, arg in _operands(node, self.nodes[number], self.modules):
                operand, arg = self._unturned(operand, arg)
                if isinstance(arg, Ref) and (name := _name(operand)):
                    self._name(arg.id, name, scope, lent)
                    self.reads.setdefault((scope, name), []).append((node.lineno, arg.id))

    def _name(self, number: int, name: str, scope: int, lent: frozenset[str]) -> None:
        self.names.setdefault(number, {}).setdefault(scope, name)
        (self.lent if name in lent else self.own).setdefault(number, name)

    def _unturned(self, operand: ast.expr, arg: object) -> tuple[ast.expr, object]:
        """W and its node, where W.T is read."""
        while isinstance(operand, ast.Attribute) and operand.attr == "T":
            operand = operand.value
            while isinstance(arg, Ref) and self.nodes[arg.id].op == "np.transpose":
                (arg, *_) = self.nodes[arg.id].args
        return operand, arg

    def name(self, number: int, scope: int = 0) -> tuple[int, Words]:
        """How well a value's name says what it is (0 is best), and the name.

        Args:
            scope: the line where the function begins in which it is to be understood.
        """
        node, own = self.nodes[number], self.own.get(number)
        text = self.texts.get(node.span[:4], "")
        short = node.op != "leaf" and len(text) <= LONGEST_EXPRESSION and text and f"({text})"
        lent = self.lent.get(number) if node.op == "leaf" else None
        known = (self.names.get(number, {}).get(scope), own, short, lent)
        at = at_line(node.span.line, self.cells)
        nameless = NAMELESS, Words(f"({at.en})", f"({at.ja})")
        return next(((k, Words(label, label)) for k, label in enumerate(known) if label), nameless)

    def given(self, part: CalledPart) -> list[int]:
        """The nodes that a part of a statement gave: its own, those of what it called, or inner."""
        if exact := self._exact(part.value):
            return exact
        if isinstance(part.value, ast.Constant | ast.Name) and isinstance(
            part.statement, ast.Assign
        ):
            return self._exact(part.statement.targets[0])  # x[i] = 0
        if isinstance(part.value, ast.Call) and part.target:
            return self._called(part)
        return []

    def inner(self, part: CalledPart) -> list[int]:
        """The nodes of the widest expressions inside."""
        begin, end = place(part.value)[:2], place(part.value)[2:]
        inside = [p for p in self.at if begin <= p[:2] and p[2:] <= end]
        widest = [p for p in inside if not any(_within(p, q) for q in inside if q != p)]
        return [number for where in widest for number in self.at[where]]

    def _exact(self, node: SyntaxNode) -> list[int]:
        return self.at.get(place(node), [])

    def _called(self, part: CalledPart) -> list[int]:
        """What is read later by the name that the result of a call was given."""
        if "." in part.target:  # an attribute, which other methods read
            all_reads = [r for (_, name), r in self.reads.items() if name == part.target]
            others = {number for p in self.parts if p.target == part.target
                      for number in self._exact(p.value)}  # fmt: skip
            read = dict.fromkeys(number for reads in all_reads for _, number in reads)
            return [number for number in read if number not in others]
        begins = part.statement.lineno
        again = [p.statement.lineno for p in self.parts
                 if p.target == part.target and p.scope == part.scope
                 and p.statement.lineno > begins]  # fmt: skip
        until = min(again, default=None)
        numbers = [number for line, number in self.reads.get((part.scope, part.target), ())
                   if line > begins and (until is None or line <= until)]  # fmt: skip
        return list(dict.fromkeys(numbers))


def _parts(statement: ast.stmt) -> Iterator[tuple[str, SyntaxNode]]:
    """(target, value) of a simple statement, the parts of tuples one by one."""
    match statement:
        case ast.Assign(targets=[target], value=value):
            yield from _paired(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _paired(target, value)
        case ast.AugAssign():
            yield ast.unparse(statement.target), statement
            yield "", statement.target
        case ast.Return(value=ast.expr() as value) | ast.Expr(value=value):
            yield from _paired(None, value)


def _paired(target: ast.expr | None, value: ast.expr) -> Iterator[tuple[str, SyntaxNode]]:
    many = target.elts if isinstance(target, ast.Tuple | ast.List) else None
    if isinstance(value, ast.Tuple | ast.List):
        alike = many if many and len(many) == len(value.elts) else None
        for k, element in enumerate(value.elts):
            yield from _paired(alike[k] if alike else None, element)
    elif many is not None:
        for element in many:
            yield ast.unparse(element), value
    else:
        yield ("" if target is None else ast.unparse(target)), value


def _imported(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for node in (n for statement in statements for n in ast.walk(statement)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)


def _operands(
    node: SyntaxNode, made: Node, modules: Container[str]
) -> Iterator[tuple[ast.expr, object]]:
    """The expressions that an operation was fed with, each with its argument on the tape.

    Args:
        modules: names whose attributes are no methods: np.
    """
    match node:
        case ast.BinOp(left=left, right=right):
            operands = [left, right]
        case ast.AugAssign(target=target, value=value):
            operands = [target, value]
        case ast.UnaryOp(operand=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
            operands = [inner]
        case ast.Compare(left=left, comparators=[right]):
            operands = [left, right]
        case ast.Call(func=ast.Attribute(value=own), args=args) if (
            len(made.args) == len(args) + 1 and _root(own) not in modules
        ):
            operands = [own, *args]
        case ast.Call(func=ast.Attribute(value=own, attr="reshape"), args=[_, _, *_]) if (
            made.op == "np.reshape" and _root(own) not in modules  # x.reshape(n, -1)
        ):
            operands = [own]
        case ast.Call(args=args):
            operands = args
        case _:
            operands = []
    if made.op not in MEMORY_OPERATIONS and len(operands) <= len(made.args):
        yield from zip(operands, made.args, strict=False)


def _root(node: ast.expr) -> str:
    """The np of np.linalg; nothing of what is called or made of others."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _name(node: ast.expr) -> str | None:
    """A variable, an attribute or an entry; no expression."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute(value=value) if node.attr != "T":
            return f"{inner}.{node.attr}" if (inner := _name(value)) else None
        case ast.Subscript(value=value, slice=ast.Constant() | ast.Name()):
            return ast.unparse(node) if _name(value) else None
    return None


def place(node: SyntaxNode) -> tuple[int, int, int, int]:
    """Where an expression stands, in the order of a node's span."""
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _within(one: tuple, other: tuple) -> bool:
    return other[:2] <= one[:2] and one[2:] <= other[2:]
