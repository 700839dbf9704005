"""What looks like backpropagation or training in a file, and is in no form that can be checked."""

import ast
import re
from collections.abc import Container, Iterator
from typing import NamedTuple

from jaxmlp.verify.calling import result_role
from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.names import (
    PRODUCT_CALLS,
    ROLE,
    blocks,
    called_name,
    loads,
    plain_name,
    stores,
    updates,
    words,
)
from jaxmlp.verify.source import empty

ID = "not-looked-at"
BACKPROPAGATION_NAME = re.compile(r"back(ward|prop|propagat|pass)|^back$|bprop|gyakudenpa")
DERIVATIVE_PREFIX = re.compile(r"^(grad|d|g)")
GRADIENT_VARIABLE = re.compile(r"grad|^d_", re.IGNORECASE)  # as it is written
RATE_NAME = re.compile(r"^(lr|eta|alpha|learn(ing)?_?rate)$")
PARAMETERS = ("W", "V", "b", "c")
GRADIENT_ROLES = frozenset(("dW", "dV", "db", "dc", "delta1", "delta2"))
HOLDERS = words("self params parameters param cache grads model net network layers weights")

HELD = Words("parameters in a dict or an object", "パラメータが辞書やオブジェクトの中にあります")
OTHER = Words("in a form that is not known", "知らない書き方")


class Overlooked(NamedTuple):
    """A class, function or loop that was not examined, where it begins and ends, and why not."""

    name: Words
    line: int
    why: Words
    end: int


def overlooked(module: ast.Module, examined: Container[str], lines: set[int]) -> list[Overlooked]:
    """What was not examined, though it computes gradients or updates parameters.

    Args:
        examined: the names of functions that are checked, or used by what is.
        lines: where the loops begin of which something is said already.
    """
    without = {*_overridden(module)}
    return [
        Overlooked(_name(node), node.lineno, _why(node), node.end_lineno or node.lineno)
        for node in _candidates(module.body, examined)
        if not lines & {n.lineno for n in ast.walk(node) if isinstance(n, ast.For | ast.While)}
        and any(_gradient(n) for n in _unexamined(node, examined) if n not in without)
        and not _only_steps(node)
    ]


def _overridden(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """The methods that give back an argument as it is, in a class that others are made of, each
    with a method of its own in that place."""
    classes = [n for n in module.body if isinstance(n, ast.ClassDef)]
    methods = {c.name: {n.name: n for n in c.body if isinstance(n, ast.FunctionDef)}
               for c in classes}  # fmt: skip
    for base in classes:
        made = [c for c in classes if base.name in map(ast.unparse, c.bases) and methods[c.name]]
        yield from (
            n for name, n in methods[base.name].items()
            if made and _gives_back(n) and all(name in methods[c.name] for c in made)
        )  # fmt: skip


def _gives_back(function: ast.FunctionDef) -> bool:
    """Whether it does nothing but give back an argument."""
    given = {argument.arg for argument in function.args.args}
    *before, last = function.body
    told = all(isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant) for n in before)
    value = last.value if isinstance(last, ast.Return) else None
    return told and isinstance(value, ast.Name) and value.id in given


def _only_steps(node: ast.stmt) -> bool:
    """Whether a function does nothing but W − η dW with what it is given: no derivation."""
    moves = [
        n for n in ast.walk(node) if isinstance(n, ast.Assign | ast.AugAssign) and _gradient(n)
    ]
    named = isinstance(node, ast.FunctionDef) and not _gradient(node)
    return named and bool(moves) and all(_is_step(n) or _is_read(n) for n in moves)


def _is_read(node: ast.Assign | ast.AugAssign) -> bool:
    parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    return all(isinstance(part, ast.Name | ast.Attribute | ast.Subscript) for part in parts)


def _is_step(node: ast.Assign | ast.AugAssign) -> bool:
    """Whether it is W = W - η * dW, or W -= η * dW."""
    match node:
        case ast.AugAssign(target, ast.Sub(), ast.BinOp(op=ast.Mult()) as step):
            return _is_own(target, step)
        case ast.Assign([target], ast.BinOp(left, ast.Sub(), ast.BinOp(op=ast.Mult()) as step)):
            same = ast.unparse(target) == ast.unparse(left) or _is_entry(target, left)
            return same and _is_own(target, step)
    return False


def _is_entry(name: ast.expr, entry: ast.expr) -> bool:
    """Whether a name is that of a dict's entry, as in W1 = parameters["W1"] - …"""
    if not (isinstance(name, ast.Name) and isinstance(entry, ast.Subscript)):
        return False
    return _label(name) == _label(entry) != _label(entry.value)


def _is_own(target: ast.expr, step: ast.BinOp) -> bool:
    """Whether a product has one gradient in it, that of what moves, and numbers: η * dW of W."""
    simple = (step.left, step.right)
    plainly = all(isinstance(n, ast.Name | ast.Attribute | ast.Subscript | ast.Constant)
                  for n in simple)  # fmt: skip
    gradients = [_label(n) for n in simple if _is_gradient(_label(n))]
    return plainly and [DERIVATIVE_PREFIX.sub("", name) for name in gradients] == [_label(target)]


def idle_methods(module: ast.Module, run: set[int]) -> list[Overlooked]:
    """The backward passes of classes of which another method has run, and none of theirs.

    Args:
        run: the lines that have.
    """
    passes = []
    for made in (n for n in module.body if isinstance(n, ast.ClassDef)):
        lines = range(made.lineno, (made.end_lineno or made.lineno) + 1)
        methods = [n for n in made.body
                   if isinstance(n, ast.FunctionDef) and _gradient(n) and _computes(n)]  # fmt: skip
        idle = [n for n in methods if not run & {*range(n.lineno, (n.end_lineno or 0) + 1)}]
        if run & {*lines}:
            names = [Words(f"{made.name}.{n.name}", f"{made.name}.{n.name}") for n in idle]
            passes += [Overlooked(name, n.lineno, _why(n), n.end_lineno or n.lineno)
                       for name, n in zip(names, idle, strict=True)]  # fmt: skip
    return passes


def broken(name: str, line: int, why: str) -> Overlooked:
    """A class, say, that Python does not understand."""
    return Overlooked(Words(name, name), line, Words(why, why), line)


def idle_loops(module: ast.Module) -> list[int]:
    """The lines of loops that take a sample, after W and V are made, and update nothing yet."""
    lines: list[int] = []

    def search(body: list[ast.stmt], before: list[ast.stmt]) -> None:
        for number, statement in enumerate(body):
            earlier = [*before, *body[:number]]
            for block in blocks(statement):
                search(block, earlier)
            if isinstance(statement, ast.For | ast.While) and _takes_a_sample(statement, earlier):
                lines.append(statement.lineno)

    search(module.body, [])
    return lines


def _takes_a_sample(loop: ast.For | ast.While, before: list[ast.stmt]) -> bool:
    stored = {ROLE.get(plain_name(name)) for s in loop.body for name in stores(s)}
    made = [s for s in before if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
    there = {ROLE.get(plain_name(name)) for s in made for name in stores(s)}
    nodes = [n for s in loop.body for n in ast.walk(s)]
    tests = "test" in " ".join(map(ast.dump, loop.body)) or any(
        isinstance(n, ast.Compare) or (isinstance(n, ast.Call) and called_name(n) == "argmax")
        for n in nodes
    )
    idle = {"x", "y"} <= stored and not ({"W", "V"} & stored or any(map(updates, loop.body)))
    return idle and {"W", "V"} <= there and not tests


def _candidates(body: list[ast.stmt], examined: Container[str]) -> Iterator[ast.stmt]:
    """Classes, functions and loops, the outermost."""
    for statement in body:
        if isinstance(statement, ast.ClassDef | ast.For | ast.While):
            yield statement
        elif isinstance(statement, ast.FunctionDef):
            if statement.name not in examined:
                yield statement
        else:
            for block in blocks(statement):
                yield from _candidates(block, examined)


def _unexamined(node: ast.AST, examined: Container[str]) -> Iterator[ast.AST]:
    """It and all in it, but for functions that are checked."""
    if not isinstance(node, ast.FunctionDef) or node.name not in examined:
        yield node
        for child in ast.iter_child_nodes(node):
            yield from _unexamined(child, examined)


def _gradient(node: ast.AST) -> bool:
    """Whether it computes a δ or a gradient, or moves a parameter; `delta = 1e-7` does not."""
    if isinstance(node, ast.FunctionDef):
        return bool(BACKPROPAGATION_NAME.search(plain_name(node.name))) and not empty(node)
    if isinstance(node, ast.AugAssign):  # c += 1 counts
        counts = isinstance(node.value, ast.Constant)
        return (ROLE.get(_label(node.target)) in PARAMETERS and not counts) or _goes_down(node)
    if not isinstance(node, ast.Assign) or _begins(node.value):
        return False
    stored = {_label(part) for target in node.targets for part in _parts(target)}
    moves = any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub)
                for n in _worked_on(node.value))  # fmt: skip
    read = {_label(n) for n in ast.walk(node.value) if isinstance(n, ast.expr)}
    moved = {name for name in stored & read if ROLE.get(name) in PARAMETERS}
    return (moves and bool(moved)) or any(map(_is_gradient, stored - {""}))


def _worked_on(value: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression, but for the numbers of an index or a shape."""
    yield value
    parts = ast.iter_child_nodes(value)
    if isinstance(value, ast.Subscript):
        parts = iter([value.value])
    elif isinstance(value, ast.Call) and called_name(value) == "reshape":
        of_module = ast.unparse(value.func).startswith(("np.", "numpy.", "jnp."))
        parts = iter(value.args[:1] if of_module else [value.func])
    for part in parts:
        yield from _worked_on(part)


def _goes_down(node: ast.AugAssign) -> bool:
    """Whether something moves by a step size times something that is called a gradient."""
    names = {_label(n) for n in ast.walk(node.value) if isinstance(n, ast.expr)}
    variables = [getattr(n, "attr", getattr(n, "id", "")) for n in ast.walk(node.value)]
    told = any(map(RATE_NAME.search, names)) and any(map(GRADIENT_VARIABLE.search, variables))
    return isinstance(node.op, ast.Add | ast.Sub) and told


def _begins(value: ast.expr) -> bool:
    """Whether it is nothing yet: a number, an empty list, or zeros."""
    empty_list = isinstance(value, ast.List | ast.Tuple) and not value.elts
    zeros = isinstance(value, ast.Call) and called_name(value) in ("zeros", "zeros_like", "empty")
    return isinstance(value, ast.Constant) or empty_list or zeros


def _computes(function: ast.FunctionDef) -> bool:
    """Whether there is a product in it: one that only calls its layers' is no derivation."""
    nodes = [*ast.walk(function)]
    signs = {type(n.op) for n in nodes if isinstance(n, ast.BinOp | ast.AugAssign)}
    return bool(signs & {ast.Mult, ast.MatMult, ast.Div}) or any(
        called_name(n) in PRODUCT_CALLS for n in nodes if isinstance(n, ast.Call)
    )


def _is_gradient(name: str) -> bool:
    return result_role(name, ()) in GRADIENT_ROLES or "delta" in name or name.startswith("nabla")


def _parts(target: ast.expr) -> list[ast.expr]:
    return target.elts if isinstance(target, ast.Tuple | ast.List) else [target]


def _label(node: ast.expr) -> str:
    """The plain name of a variable, of an attribute, or of a dict's entry."""
    if isinstance(node, ast.Subscript):
        key = getattr(node.slice, "value", None)
        return plain_name(key) if isinstance(key, str) else _label(node.value)
    name = getattr(node, "attr", getattr(node, "id", ""))
    return plain_name(name) if isinstance(name, str) else ""


def _name(node: ast.stmt) -> Words:
    name = getattr(node, "name", "")
    if isinstance(node, ast.ClassDef):
        return Words(f"class {name}", f"クラス {name}")
    return Words(name or "a loop", name or "ループ")


def _why(node: ast.stmt) -> Words:
    parameters = {a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in n.args}
    held = any(isinstance(n, ast.Subscript) and isinstance(getattr(n.slice, "value", None), str)
               for n in ast.walk(node))  # fmt: skip
    return HELD if held or HOLDERS & set(map(plain_name, parameters | loads(node))) else OTHER


def remark(parts: list[Overlooked], *, numbered: bool) -> tuple[Note, ...]:
    """One remark on all of them."""
    if not parts:
        return ()

    def listed(lang: str, place: str, comma: str) -> str:
        return comma.join(
            getattr(part.name, lang)
            + f" ({place.format(part.line) if numbered else ''}{getattr(part.why, lang)})"
            for part in parts
        )

    en, ja = listed("en", "line {}; ", ", "), listed("ja", "{} 行目、", "、")
    return (Note(ID, Words(f"not looked at: {en}", f"調べていません: {ja}")),)
