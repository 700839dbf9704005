"""What stands before a training loop: only what is harmless is computed, for a file is not run."""

import ast
from collections.abc import Callable, Container, Sequence
from typing import NamedTuple

from jaxmlp.verify.names import called, loads, stores, words

READERS = words("genfromtxt loadtxt read_csv read_table fromfile imread open_image load fromstring")
LISTINGS = words("glob iglob rglob listdir scandir iterdir walk")
PACKAGES = words("np numpy jnp jax math scipy")
TOUCHES = words("save savez savez_compressed savetxt tofile open memmap system")
BUILTINS = words(
    "abs bool complex dict divmod enumerate float int len list map max min partial pow range "
    "reversed round set slice sorted str sum tuple zip tqdm trange"
)
METHODS = words(
    "all any argmax argmin argsort astype copy cumsum dot endswith flatten format get item items "
    "join keys lower max mean min prod ravel repeat replace reshape split squeeze startswith std "
    "strip sum swapaxes tolist transpose upper values var"
)


class Known(NamedTuple):
    """What is known of the statements before a loop.

    Attributes:
        harmless: those whose values can be computed.
        unknown: names whose values would have to be got from elsewhere.
        files: names of lists of file names.
    """

    harmless: tuple[ast.stmt, ...] = ()
    unknown: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()


def sort_out(
    before: Sequence[ast.stmt], functions: Container[str], given: Callable[[str], bool]
) -> Known:
    """Tell what can be computed from what reads a disk, a command line or an object.

    Args:
        functions: the names of the file's functions, which are run in any case.
        given: whether a value of ours is put in under a name.
    """
    harmless, unknown, files = [], set(), set()
    for statement in before:
        made = {statement.name} if isinstance(statement, ast.ClassDef) else stores(statement)
        if lists_files(statement) or _beside_len(statement) & files:
            files |= {name for name in made if not given(name)}
        elif isinstance(statement, ast.Assign) and not loads(statement) & unknown and all(
            _harmless(n, functions) for n in ast.walk(statement) if isinstance(n, ast.Call)
        ):  # fmt: skip
            harmless.append(statement)
            unknown -= made
        elif not isinstance(statement, ast.AnnAssign | ast.FunctionDef):
            unknown |= {name for name in made if not given(name)}
    return Known(tuple(harmless), frozenset(unknown), frozenset(files))


def _beside_len(statement: ast.stmt) -> set[str]:
    """The names read other than for their length."""
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Call) and called(n) == "len"]
    return loads(statement) - set().union(*map(loads, calls))


def lists_files(node: ast.AST) -> bool:
    """Whether a folder is listed there."""
    return any(isinstance(n, ast.Call) and called(n) in LISTINGS for n in ast.walk(node))


def _harmless(call: ast.Call, functions: Container[str]) -> bool:
    name, root = called(call), call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if name in READERS:  # a sample is put in its place
        return True
    if isinstance(call.func, ast.Name):
        return name in functions or name in BUILTINS
    if isinstance(root, ast.Name) and root.id in PACKAGES:
        return name not in TOUCHES
    return name in METHODS
