"""What a file only defines: its functions and classes, and which one gives what another asks for.

Where one function returns what another asks for by the same name, as `cache` or `A2`, it is called
first; a method that sets an attribute comes before those that need it.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jaxmlp.verify.names import (
    BACK,
    NOT_CHECKED,
    SLOPE_NAME,
    TRAINS,
    called_name,
    is_of_derivative,
)
from jaxmlp.verify.run.wordings import Definition, Word, wordings

CALL = "__call__"  # as a layer is called for its forward pass
FORWARD_CALL = "()"  # in place of a name, the forward pass of the same arguments
ON_OR_BACK = re.compile(r"forward|fwd|prop|back|grad|loss|error|cost", re.IGNORECASE)
ADDS = re.compile(r"^_*(add|append|push)|^_*layer$", re.IGNORECASE)
GROWS = frozenset(("append", "extend", "insert"))  # of lists
CACHE_NAME = re.compile(r"cache|memo|saved|ctx|context", re.IGNORECASE)
WAY = re.compile(r"_|forward|backward|fwd|bwd|prop(agation)?|back|pass|grad(ient)?|deriv(ative)?")


class Uncalled(NamedTuple):
    """A function or a class, to be called.

    Attributes:
        name, line, end: of its definition.
        methods: of a class, those that its other methods do not call.
        used: whether the file itself names it elsewhere.
        gives: the function that returns what is asked for by a name, or of a class, the method
            that sets an attribute.
        returns: of a class, by method the names of what it returns.
        changing: of a class, the methods that change the object.
        adding: of a class, the methods that add a layer to it, or something else.
        names: what is named in it.
        words: what its arguments are that are words, where there is a call for each of several.
    """

    name: str
    line: int
    end: int
    methods: tuple[str, ...] | None
    used: bool
    gives: Mapping[str, ast.FunctionDef]
    returns: Mapping[str, list[str]] = {}
    changing: frozenset[str] = frozenset()
    adding: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    words: Mapping[str, Word] = {}

    @property
    def title(self) -> str:
        """Its name, with the words that it is called with."""
        words = ", ".join(
            f"another {name}" if word is None else f"{name}={word!r}"
            for name, word in self.words.items()
        )
        return f"{self.name}({words})" if words else self.name

    @property
    def back(self) -> bool:
        """Whether its name, or that of a method, is a backward pass's."""
        return any(map(BACK.search, (self.name, *self.returns)))

    @property
    def learns(self) -> bool:
        """Whether its name, or that of a method, is a training's or a backward pass's."""
        return self.back or any(map(TRAINS.search, (self.name, *(self.methods or ()))))

    def is_run_by(self, recordings: Sequence[Sequence[Mapping[str, Any]]]) -> bool:
        """Whether one of the recordings has run a line of it, but for a call with other words."""
        own = {*range(self.line + 1, self.end + 1)}
        others = (world for worlds in recordings for world in worlds
                  if not (self.words and world["line"] == self.line))  # fmt: skip
        return any(own.intersection(world["lines"]) for world in others)

    @property
    def first(self) -> bool:
        """Whether it is to be called while there is time: a backward pass, or what names one."""
        return self.back or any(map(BACK.search, self.names))


def uncalled(tree: ast.Module) -> list[Uncalled]:
    """The functions and classes at the top level, those first that nothing is made of."""
    defined = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)
               and not _is_left_out(n.name)]  # fmt: skip
    defined = list({n.name: n for n in defined}.values())  # of one name the last
    used = {node.name: _named(node) for node in defined}
    outside = set().union(*(_named(n) for n in tree.body if n not in defined), set())
    functions = [node for node in defined if isinstance(node, ast.FunctionDef)]
    asked = {arg.arg for node in functions for arg in node.args.args}
    calls = []
    for node in defined:
        others = set().union(outside, *(used[other.name] for other in defined if other is not node))
        call = Uncalled(node.name, node.lineno, node.end_lineno or node.lineno, None,
                        node.name in others, {}, names=frozenset(used[node.name]))  # fmt: skip
        whole: Definition = node
        if isinstance(node, ast.ClassDef):
            whole = _whole(node, defined)
            call = _of_class(call, node, whole)
        else:
            call = call._replace(gives=_givers(node, functions))
        calls += [call._replace(words=words) for words in wordings(whole, tree.body)]
    made_of = {node.name: bool(asked & set(returned(node))) for node in functions}
    return sorted(calls, key=lambda node: made_of.get(node.name, False))


def _of_class(call: Uncalled, made: ast.ClassDef, whole: ast.ClassDef) -> Uncalled:
    """A call with what a class is, by itself and with those that it is made of."""
    methods = _roots(made) or _roots(whole) or _roots(whole, private=True)
    return call._replace(methods=methods, gives=_setters(made), returns=_results(made),
                         changing=_changing(made), adding=_adding(made))  # fmt: skip


def _is_left_out(name: str) -> bool:
    return bool(NOT_CHECKED.search(name.replace("_", "").lower()))


def _givers(
    caller: ast.FunctionDef, functions: list[ast.FunctionDef]
) -> dict[str, ast.FunctionDef]:
    """By name the function that returns it: of several the one that goes with the caller."""
    others = [one for one in functions if one is not caller]
    near = [one for one in others if of_one_layer(one.name, caller.name)]
    givers: dict[str, ast.FunctionDef] = {}
    for one in (*others, *near):
        own = {arg.arg for arg in one.args.args}
        givers |= dict.fromkeys(set(returned(one)) - own, one)
    for name in (a.arg for a in caller.args.args):
        if near and any(goes_with(name, one) for one in returned(near[0])):
            givers[name] = near[0]
    kept = [a.arg for a in caller.args.args if CACHE_NAME.search(a.arg) and a.arg not in givers]
    if near and _gives_several(near[0]):  # by another name, or by none
        givers |= dict.fromkeys(kept, near[0])
    names = {arg.arg for arg in caller.args.args}
    first = [f for f in near if {arg.arg for arg in f.args.args} <= names]
    if BACK.search(caller.name) and first and not kept:
        givers[FORWARD_CALL] = first[0]
    return givers


def _gives_several(function: ast.FunctionDef) -> bool:
    """Whether a function gives a tuple, or a dict: a cache is among it, or is it."""
    return len(returned(function)) > 1 or isinstance(_last_return(function), ast.Dict)


def goes_with(asked: str, given: str) -> bool:
    """Whether an argument is a returned value by another spelling: h is H, and y_pred is pred."""
    return bool(given) and asked.lower().removeprefix("y_") == given.lower().removeprefix("y_")


def of_one_layer(one: str, other: str) -> bool:
    """Whether two names are those of a forward and a backward function of one layer."""
    return WAY.sub("", one.lower()) == WAY.sub("", other.lower())


def single_methods(uncalled: Uncalled) -> Iterator[Uncalled]:
    """A class with one of its methods each, where all of them together do not work."""
    methods = uncalled.methods or ()
    if len(methods) > 1:
        yield from (uncalled._replace(methods=(name,)) for name in methods)


def that_learns(uncalled: Uncalled) -> Uncalled | None:
    """A class without the methods that neither change it nor go on or back; None if all do."""
    methods = uncalled.methods or ()
    learns = (ON_OR_BACK, TRAINS, SLOPE_NAME)
    named = {method for method in methods if any(name.search(method) for name in learns)}
    learning = tuple(m for m in methods if m in named | uncalled.changing)
    return uncalled._replace(methods=learning) if 0 < len(learning) < len(methods) else None


def _named(node: ast.AST) -> set[str]:
    """The names and attributes that occur in it."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def _last_return(function: ast.FunctionDef) -> ast.expr | None:
    """What a function gives at its end; None if it gives nothing."""
    values = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
    return values[-1] if values else None


def returned(function: ast.FunctionDef) -> list[str]:
    """The names that a function returns, in order."""
    parts = _parts_of(_last_return(function))
    return [part.id if isinstance(part, ast.Name) else "" for part in parts]


def _parts_of(value: ast.expr | None) -> list[ast.expr]:
    if isinstance(value, ast.Tuple | ast.List):
        return value.elts
    return [] if value is None else [value]


def _results(made: ast.ClassDef) -> dict[str, list[str]]:
    """For each method the names of what it returns that it was not given."""
    methods = {n.name: n for n in made.body if isinstance(n, ast.FunctionDef)}

    def named(name: str, asking: frozenset[str]) -> list[str]:
        last = _last_return(methods[name])
        other = called_name(last) if isinstance(last, ast.Call) else ""
        if other in methods.keys() - asking:  # it gives what another method does
            return named(other, asking | {other})
        own = {arg.arg for arg in methods[name].args.args}
        titles = map(_title, _parts_of(last))
        return ["" if title in own else title for title in titles]

    return {name: named(name, frozenset((name,))) for name in methods}


def _title(value: ast.expr) -> str:
    """The name of a value, be it an attribute's, or that of what an array is made of."""
    if isinstance(value, ast.Call) and called_name(value) in ("array", "asarray", "stack", "copy"):
        return _title(value.args[0]) if value.args else ""
    return value.id if isinstance(value, ast.Name) else getattr(value, "attr", "")


def _changing(made: ast.ClassDef) -> frozenset[str]:
    """The methods that set something of the object's or add to it, or call one that does."""
    methods = {n.name: n for n in made.body if isinstance(n, ast.FunctionDef)}
    changing: set[str] = set()
    for name, method in methods.items():
        targets = [*_grown(method), *(
            n for n in ast.walk(method) if isinstance(n, ast.Attribute | ast.Subscript)
            and isinstance(n.ctx, ast.Store))]  # fmt: skip
        if any(isinstance(n, ast.Attribute) for target in targets for n in ast.walk(target)):
            changing.add(name)
    while more := {name for name, method in methods.items()
                   if name not in changing and changing & _named(method)}:  # fmt: skip
        changing |= more
    return frozenset(changing)


def _adding(made: ast.ClassDef) -> frozenset[str]:
    """The methods that are called so, and make a list of the object's longer."""
    methods = [n for n in made.body if isinstance(n, ast.FunctionDef) and ADDS.search(n.name)]
    return frozenset(m.name for m in methods if any(map(_is_attribute_of_self, _grown(m))))


def _grown(method: ast.FunctionDef) -> list[ast.expr]:
    """What a method adds something to, as to a list."""
    return [n.func.value for n in ast.walk(method) if isinstance(n, ast.Call)
            and isinstance(n.func, ast.Attribute) and n.func.attr in GROWS]  # fmt: skip


def _is_attribute_of_self(target: ast.expr) -> bool:
    """Whether it is an attribute of the object."""
    return isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self"


def _setters(made: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    """For each attribute the method that sets it, or a public one that calls that."""
    methods = [n for n in made.body if isinstance(n, ast.FunctionDef)]
    setters = {}
    for method in reversed(methods):
        for node in ast.walk(method):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                setters[node.attr] = method
    public = [m for m in methods if not m.name.startswith("_")]
    callers = {m.name: next((p for p in public if m.name in _named(p)), m) for m in methods}
    return {name: callers[m.name] if m.name.startswith("_") else m for name, m in setters.items()}


def _whole(made: ast.ClassDef, defined: Sequence[ast.stmt]) -> ast.ClassDef:
    """A class with the methods of those that it is made of."""
    names = {base.id for base in made.bases if isinstance(base, ast.Name)} - {made.name}
    bases = [n for n in defined if isinstance(n, ast.ClassDef) and n.name in names]
    inherited = [method for base in bases for method in _whole(base, defined).body]
    body = [*inherited, *made.body]  # Python 3.12 has type_params
    return ast.ClassDef(made.name, [], [], body, [], type_params=[])  # type: ignore[call-arg]


def _roots(made: ast.ClassDef, *, private: bool = False) -> tuple[str, ...]:
    """The methods that none of the others calls; those that begin with _ only where `private`."""
    hidden = "__" if private else "_"
    methods = [n for n in made.body if isinstance(n, ast.FunctionDef)
               and not (_is_left_out(n.name) or _is_attribute(n) or _hands_on(n))]  # fmt: skip
    inner = {m.name: _named(m) for m in methods}
    begun = inner.get("__init__", set())  # what begins an object, once more, would begin it anew
    callers = {m.name: is_of_derivative(m.name) for m in methods
               if m.name == CALL or not m.name.startswith("__")}  # fmt: skip
    roots = [
        m.name for m in methods if (m.name == CALL or not m.name.startswith(hidden))
        and not any(m.name in inner[caller] for caller, back in callers.items()
                    if caller != m.name and (callers[m.name] or not back))
    ]  # fmt: skip
    return tuple([name for name in roots if name not in begun] or roots)


def _hands_on(method: ast.FunctionDef) -> bool:
    """Whether it is a call that says nothing of its arguments, and hands them on to a method."""
    hands = any(isinstance(n, ast.Call) and ast.unparse(n.func).startswith("self.")
                for n in ast.walk(method))  # fmt: skip
    told = len(method.args.args) > 1 or method.args.vararg is None
    return method.name == CALL and hands and not told


def _is_attribute(method: ast.FunctionDef) -> bool:
    """Whether it is read, set or cached as an attribute is, and never called."""
    return any("property" in ast.unparse(decorator) or ast.unparse(decorator).endswith(".setter")
               for decorator in method.decorator_list)  # fmt: skip
