"""Which names a statement reads and assigns, and what they say of what they stand for."""

import ast
import re
from collections.abc import Iterable, Iterator

SIZES = ("d", "q", "m", "n")
# What checks, shows, loads or saves a network, and is none.
NOT_CHECKED = re.compile(
    r"numerical|numeric|accuracy|evaluate|plot|confusion|finite|^test|gradcheck|checkgrad"
    r"|checkgradient|gradientcheck"
    r"|^(?!.*(back|bwd|prop|grad|deriv|delta|train|fit|learn|step|update))"
    r"(load|save|restore|export|print|display|set(?!up)|get(weight|bias|param|config))"
)
DRAWS = re.compile(r"^_*(plot|draw|show|visuali[sz]e)")
GRADIENT = re.compile(r"(^|[._'\[ ])(d|g|grad|nabla|delta)_?[A-Za-z]{0,8}\d*('\])?$")
LOSS = re.compile(r"loss|error|cost|entropy|mse|hinge", re.IGNORECASE)
LAYER_COUNT = re.compile(r"(n|no|num|number)?_?(of_?)?(hidden_?)?layers?|depth|L", re.IGNORECASE)
BACK = re.compile(r"back|bwd|bprop|grad|deriv|gyaku", re.IGNORECASE)


def words(text: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(text.split())


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
    return found


def loads(statement: ast.AST) -> set[str]:
    """The names that a statement reads."""
    found = {
        n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    }
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    own = {a.arg for n in ast.walk(statement) if isinstance(n, ast.Lambda) for a in n.args.args}
    inner = {n.id for c in ast.walk(statement) if isinstance(c, ast.comprehension)
             for n in ast.walk(c.target) if isinstance(n, ast.Name)}  # fmt: skip
    return found - own - inner


def names_used(nodes: Iterable[ast.AST], functions: dict[str, ast.FunctionDef]) -> set[str]:
    """The names that these use, and the functions that they call use, and so on."""
    used: set[str] = set()
    left = list(nodes)
    while left:
        new = {n.id for n in ast.walk(left.pop()) if isinstance(n, ast.Name)} - used
        used |= new
        left += [functions[name] for name in new if name in functions]
    return used


def imports_of(
    imports: list[ast.Import | ast.ImportFrom], used: set[str]
) -> list[ast.Import | ast.ImportFrom]:
    """The import statements that bring in one of these names, or who knows which."""

    def brings(statement: ast.Import | ast.ImportFrom) -> bool:
        names = {alias.asname or alias.name.split(".")[0] for alias in statement.names}
        return bool(names & used) or "*" in names

    return [statement for statement in imports if brings(statement)]
