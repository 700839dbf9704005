"""What a function has from elsewhere, though it was to be derived by hand: said, whatever it gives.

It is read off the source, so no more than a hint: who wants to hide it will. What cannot be read
there, code made up at run time and the like, is said as well.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.names import names_used
from jaxmlp.verify.reading import code_of, of_cells
from jaxmlp.verify.run.beside import data_files, module_file, roots
from jaxmlp.verify.run.modules import REPLACED
from jaxmlp.verify.run.runner import is_library
from jaxmlp.verify.source import Source

AUTODIFF = re.compile(
    r"(jax|optax)(\.\w+)*\.(grad|value_and_grad|jac\w*|hessian|[vj]jp|linear\w+|custom_[vj]jp)"
    r"|(autograd|mygrad|theano|aesara|pytensor|casadi|tangent|micrograd|tinygrad)(\.(?!numpy)\w+)*"
    r"|torch\.(autograd|func)(\.\w+)*|sympy(\.\w+)*\.(diff|Derivative)"
    r"|(\w*\.)*(GradientTape|requires_grad_?|set_requires_grad)"
)
LIBRARY = re.compile(r"jaxmlp(\.\w+)*")
COMPLEX = re.compile(r"(\w*\.)*(imag|complex\w*|csingle|cdouble)|a complex number")
HIDDEN_CODE = re.compile(
    r"exec|eval|compile|__import__|getattr|setattr|globals|vars|locals|__builtins__"
    r"|(\w*\.)*(__dict__|__globals__|__getattribute__|__code__|__subclasses__|attrgetter|modules)"
    r"|(builtins|importlib|runpy|ctypes|marshal|pickle|code|inspect|gc)(\.\w+)*"
)
SAID = {
    "autodiff": (AUTODIFF, "not derived by hand: autodiff", "手で導出していません: 自動微分"),
    "library": (LIBRARY, "not derived by hand: jaxmlp", "手で導出していません: jaxmlp"),
    "complex-step": (
        COMPLEX,
        "not derived by hand: complex numbers, as in a complex step",
        "手で導出していません: 複素数 (複素数ステップ)",
    ),
    "hidden-code": (
        HIDDEN_CODE,
        "runs what cannot be read in the file",
        "ファイルから読み取れないコードを実行しています",
    ),
}


class Use(NamedTuple):
    """Something from elsewhere: what it is called in full, and where it is used."""

    name: str
    line: int


class Origins:
    """Where the names of a file come from.

    Attributes:
        files: those beside it that it imports, by whatever way, without links.
        data: small files beside it that these and it name.
        notes: that there are such.
        gives_all: whether all names of one of these are imported.
        absent: the modules that it imports and that are neither beside it nor installed.
    """

    def __init__(self, path: Path, source: Source):
        self.found = source
        self.stars = [m for name, m in _imported(source.module) if name == "*"]
        self.names = {name: origin for name, origin in _imported(source.module) if name != "*"}
        self.names |= dict(self._aliases())
        seen, data = beside(path, source.module)
        self.files, self.data = list(map(str, seen)), list(map(str, data))
        self.modules = {file.stem for file in seen} | {file.parent.name for file in seen}
        self.gives_all = any(star.split(".")[-2:][0] in self.modules for star in self.stars)
        self.notes = _other_files([file.name for file in seen])
        self.absent = sorted(set(_absent(path, source.module)))
        self.constants = [(_targets(c), c) for c in source.constants]
        self.uses: dict[ast.AST, list[Use]] = {}

    def said(self, check: Check) -> Check:
        """The check, with a remark on what its function, or its loop, has from elsewhere."""
        return replace(check, remarks=(*check.remarks, *self.of(check.name, check.line)))

    def bought(self, name: str, line: int | None) -> Words | None:
        """What was not derived by hand in it, or cannot be read, if anything."""
        notes = (note for note in self.of(name, line) if note.id in SAID)
        return next((note.text for note in notes), None)

    def of(self, name: str, line: int | None) -> tuple[Note, ...]:
        """What a function, or the loop at a line, has from elsewhere."""
        uses = [use for node in self._nodes(name, line) for use in self._of(node)]
        notes = [
            _note(id, [usage for usage in uses if pattern.fullmatch(usage.name)], en, ja)
            for id, (pattern, en, ja) in SAID.items()
        ]
        beside = [u for u in uses if u.name.split(".")[0] in self.modules]
        notes.append(_note("other-file", beside, "takes from a file beside it",
                           "隣のファイルから取り込んでいます"))  # fmt: skip
        return tuple(filter(None, notes))

    def _nodes(self, name: str, line: int | None) -> Iterator[ast.AST]:
        """A function or a loop, and what it calls and names in its file."""
        functions = self.found.functions
        begin: list[ast.AST] = [functions[name]] if name in functions else []
        begin = begin or [n for n in ast.walk(self.found.module)
                          if isinstance(n, ast.For | ast.While) and n.lineno == line]  # fmt: skip
        names = names_used(begin, functions)
        made = [c for targets, c in self.constants if targets & names]
        used = names | names_used(made, functions)
        yield from begin
        yield from made
        yield from (functions[name] for name in used & functions.keys())

    def _of(self, node: ast.AST) -> list[Use]:
        if node not in self.uses:
            inner: list[Any] = list(ast.walk(node))
            read = {part.func for part in inner if _attribute(part)}
            named = ((self._dotted(part), part) for part in inner if part not in read)
            self.uses[node] = [Use(name, part.lineno) for name, part in named if name]
        return self.uses[node]

    def _dotted(self, node: ast.AST) -> str | None:
        """jax.numpy.dot for jnp.dot; .imag for a method; nothing for the file's own names."""
        if isinstance(node, ast.Call) and (attribute := _attribute(node)):
            return f"{self._dotted(node.args[0]) or ''}.{attribute}"
        match node:
            case ast.keyword(arg="requires_grad"):
                return node.arg
            case ast.Constant(value=complex()):
                return "a complex number"
            case ast.Attribute():
                return f"{self._dotted(node.value) or ''}.{node.attr}"
            case ast.Name(id=name):
                stars = (f"{module.removesuffix('*')}{name}" for module in self.stars)
                starred = next((dotted for dotted in stars if AUTODIFF.fullmatch(dotted)), None)
                own = name if HIDDEN_CODE.fullmatch(name) or COMPLEX.fullmatch(name) else None
                return self.names.get(name) or starred or own
        return None

    def _aliases(self) -> Iterator[tuple[str, str]]:
        """Other names for what was imported: J = jax."""
        for node in ast.walk(self.found.module):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute):
                origin = self._dotted(node.value) or "."
                if not origin.startswith("."):
                    yield from ((name, origin) for name in _targets(node))


def _attribute(node: ast.AST) -> str | None:
    """The grad of getattr(jax, "grad"), which can be read."""
    match node:
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
            return name
    return None


def _note(id: str, uses: list[Use], en: str, ja: str) -> Note | None:
    if not uses:
        return None
    name, line = min(uses, key=lambda use: use.line)
    return Note(id, Words(f"{en} ({name}, line {line})", f"{ja} ({name}、{line} 行目)"))


def _other_files(names: Iterable[str]) -> tuple[Note, ...]:
    said = ", ".join(sorted(names))
    words = Words(f"can see what it imports beside it: {said}",
                  f"隣のファイルを import しています: {said}")  # fmt: skip
    return (Note("other-file", words),) if said else ()


def _targets(statement: ast.stmt) -> set[str]:
    return {n.id for t in getattr(statement, "targets", []) for n in ast.walk(t)
            if isinstance(n, ast.Name)}  # fmt: skip


def _imported(module: ast.Module) -> Iterator[tuple[str, str]]:
    """(name in the file, what it stands for): (jnp, jax.numpy); (*, jax.*)."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                yield alias.asname or first, alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom):
            prefix = f"{node.module}." if node.module else ""
            yield from ((alias.asname or alias.name, prefix + alias.name) for alias in node.names)


def _absent(path: Path, module: ast.Module) -> Iterator[str]:
    """The modules that a file imports and that are not there, as they are written."""
    nodes = [*ast.walk(module)]
    home, folders = path.resolve().parent, roots(path, nodes)
    for node in nodes:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        asked = {name for name, dots in _modules([node])
                 if dots or name.split(".")[0] not in REPLACED}  # fmt: skip
        level = getattr(node, "level", 0)
        if asked and not any(module_file(name, level, home, folders) for name in asked):
            written = getattr(node, "module", None) or min(alias.name for alias in node.names)
            yield "." * level + written


class _Said(NamedTuple):
    """What a program says of others.

    Attributes:
        modules: (what may be the name of a module that it imports, the dots in front).
        folders: that it may import from.
        texts: that may name data.
    """

    modules: list[tuple[str, int]]
    folders: list[Path]
    texts: frozenset[str]


def beside(path: Path, module: ast.Module) -> tuple[list[Path], list[Path]]:
    """(the files beside this one that it imports, and those that they import; data in its folder
    that it names, or that they name)."""
    path = path.resolve()
    own = _said(path, module)
    folders, texts = [*own.folders], {*own.texts}
    files: dict[Path, None] = {}
    left = [(path.parent, own)]
    while left:
        home, importing = left.pop()
        for name, level in importing.modules:
            file = module_file(name, level, home, folders)
            if file is not None and file not in files and file != path:
                files[file], said = None, _said_in(file, file.stat().st_mtime_ns)
                texts |= said.texts
                folders += [folder for folder in said.folders if folder not in folders]
                left.append((file.parent, said))
    return list(files), sorted(set(data_files(texts, path.parent)))


@lru_cache(maxsize=1000)  # programs that lie together import the same
def _said_in(file: Path, _: int) -> _Said:
    """What a file says of others, changed last at this time."""
    try:
        statements = of_cells(code_of(file))
    except (OSError, ValueError):
        return _Said([], [], frozenset())
    return _said(file, ast.Module([s for s in statements if isinstance(s, ast.stmt)], []))


def _said(path: Path, module: ast.Module) -> _Said:
    nodes = [*ast.walk(module)]
    values = [n.value for n in nodes if isinstance(n, ast.Constant)]
    texts = frozenset(value for value in values if isinstance(value, str))
    return _Said([*_modules(nodes)], roots(path, nodes), texts)


def _modules(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """All that may be the name of a module in import statements, and is no library."""
    for node in nodes:
        if isinstance(node, ast.Import):
            whole = [alias.name for alias in node.names]
            names = [(name, 0) for name in whole for name in (name, name.split(".")[0])]
        elif isinstance(node, ast.ImportFrom):
            prefix = node.module or ""
            names = [(f"{prefix}.{alias.name}".strip("."), node.level) for alias in node.names]
            names += [(prefix, node.level), (prefix.split(".")[0], node.level)]
        else:
            continue
        yield from ((n, dots) for n, dots in names if dots or not is_library(n.split(".")[0]))
