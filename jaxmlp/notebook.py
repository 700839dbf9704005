"""`%load_ext jaxmlp`: `%%verify` checks a cell, `%verify NAME` what the notebook has defined.

What earlier cells have imported and defined goes with it; what they have trained is not run again.
It runs where `jaxmlp verify` runs a file: in a process of its own, shut in.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from jaxmlp.verify.excerpt import Cell, Excerpt, judged_excerpt
from jaxmlp.verify.finding import Report
from jaxmlp.verify.grading import Options
from jaxmlp.verify.report import as_notebook, as_text
from jaxmlp.verify.report.words import EXPLAIN, language
from jaxmlp.verify.run import runner

GOES_WITH = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
RUN_IT = ("verify", "time", "timeit", "capture", "prun")


class Shown:
    """A report as a notebook shows it, in a language and at a level."""

    def __init__(self, report: Report, lang: str, explain: str):
        self.report, self.lang, self.explain = report, lang, explain

    def __repr__(self) -> str:
        return as_text(self.report, self.lang, self.explain).rstrip()

    def _repr_html_(self) -> str:
        return as_notebook(self.report, self.lang, self.explain)


@magics_class
class Verify(Magics):
    """The magic `verify`, of a line and of a cell."""

    @magic_arguments()
    @argument("names", nargs="*", help="What to check of what the notebook has defined.")
    @argument("--explain", choices=EXPLAIN, default="full", help="How much is told.")
    @argument("--lang", choices=("en", "ja"), default=None, help="By default, the locale's.")
    @argument("--hidden", help="f, where it is not relu: tanh, sigmoid, identity.")
    @argument("--output", help="g, where it is not softmax: sigmoid, tanh, identity.")
    @argument("--loss", help="E: cross_entropy, squared_error, binary_cross_entropy.")
    @argument("--reduction", help="Of a batch: mean or sum.")
    @line_cell_magic
    def verify(self, line: str, cell: str | None = None) -> Shown | None:
        """Check hand-derived gradients against autodiff, in this cell or by name."""
        said = parse_argstring(self.verify, line)
        if cell is not None and not self.shell.run_cell(cell).success:
            return None
        parts = _parts(self.shell, said.names, cell)
        network = {n: getattr(said, n) for n in ("hidden", "output", "loss", "reduction")}
        options = Options(**network, held=runner.held())
        files = tuple(judged_excerpt(part, options) for part in parts)
        return Shown(Report(files, options.held), said.lang or language(), said.explain)


def load(shell: InteractiveShell) -> None:
    """Make the magics known."""
    shell.register_magics(Verify)


def _parts(shell: InteractiveShell, names: Sequence[str], cell: str | None) -> list[Excerpt]:
    """The cell, or each name where it was last defined.

    Raises:
        UsageError: there is nothing to check, or no cell has defined it.
    """
    ran = [_ran(number, text) for number, text in enumerate(shell.user_ns.get("In", []))]
    if cell is not None:
        mine = Cell(max(len(ran) - 1, 1), shell.transform_cell(cell), above=1)
        title = f"[{mine.number}]"
        return [Excerpt(title, _before(ran[:-1]), mine, 1, mine.code.count("\n") + 1)]
    if not names:
        raise UsageError("%verify: expected the name of a function or a class, got none")
    return [_named(name, ran) for name in names]


def _ran(number: int, text: str) -> Cell:
    """A cell as the shell remembers it; of one under a magic that runs it, what stands below."""
    match _statements(text):
        case [ast.Expr(ast.Call(ast.Attribute(attr="run_cell_magic"), [name, _, inside]))]:
            name, inside = ast.literal_eval(name), ast.literal_eval(inside)
            return Cell(number, inside if name in RUN_IT else "", above=1)
    return Cell(number, text)


def _named(name: str, ran: Sequence[Cell]) -> Excerpt:
    for cell in ran[::-1]:
        for node in _statements(cell.code)[::-1]:
            if getattr(node, "name", None) == name:
                before = _before([other for other in ran if other is not cell])
                return Excerpt(
                    f"[{cell.number}] {name}", before, cell, node.lineno, node.end_lineno
                )
    raise UsageError(f"%verify: expected something that a cell has defined, got {name}")


def _before(ran: Sequence[Cell]) -> str:
    """What cells define and import, the last of each name alone."""
    kept: dict[str, str] = {}
    for cell in ran:
        for node in _statements(cell.code):
            if isinstance(node, GOES_WITH):
                written = ast.unparse(node)
                key = getattr(node, "name", written)
                kept.pop(key, None)
                kept[key] = written
    return "\n".join(kept.values())


def _statements(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except SyntaxError:
        return []
