"""A program as its runs share it: what its statements say is found once for all of them."""

from __future__ import annotations
import __future__

import ast
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from jaxmlp.verify.names import is_product
from jaxmlp.verify.reading import code_of, statements_of
from jaxmlp.verify.run import beside
from jaxmlp.verify.run.hooked import Hooked, uses_numpy
from jaxmlp.verify.run.uncalled import CALL


@dataclass(eq=False)
class Code:
    """A program, or a module beside it: its statements, hooked.

    Attributes:
        path: the name to compile it with.
        unknown: the names that it lacks.
        modules: those beside it, by their paths.
        compiled: the statements that were executed, each by itself.
        found: where modules lie that were looked for.
    """

    body: list[ast.stmt]
    path: str
    unknown: set[str] = field(default_factory=set)
    modules: dict[str, Code] = field(default_factory=dict)
    compiled: dict[ast.stmt, types.CodeType] = field(default_factory=dict)
    found: dict[tuple, Path | None] = field(default_factory=dict)

    def module(self, path: str) -> Code:
        """A module beside it."""
        if path not in self.modules:
            statements = statements_of(code_of(Path(path)))
            tree = ast.Module(statements, [])
            hooked = Hooked(numbers=not uses_numpy(tree)).visit(tree)
            self.modules[path] = Code(ast.fix_missing_locations(hooked).body, path)
        return self.modules[path]

    def find(self, name: str, level: int, home: Path, roots: Sequence[Path]) -> Path | None:
        """Where a module lies, if it is there: `beside.module_file`."""
        asked = name, level, home, *roots
        if asked not in self.found:
            self.found[asked] = beside.module_file(name, level, home, roots)
        return self.found[asked]

    def execute(self, statement: ast.stmt, names: dict[str, Any]) -> None:
        """One of its statements."""
        if statement not in self.compiled:
            flags, alone = __future__.annotations.compiler_flag, ast.Module([statement], [])
            self.compiled[statement] = compile(alone, self.path, "exec", flags, dont_inherit=True)
        exec(self.compiled[statement], names)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Of its syntax tree."""
        return [node for statement in self.body for node in ast.walk(statement)]

    @cached_property
    def roots(self) -> list[Path]:
        """The folders that it may import from."""
        return beside.roots(Path(self.path), self.nodes)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The words that may be keys of its dicts: those in them, or given a name."""
        expressions = [k for n in self.nodes if isinstance(n, ast.Dict) for k in n.keys]
        expressions += [n.value for n in self.nodes if isinstance(n, ast.Assign)]
        words = [k.value for k in expressions if isinstance(k, ast.Constant)]
        return tuple(dict.fromkeys(w for w in words if isinstance(w, str) and w.isidentifier()))

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """The characters that it takes for numbers, as it draws with them: keys of one dict."""
        for node in (n for n in self.nodes if isinstance(n, ast.Dict)):
            keys = [k.value for k in node.keys if isinstance(k, ast.Constant)]
            signs = [k for k in keys if isinstance(k, str) and len(k) == 1 and not k.isspace()]
            texts = [v for v in node.values if isinstance(getattr(v, "value", None), str)]
            if 1 < len(signs) == len(node.keys) and not texts:
                return tuple(signs)
        return ()

    @cached_property
    def many(self) -> set[int]:
        """The numbers that may be those of samples."""
        calls = [n for n in self.nodes if isinstance(n, ast.Call)]
        args = [n.args[0] for n in calls if getattr(n.func, "id", "") == "__many__"]
        return {n.value for n in args if isinstance(n, ast.Constant) and isinstance(n.value, int)}

    @cached_property
    def whole_numbers(self) -> set[int]:
        """Those that it states."""
        values = [n.value for n in self.nodes if isinstance(n, ast.Constant)]
        return {value for value in values if type(value) is int}

    @cached_property
    def said(self) -> list[int]:
        """The whole numbers that it hands over in its calls, or gives a name."""
        values = [arg for n in self.nodes if isinstance(n, ast.Call) for arg in n.args]
        values += [n.value for n in self.nodes if isinstance(n, ast.Assign)]
        numbers = {n.value for n in values if isinstance(n, ast.Constant) and type(n.value) is int}
        return sorted(numbers)

    @cached_property
    def names(self) -> set[str]:
        """The names that it uses, of attributes, too."""
        return {getattr(n, "attr", getattr(n, "id", "")) for n in self.nodes}

    @cached_property
    def raises(self) -> set[int]:
        """The lines where it refuses something itself."""
        return {n.lineno for n in self.nodes if isinstance(n, ast.Raise)}

    @cached_property
    def called_of(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """By the name of a variable or an attribute the methods that are called of it; and of what
        is in it, one after the other."""
        called: dict[str, set[str]] = {}
        each: dict[str, set[str]] = {}
        for fn in (n.func for n in self.nodes if isinstance(n, ast.Call)):
            owner, method = (fn.value, fn.attr) if isinstance(fn, ast.Attribute) else (fn, CALL)
            in_list = isinstance(owner, ast.Subscript)
            for name in _names(owner.value if isinstance(owner, ast.Subscript) else owner):
                (each if in_list else called).setdefault(name, set()).add(method)
        for loop in (n for n in self.nodes if isinstance(n, ast.For | ast.comprehension)):
            members = [name for n in ast.walk(loop.target) for name in _names(n)]
            methods = set().union(*(called.get(name, set()) for name in members))
            for name in (name for n in ast.walk(loop.iter) for name in _names(n)):
                each.setdefault(name, set()).update(methods)
        for kept, name in self._kept_as:
            for methods_of in (called, each):
                methods_of.setdefault(name, set()).update(methods_of.get(kept, ()))
        return called, each

    @property
    def _kept_as(self) -> Iterator[tuple[str, str]]:
        """(the name of an attribute, that of a variable) for each variable that is kept as one."""
        for node in (n for n in self.nodes if isinstance(n, ast.Assign)):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and isinstance(node.value, ast.Name):
                    yield target.attr, node.value.id

    @cached_property
    def multiplying(self) -> set[str]:
        """The classes in which there is a product of matrices."""
        classes = [n for n in self.nodes if isinstance(n, ast.ClassDef)]
        return {made.name for made in classes if any(map(is_product, ast.walk(made)))}

    def added_to(self, line: int) -> list[str]:
        """What it adds something to in a line."""
        nodes = [n for n in self.nodes if isinstance(n, ast.AugAssign)]
        return [ast.unparse(n.target) for n in nodes if n.lineno == line]


def _names(node: ast.AST) -> Iterator[str]:
    """The name of a variable, or of an attribute."""
    if isinstance(node, ast.Name | ast.Attribute):
        yield getattr(node, "id", getattr(node, "attr", ""))
