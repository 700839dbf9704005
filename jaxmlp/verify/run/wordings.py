"""Arguments that are words, as the name of an activation is, or constants that have a name: those
that a program knows.

What a class computes by such a word is judged for each of them.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from jaxmlp.verify.names import called_name

MOST_WORDS = 8  # of one class or function
NO_NETWORK = re.compile(r"init|mode|phase|verb|path|file|seed|axis|dtype", re.IGNORECASE)
AS_WRITTEN = frozenset(("lower", "upper", "strip", "casefold", "str"))
Definition = ast.FunctionDef | ast.ClassDef
Word = str | int


class _Known(NamedTuple):
    """What a module has by its names: functions, collections of words, words and whole numbers."""

    functions: Mapping[str, ast.FunctionDef]
    collections: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, Word]


def wordings(made: Definition, module: Sequence[ast.stmt]) -> list[dict[str, Word]]:
    """What a class or function is called with for each word that an argument may be: the others
    are as at first. A single empty one where none is a word."""
    function = made if isinstance(made, ast.FunctionDef) else _init(made)
    if function is None:
        return [{}]
    known = _Known({n.name: n for n in module if isinstance(n, ast.FunctionDef)},
                   dict(_collections(module)), dict(_constants(module)))  # fmt: skip
    words = {name: _words(made, _kept_as(function, name), known, frozenset())
             for name, default in _arguments(function) if _may_be_word(name, default)}  # fmt: skip
    first = {name: _first(function, name, some) for name, some in words.items() if len(some) > 1}
    others = [{**first, name: word} for name in first for word in words[name]]
    return [first, *(one for one in others if one != first)][:MOST_WORDS]


def _init(made: ast.ClassDef) -> ast.FunctionDef | None:
    own = [n for n in made.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    return own[-1] if own else None  # those before are of what it is made of


def _arguments(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr | None]]:
    """The names of a function's arguments, each with its default."""
    names, defaults = [*function.args.posonlyargs, *function.args.args], function.args.defaults
    missing: list[ast.expr | None] = [None] * (len(names) - len(defaults))
    yield from ((arg.arg, value) for arg, value in zip(names, missing + defaults, strict=True))
    by_name = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    yield from ((arg.arg, value) for arg, value in by_name)


def _may_be_word(name: str, default: ast.expr | None) -> bool:
    none = default is None or getattr(default, "value", "") is None
    return not NO_NETWORK.search(name) and (none or _word(default) is not None)


def _word(value: ast.expr | None) -> str | None:
    text = value.value if isinstance(value, ast.Constant) else None
    return text if isinstance(text, str) else None


def _first(function: ast.FunctionDef, name: str, words: Iterable[Word]) -> Word:
    """The word that an argument is by default, or the first."""
    return _word(dict(_arguments(function))[name]) or next(iter(words))


def _collections(body: Sequence[ast.stmt]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The lists of words, and the dicts with words for keys, that have a name."""
    for node in (n for s in body for n in ast.walk(s) if isinstance(n, ast.Assign)):
        for target in node.targets:
            if (words := _members(node.value)) and (name := _name(target)):
                yield name, words


def _constants(body: Sequence[ast.stmt]) -> Iterator[tuple[str, Word]]:
    """The words and whole numbers that have a name in capitals."""
    for node in (n for n in body if isinstance(n, ast.Assign)):
        value = node.value.value if isinstance(node.value, ast.Constant) else None
        for name in map(_name, node.targets):
            if name.isupper() and isinstance(value, str | int):
                yield name, value


def _members(value: ast.expr) -> tuple[str, ...]:
    """The words in a collection; none where something else is in it."""
    keys = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [])
    words = tuple(map(_word, keys))
    return tuple(w for w in words if w is not None) if None not in words else ()


def _name(node: ast.expr | None) -> str:
    """The name of a variable or an attribute, also where it is written in small letters."""
    if isinstance(node, ast.Call) and called_name(node) in AS_WRITTEN:
        inner = node.func.value if isinstance(node.func, ast.Attribute) else None
        return _name(inner or next(iter(node.args), None))
    return getattr(node, "id", getattr(node, "attr", ""))


def _kept_as(function: ast.FunctionDef, name: str) -> set[str]:
    """The names that a function gives an argument."""
    names = {name}
    for node in (n for n in ast.walk(function) if isinstance(n, ast.Assign)):
        if _name(node.value) in names:
            names |= {_name(target) for target in node.targets}
    return names


def _words(
    made: Definition, names: set[str], known: _Known, asking: frozenset[str]
) -> dict[Word, None]:
    """The words that something with one of these names is compared with, in order."""
    words: dict[Word, None] = {}
    nodes = [n for n in ast.walk(made) if isinstance(n, ast.expr | ast.stmt) and n is not made]
    for node in sorted(nodes, key=lambda n: (n.lineno, n.col_offset)):
        words |= dict.fromkeys(_asked_for(node, names, known))
        if isinstance(node, ast.Call) and (called := known.functions.get(called_name(node))):
            if called.name in asking:
                continue
            handed = {arg.arg for arg, value in zip(called.args.args, node.args, strict=False)
                      if _name(value) in names}  # fmt: skip
            handed |= {k.arg for k in node.keywords if k.arg and _name(k.value) in names}
            words |= _words(called, handed, known, asking | {called.name}) if handed else {}
    return words


def _asked_for(node: ast.AST, names: set[str], known: _Known) -> Sequence[Word]:
    """The words that a comparison, a lookup or a `match` knows for one of these names."""
    of = lambda value: _members(value) or known.collections.get(_name(value), ())  # noqa: E731
    match node:
        case ast.Compare(left, [ast.Eq()], [right]) if _name(left) in names:
            word = _word(right) or known.constants.get(_name(right))
            return [] if word is None else [word]
        case ast.Compare(left, [ast.In() | ast.NotIn()], [right]) if _name(left) in names:
            return of(right)
        case ast.Subscript(value, key) if _name(key) in names:
            return of(value)
        case ast.Call(ast.Attribute(value, "get"), [key, *_]) if _name(key) in names:
            return of(value)
        case ast.Match(subject, cases) if _name(subject) in names:
            patterns = [p for case in cases for p in ast.walk(case.pattern)]
            said = [_word(p.value) for p in patterns if isinstance(p, ast.MatchValue)]
            return [word for word in said if word is not None]
    return ()
