"""The step size of an update: read off its statements, and fitted only to what stands there.

A factor fitted freely would take in a 2 or a 1/m that the gradient has too many.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from jaxmlp.verify.calling import ROLE, plain
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.loops import Loop, numbers
from jaxmlp.verify.names import called, loads, role_of_data, stores
from jaxmlp.verify.points import ETA
from jaxmlp.verify.program import Quantities

STAGES = {"dV": "V", "dW": "W"}
PRODUCTS = ("outer", "dot", "matmul", "multiply")
Names = Mapping[str, Any]


def measured(loop: Loop) -> list[ast.stmt]:
    """Statements that, after the body, keep what the factors of its updates are."""
    kept = [
        _kept(f"step_{stage}_{k}", one)
        for stage, found in _factors_by_stage(loop).items()
        for k, one in enumerate(found)
    ]
    return kept + [_kept(f"step_seen_{k}", one) for k, one in enumerate(_seen(loop))]


def _kept(name: str, value: ast.expr) -> ast.stmt:
    made = ast.parse(f"try:\n    {name} = 0\nexcept Exception:\n    pass").body[0]
    made.body[0].value = value
    return ast.fix_missing_locations(ast.copy_location(made, value))


def step_sizes(
    loop: Loop, runs: Sequence[Names], named: float | None, right: Quantities, moved: Mapping
) -> dict[str, float]:
    """The step size with which each of V and W moved.

    Args:
        runs: the names after the body, of each run.
        named: the value of what is called eta, if anything is.
        right: without a step size.
        moved: by stage, how far V and W have moved.
    """
    own = {s: _product(loop, s, f, runs, right) for s, f in _factors_by_stage(loop).items()}
    own = {stage: size for stage, size in own.items() if size is not None}
    by_name = [s for s in own if any(map(_eta_in, _factors_by_stage(loop)[s]))]
    common = own[(by_name or list(own))[0]] if own else _unwritten(loop, runs, named, right, moved)
    return {s: common if s in by_name else own.get(s, common) for s in STAGES}


def fitted_eta(right: Quantities, claims: Mapping[str, np.ndarray]) -> float | None:
    """The one step size with which both updates are right; or, where one is wrong, the other."""
    found = []
    for stage, claim in claims.items():
        true = getattr(right, stage)
        eta = float((claim * true).sum() / (true * true).sum())
        if eta > 0 and same(claim, eta * true, tolerance(claim) * 10):
            found.append(eta)
    return found[0] if found and np.allclose(found, found[0], rtol=1e-9) else None


def named_eta(loop: Loop, names: Names) -> float | None:
    """The step size: one that an update reads, eta_t before eta; None where there is none."""
    found = {
        n: float(v)
        for n, v in names.items()
        if ROLE.get(plain(n)) == "eta"
        and n not in loop.counters
        and isinstance(v, float | int | np.ndarray)
        and np.size(v) == 1
    }
    read = set().union(*map(loads, updates(loop)))
    best = sorted(
        found, key=lambda n: (n not in read, len(plain(n)) < 4 or "t" not in plain(n)[-1:])
    )
    return found[best[0]] if best else None


def updates(loop: Loop) -> list[ast.stmt]:
    """The statements that assign parameters."""
    return [s for s in loop.body if stores(s) & set(loop.params.values())]


def changes(loop: Loop, stage: str) -> bool:
    """Whether something is added to this parameter, be it 0."""
    return any(True for _ in _changes(loop.body, loop.params.get(STAGES[stage])))


def _unwritten(loop, runs, named, right, moved) -> float:
    """Where the update has no factor of its own: the named one, or one fitted to what is there."""
    fitted = fitted_eta(right, moved)
    seen = [f"step_seen_{k}" for k in range(len(_seen(loop)))]
    values = [*_constant(runs, seen), 1.0]
    literal = _literals(loop.body)
    if named is None:
        values += literal
    if fitted and np.isclose(fitted, values, rtol=1e-9).any():
        found = fitted
    else:
        written = next(iter(_literals(updates(loop)) + literal), 1.0)
        found = written if named is None else named
    # there is a step size, and the update has forgotten it
    return ETA if loop.eta and named is None and found == 1 else found


def _literals(body: Sequence[ast.stmt]) -> list[float]:
    nodes = [n.value for s in body for n in ast.walk(s) if isinstance(n, ast.Constant)]
    return [value for value in nodes if isinstance(value, float) and 0 < value < 1]


def _factors_by_stage(loop: Loop) -> dict[str, list[ast.expr]]:
    """The factors of the change of V and of W that no sample takes part in."""
    data, found = _of_data(loop), {}
    for stage, role in STAGES.items():
        for change in _changes(loop.body, loop.params.get(role)):
            free = [f for f in _factors(change) if not loads(f) & data]
            if free:
                found.setdefault(stage, free)
    return found


def _of_data(loop: Loop) -> set[str]:
    """The names of samples and parameters, and of what is computed from them."""
    found = {n for n in loop.reads if role_of_data(n) in ("x", "y", "W", "V", "b", "c")}
    found |= {*loop.params.values(), "__sample__"}
    for name, over in loop.counters.items():
        if not numbers(over) and {"x", "y"} & set(map(role_of_data, {name, *loads(over)})):
            found.add(name)
    for statement in loop.body:
        if loads(statement) & found:
            found |= stores(statement)
    return found


def _changes(body: Sequence[ast.stmt], name: str | None) -> Iterator[ast.expr]:
    """What is added to or taken from a parameter."""
    for node in (n for s in body for n in ast.walk(s)):
        if isinstance(node, ast.AugAssign | ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            old = node.target if isinstance(node, ast.AugAssign) else node.left
            while isinstance(old, ast.Subscript | ast.Attribute):
                old = old.value
            if isinstance(old, ast.Name) and old.id == name:
                yield node.value if isinstance(node, ast.AugAssign) else node.right


def _factors(value: ast.expr) -> Iterator[ast.expr]:
    """What is multiplied there."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult | ast.MatMult | ast.Div):
        yield from _factors(value.left)
        for one in _factors(value.right):
            inverse = ast.BinOp(ast.Constant(1.0), ast.Div(), one)
            yield inverse if isinstance(value.op, ast.Div) else one
    elif isinstance(value, ast.UnaryOp):
        yield from _factors(value.operand)
    elif isinstance(value, ast.Attribute) and value.attr == "T":
        yield from _factors(value.value)
    elif isinstance(value, ast.Call) and called(value) in PRODUCTS:
        for one in value.args:
            yield from _factors(one)
    else:
        yield value


def _product(loop: Loop, stage: str, found, runs, right: Quantities) -> float | None:
    """Of the factors that make up the step size: no 2 beside its name, no 1/n of the mean."""
    its_name = stores(ast.Module(loop.body, []))
    beside = any(_eta_in(f) or loads(f) & its_name for f in found)
    size, n = None, right.x.shape[1]
    for k, factor in enumerate(found):
        for value in _constant(runs, [f"step_{stage}_{k}"]):
            if not (beside and _number(factor)) and not (n > 1 and np.isclose(value * n, 1)):
                size = value * (1.0 if size is None else size)
    return size


def _number(factor: ast.expr) -> bool:
    return not any(isinstance(n, ast.Name) for n in ast.walk(factor))


def _eta_in(factor: ast.expr) -> bool:
    return any(ROLE.get(plain(name)) == "eta" for name in loads(factor))


def _constant(runs: Sequence[Names], names) -> list[float]:
    """The values of those that are one number, the same in every run."""
    found = []
    for name in names:
        values = [run.get(name) for run in runs]
        if all(isinstance(v, int | float | np.ndarray) and np.size(v) == 1 for v in values):
            numbers = [abs(float(np.ravel(v)[0])) for v in values]
            found += numbers[:1] if len(set(numbers)) == 1 else []
    return found


def _seen(loop: Loop) -> list[ast.expr]:
    """The largest expressions in the updates that no sample takes part in."""
    data, found, left = _of_data(loop), [], list(updates(loop))
    while left:
        for node in ast.iter_child_nodes(left.pop()):
            free = isinstance(node, ast.expr) and not (loads(node) | stores(node)) & data
            if free and not _number(node):
                found.append(node)
            else:
                left.append(node)
    return found
