"""Which names a statement reads and assigns, and what they say of what they stand for."""

import ast
from collections.abc import Iterable, Iterator

from jaxmlp.verify.calling import ROLE, plain


def words(text: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(text.split())


def role_of_data(name: str) -> str | None:
    """The role of a name, also with "train" or "data" in it."""
    short = plain(name)
    names = (short, *(short.replace(part, "") for part in ("train", "data", "all", "tr")))
    return next((ROLE[one] for one in names if one in ROLE), None)


def called(call: ast.Call) -> str:
    """The last name of what is called: genfromtxt in np.genfromtxt(…)."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The lists of statements inside a statement, but for those of a class."""
    if isinstance(statement, ast.ClassDef):
        return
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list):
            yield block


def stores(statement: ast.AST) -> set[str]:
    """The names that a statement assigns, or changes by assigning to parts of them."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            base = node.value
            while isinstance(base, ast.Subscript | ast.Attribute):
                base = base.value
            if isinstance(base, ast.Name):
                found.add(base.id)
        if isinstance(node, ast.For):
            found |= set(_through(node))
        found |= getattr(node, "changes", set())
    return found | _handed_over(statement)


def _through(loop: ast.For) -> Iterator[str]:
    """The names changed by way of a loop variable: for p, dp in zip([W, V], [dW, dV]): p -= dp."""
    changed = {getattr(n.target, "id", "") for n in ast.walk(loop) if isinstance(n, ast.AugAssign)}
    parts = getattr(loop.target, "elts", [loop.target])
    zipped = isinstance(loop.iter, ast.Call) and called(loop.iter) == "zip"
    for k, part in enumerate(parts):
        over = loop.iter.args[k : k + 1] if zipped else [loop.iter]
        for one in (e for listed in over for e in getattr(listed, "elts", [])):
            each = one.elts[k] if len(parts) == len(getattr(one, "elts", [])) else one
            if getattr(part, "id", None) in changed and isinstance(each, ast.Name):
                yield each.id


def _handed_over(statement: ast.AST) -> set[str]:
    """The names that a bare call of a function of the file is given, and may change in place."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not hasattr(call, "changes"):
        return set()
    return {a.id for a in call.args if isinstance(a, ast.Name)}


def loads(statement: ast.AST) -> set[str]:
    """The names that a statement reads."""
    found = {
        n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    }
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        found |= getattr(node, "reads", set())
    own = {a.arg for n in ast.walk(statement) if isinstance(n, ast.Lambda) for a in n.args.args}
    inner = {n.id for c in ast.walk(statement) if isinstance(c, ast.comprehension)
             for n in ast.walk(c.target) if isinstance(n, ast.Name)}  # fmt: skip
    return found - own - inner


def live_in(body: list[ast.stmt]) -> list[str]:
    """The names that are read before they have been assigned, in order."""
    found, assigned = {}, set()
    for statement in body:
        reads = loads(statement)
        if isinstance(statement, ast.For):
            reads -= stores(statement.target)
        if isinstance(statement, ast.For | ast.While | ast.If | ast.With):
            reads -= _inner(statement, set(assigned))
        for name in sorted(reads - assigned):
            found.setdefault(name)
        assigned |= {n for n in stores(statement) if n not in found}
    return list(found)


def _inner(statement: ast.stmt, assigned: set[str]) -> set[str]:
    """Names that a compound statement reads only after having assigned them itself."""
    inside = [s for block in blocks(statement) for s in block]
    heads = loads(statement) - set().union(*map(loads, inside)) if inside else set()
    needed = set(live_in(inside)) | heads
    return loads(statement) - needed - assigned


def names_used(nodes: Iterable[ast.AST], functions: dict[str, ast.FunctionDef]) -> set[str]:
    """The names that these use, and the functions that they call use, and so on."""
    used: set[str] = set()
    left = list(nodes)
    while left:
        new = {n.id for n in ast.walk(left.pop()) if isinstance(n, ast.Name)} - used
        used |= new
        left += [functions[name] for name in new if name in functions]
    return used


def imports_of(imports: list[ast.stmt], used: set[str]) -> list[ast.stmt]:
    """The import statements that bring in one of these names, or who knows which."""

    def brings(statement):
        names = {alias.asname or alias.name.split(".")[0] for alias in statement.names}
        return bool(names & used) or "*" in names

    return [statement for statement in imports if brings(statement)]
