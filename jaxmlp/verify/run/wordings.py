"""Arguments that are words, as the name of an activation is, or constants that have a name: those
that a program knows.

What a class or function computes by such a word is judged for each of them.
"""

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from jaxmlp.verify.names import called_name

MOST_WORDS = 8  # of one class or function
NO_NETWORK = re.compile(r"init|mode|phase|verb|path|file|seed|axis|dtype", re.IGNORECASE)
AS_WRITTEN = frozenset(("lower", "upper", "strip", "casefold", "str"))
Definition = ast.FunctionDef | ast.ClassDef
Word = str | int | None  # None for what is none of the words, where there is something for that


class _Known(NamedTuple):
    """What a module has by its names: functions, collections of words, words and whole numbers."""

    functions: Mapping[str, ast.FunctionDef]
    collections: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str | int]


def wordings(made: Definition, module: Sequence[ast.stmt]) -> list[dict[str, Word]]:
    """What a class or function is called with for each word that an argument may be: the others
    are as at first. A single empty one where none is a word."""
    function = made if isinstance(made, ast.FunctionDef) else _init(made)
    if function is None:
        return [{}]
    functions = [*module, *(made.body if isinstance(made, ast.ClassDef) else ())]
    known = _Known({n.name: n for n in functions if isinstance(n, ast.FunctionDef)},
                   dict(_collections(module)), dict(_constants(module)))  # fmt: skip
    words = {name: _all_words(made, function, name, known)
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
            if (words := _members(node.value)) and (name := _name(target).lstrip(".")):
                yield name, words


def _constants(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str | int]]:
    """The words and whole numbers that have a name in capitals."""
    for node in (n for n in body if isinstance(n, ast.Assign)):
        value = node.value.value if isinstance(node.value, ast.Constant) else None
        for name in map(_name, node.targets):
            if name.isupper() and isinstance(value, str | int) and not isinstance(value, bool):
                yield name, value


def _members(value: ast.expr) -> tuple[str, ...]:
    """The words in a collection; none where something else is in it."""
    keys = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [])
    words = tuple(map(_word, keys))
    return tuple(w for w in words if w is not None) if None not in words else ()


def _name(node: ast.expr | None) -> str:
    """The name of a variable, or of an attribute with a dot in front, also where it is written in
    small letters; nothing of anything else."""
    if isinstance(node, ast.Call) and called_name(node) in AS_WRITTEN:
        inner = node.func.value if isinstance(node.func, ast.Attribute) else None
        return _name(inner or next(iter(node.args), None))
    return f".{node.attr}" if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _kept_as(function: ast.FunctionDef, name: str) -> set[str]:
    """The names that a function gives an argument."""
    names = {name}
    for node in (n for n in ast.walk(function) if isinstance(n, ast.Assign | ast.AnnAssign)):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = [*zip(target.elts, node.value.elts, strict=False)]
            names |= {_name(one) for one, value in pairs if _name(value) in names} - {""}
    return names


def _all_words(
    made: Definition, function: ast.FunctionDef, name: str, known: _Known
) -> dict[Word, None]:
    """The words that an argument is compared with: in its function by any name, in the methods
    beside it as an attribute; None for all others."""
    names = _kept_as(function, name)
    attributes = {kept for kept in names if kept.startswith(".")}
    beside = [n for n in made.body if n is not function] if made is not function else []
    scopes = [(function, names), *((n, attributes) for n in beside)]
    words: dict[Word, None] = {}
    for part, own in scopes:
        words |= _words(part, own, known, frozenset())
    default = _word(dict(_arguments(function))[name])
    covered = default is not None and default not in words
    if words and not covered and any(_has_rest(part, own, known) for part, own in scopes):
        words[None] = None
    return words


def _words(
    part: ast.stmt, names: set[str], known: _Known, asking: frozenset[str]
) -> dict[Word, None]:
    """The words that something with one of these names is compared with, in order."""
    words: dict[Word, None] = {}
    nodes = [n for n in ast.walk(part) if isinstance(n, ast.expr | ast.Match)]
    for node in sorted(nodes, key=lambda n: (n.lineno, n.col_offset)) if names else ():
        words |= dict.fromkeys(_asked_for(node, names, known))
        if isinstance(node, ast.Call) and (called := known.functions.get(called_name(node))):
            if called.name in asking:
                continue
            own = [arg for arg in called.args.args if arg.arg != "self"]
            handed = {arg.arg for arg, value in zip(own, node.args, strict=False)
                      if _name(value) in names}  # fmt: skip
            handed |= {k.arg for k in node.keywords if k.arg and _name(k.value) in names}
            words |= _words(called, handed, known, asking | {called.name})
    return words


def _asked_for(node: ast.AST, names: set[str], known: _Known) -> Sequence[Word]:
    """The words that a comparison, a lookup or a `match` knows for one of these names."""
    of = lambda value: _members(value) or known.collections.get(_name(value).lstrip("."), ())  # noqa: E731
    match node:
        case ast.Compare(one, [ast.Eq() | ast.NotEq() | ast.Is() | ast.IsNot()], [other]) if {
            _name(one),
            _name(other),
        } & names:
            named = other if _name(one) in names else one
            word = _word(named) or known.constants.get(_name(named))
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


def _has_rest(part: ast.stmt, names: set[str], known: _Known) -> bool:
    """Whether there is something for all words that no comparison names, and no refusal."""
    asks = lambda node: any(_asked_for(n, names, known) for n in ast.walk(node))  # noqa: E731
    for node in ast.walk(part) if names else ():
        if (
            isinstance(node, ast.IfExp)
            and asks(node.test)
            and not isinstance(node.orelse, ast.IfExp)
        ):
            return True
        rest = _rest_of(node) if isinstance(node, ast.If) and asks(node.test) else []
        if rest and not isinstance(rest[0], ast.Raise | ast.If):
            return True
        for body in (getattr(node, "body", []), getattr(node, "orelse", [])):
            pairs = itertools.pairwise(body) if isinstance(body, list) else ()
            if any(_ends(one) and asks(one.test) and not isinstance(after, ast.Raise | ast.If)
                   for one, after in pairs):  # fmt: skip
                return True
    return False


def _rest_of(node: ast.If) -> list[ast.stmt]:
    return [s for s in node.orelse if not isinstance(s, ast.Pass | ast.Expr)]


def _ends(node: ast.stmt) -> bool:
    """Whether it is an if without an else that ends its function."""
    return isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], ast.Return)
