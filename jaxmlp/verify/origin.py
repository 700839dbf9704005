"""What a function has from elsewhere, though it was to be derived by hand: said, whatever it gives.

Read off the source, so that what is imported or called by a name made up at run time is not told
apart; that such a thing is done is said as well.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.names import names_used
from jaxmlp.verify.reading import contents, decoded, parsed
from jaxmlp.verify.run.runner import is_library
from jaxmlp.verify.source import Source

AUTODIFF = re.compile(
    r"(jax|optax)(\.\w+)*\.(grad|value_and_grad|jac\w*|hessian|[vj]jp|linear\w+|custom_[vj]jp)"
    r"|(autograd|mygrad|theano|aesara|pytensor|casadi|tangent|micrograd|tinygrad)(\.(?!numpy)\w+)*"
    r"|torch\.(autograd|func)(\.\w+)*|sympy(\.\w+)*\.(diff|Derivative)"
    r"|(\w*\.)*(GradientTape|requires_grad_?|set_requires_grad)"
)
LIBRARY = re.compile(r"jaxmlp(\.\w+)*")
COMPLEX = re.compile(r"(\w*\.)*imag")
HIDDEN = re.compile(
    r"exec|eval|compile|__import__|(importlib|runpy|ctypes|marshal|pickle|code|inspect|gc)(\.\w+)*"
)
SAID = {
    "autodiff": (AUTODIFF, "not derived by hand: autodiff", "手で導出していません: 自動微分"),
    "library": (LIBRARY, "not derived by hand: jaxmlp", "手で導出していません: jaxmlp"),
    "complex-step": (
        COMPLEX,
        "not derived by hand: the imaginary part of a complex step",
        "手で導出していません: 複素数ステップの虚部",
    ),
    "hidden-code": (
        HIDDEN,
        "runs what cannot be read in the file",
        "ファイルから読み取れないコードを実行しています",
    ),
}


class Use(NamedTuple):
    """Something from elsewhere: what it is called in full, and where it is used."""

    name: str
    line: int


def said_of_origin(check: Check, found: Source, path: Path) -> Check:
    """The check, with a remark on what its function, or its loop, has from elsewhere."""
    uses = list(_uses(check, found))
    notes = [
        _note(id, [one for one in uses if pattern.fullmatch(one.name)], en, ja)
        for id, (pattern, en, ja) in SAID.items()
    ]
    beside = [u for u in uses if _file(path, u.name.split(".")[0])]
    notes.append(_note("other-file", beside, "takes from a file beside it",
                       "隣のファイルから取り込んでいます"))  # fmt: skip
    return replace(check, remarks=(*check.remarks, *filter(None, notes)))


def _note(id: str, uses: list[Use], en: str, ja: str) -> Note | None:
    if not uses:
        return None
    name, line = min(uses, key=lambda one: one.line)
    return Note(id, Words(f"{en} ({name}, line {line})", f"{ja} ({name}、{line} 行目)"))


def _uses(check: Check, found: Source) -> Iterator[Use]:
    """All that the function of a check, and what it calls in its file, has from elsewhere."""
    begin = [f for f in found.functions.values() if f.name == check.name]
    begin = begin or [s for loop in found.loops if loop.line == check.line for s in loop.body]
    names = names_used(begin, found.functions)
    made = [c for c in found.constants if _targets(c) & names]
    used = names | names_used(made, found.functions)
    nodes = [*begin, *made, *(f for name, f in found.functions.items() if name in used)]
    origins = dict(_imported(found.module))
    for node in (inner for one in nodes for inner in ast.walk(one)):
        if (name := _dotted(node, origins)) is not None:
            yield Use(name, node.lineno)


def _targets(statement: ast.stmt) -> set[str]:
    return {n.id for t in getattr(statement, "targets", []) for n in ast.walk(t)
            if isinstance(n, ast.Name)}  # fmt: skip


def _imported(module: ast.Module) -> Iterator[tuple[str, str]]:
    """(name in the file, what it stands for): (jnp, jax.numpy)."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield (
                    one.asname or one.name.split(".")[0],
                    one.name if one.asname else (one.name.split(".")[0]),
                )
        elif isinstance(node, ast.ImportFrom):
            prefix = f"{node.module}." if node.module else ""
            yield from ((one.asname or one.name, prefix + one.name) for one in node.names)


def _dotted(node: ast.AST, origins: dict[str, str]) -> str | None:
    """jax.numpy.dot for jnp.dot; .imag for a method; nothing for the file's own names."""
    if isinstance(node, ast.keyword):
        return node.arg if node.arg == "requires_grad" else None
    if isinstance(node, ast.Name):
        return origins.get(node.id, node.id if HIDDEN.fullmatch(node.id) else None)
    if not isinstance(node, ast.Attribute):
        return None
    inner = _dotted(node.value, origins)
    return f"{inner or ''}.{node.attr}"


def _file(path: Path, module: str) -> Path | None:
    """The file beside this one that an import of that name brings in."""
    if not module or is_library(module):
        return None
    places = (path.with_name(f"{module}.py"), path.parent / module / "__init__.py")
    return next((place for place in places if place.is_file()), None)


def beside(path: Path, module: ast.Module) -> set[str]:
    """The files beside this one that it imports, and those that they import, without links."""
    found: dict[Path, None] = {}
    left = [module]
    while left:
        names = {origin.split(".")[0] for _, origin in _imported(left.pop())}
        new = {file for name in names if (file := _file(path, name))} - found.keys()
        found |= dict.fromkeys(new)
        left += [ast.Module([s for s in _statements(file) if isinstance(s, ast.stmt)], [])
                 for file in new]  # fmt: skip
    return {str(file.resolve()) for file in found}


def _statements(file: Path) -> list:
    try:
        return parsed(decoded(contents(file)))
    except (OSError, ValueError):
        return []
