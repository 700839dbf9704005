"""What a page shows besides words: equations as MathML, wrong entries as a picture in SVG."""

import base64
import re
from collections.abc import Sequence
from html import escape

from jaxmlp.verify.finding import Check
from jaxmlp.verify.report.formula import mathml
from jaxmlp.verify.report.words import clean, say

Mask = Sequence[Sequence[bool]]


EQUATIONS = {
    "u": ("u = Wx", "L3"),
    "z": ("z = (1, f(Wx))", "L27"),
    "slope": ("f'(u) = f'(Wx)", "L18"),
    "a": ("a = Vz", "L3"),
    "delta2": ("δ2 = ∂E/∂a", "L15"),  # g − y for softmax with L9 only
    "dV": ("∂E/∂V = δ2 zᵀ", "L15"),
    "delta1": ("δ1 = Ṽᵀδ2 ⊙ f'(Wx)", "L22"),
    "dW": ("∂E/∂W = δ1 xᵀ", "L20"),
}
# Of the small functions, by what their names have in them; the first that fits.
EQUATIONS_BY_NAME = {
    "value": {
        "relu": ("f(u) = max(0, u)", "L5"),
        "sigmoid": ("f(u) = 1/(1 + e^{−u})", "L5"),
        "tanh": ("f(u) = (e^{u} − e^{−u})/(e^{u} + e^{−u})", "L5"),
        "softmax": ("g_k(a) = e^{a_k} / Σ_i e^{a_i}", "L6"),
    },
    "derivative": {
        "relu": ("f'(u) = 1 (u > 0), 0 (u ≤ 0)", "L7"),
        "sigmoid": ("f' = f(1 − f)", "L7"),
        "tanh": ("f' = 1 − f²", "L7"),
    },
    "loss": {
        "binary": ("E = −y log f − (1 − y) log(1 − f)", "L10"),
        "ent": ("E = −Σ_i y_i log g_i", "L9"),
        "square": ("E = Σ_j (y_j − g_j)²", "L8"),
    },
}


def equation(check: Check) -> str:
    """The lecture's equation for the quantity, with its number; nothing where there is none."""
    by_name = EQUATIONS_BY_NAME.get(check.stage, {})
    matches = (by_name[part] for part in by_name if part in check.name.lower())
    known = EQUATIONS.get(check.stage) or next(matches, None)
    return "" if known is None else set_equation(known)


def set_equation(known: tuple[str, str]) -> str:
    """A formula and its number, set."""
    return f'<span class="equation">{mathml(known[0])} <small>{known[1]}</small></span>'


# What the rows and the columns of a quantity stand for.
MATRIX_AXES = {
    "dW": ("unit", "input"),
    "dV": ("output", "unit or bias"),
    "delta1": ("sample", "unit"),
    "u": ("sample", "unit"),
    "slope": ("sample", "unit"),
    "z": ("sample", "unit or one"),
    "delta2": ("sample", "output"),
    "a": ("sample", "output"),
    "g": ("sample", "output"),
}
CELL, LEFT, TOP = 18, 30, 36
MOST_DRAWN = 40  # rows or columns that are drawn one by one; more are drawn small, without lines


def picture(check: Check, lang: str) -> str:
    """Which entries are wrong: a grid with numbered rows and columns, and the same in words."""
    mask = check.wrong
    if check.verdict == "right" or not mask or not any(map(any, mask)):
        return ""
    rows, columns = len(mask), max(map(len, mask))
    cell = CELL if max(rows, columns) <= MOST_DRAWN else max(2, 600 // max(rows, columns))
    width, height = LEFT + columns * cell + 2, TOP + rows * cell + 2
    row_axis, column_axis = (say(a, lang) for a in MATRIX_AXES.get(check.stage, ("row", "column")))
    wrong = say("wrong entries", lang, sum(map(sum, mask)), sum(map(len, mask)))
    where = clean(getattr(check.where, lang)) if check.where else wrong
    drawn = _labels(rows, columns, cell) + _cells(mask, cell) + _grid(rows, columns, cell)
    caption = f"↓ {row_axis} → {column_axis}" if rows > 1 else f"→ {column_axis}"
    return (
        f'<figure><div class="scroll"><svg role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" aria-label="{escape(where)}"><title>{escape(where)}'
        f"</title>{drawn}</svg></div><figcaption>{escape(caption)}<br>"
        f"{escape(wrong)}</figcaption></figure>"
    )


def _grid(rows: int, columns: int, cell: int) -> str:
    """The frame, and the lines between the entries where there is room for them."""
    right, bottom = LEFT + columns * cell, TOP + rows * cell
    fine = cell == CELL
    across = range(rows + 1) if fine else (0, rows)
    down = range(columns + 1) if fine else (0, columns)
    lines = [f"M{LEFT} {TOP + j * cell}H{right}" for j in across]
    lines += [f"M{LEFT + i * cell} {TOP}V{bottom}" for i in down]
    return f'<path class="grid" d="{"".join(lines)}"/>'


def _cells(mask: Mask, cell: int) -> str:
    """Runs of wrong entries as boxes, and a cross in each where there is room for it."""
    boxes, crosses = [], []
    kind = "off" if cell == CELL else "off solid"
    for j, row in enumerate(mask):
        y = TOP + j * cell
        for start, end in _runs(row):
            boxes.append(
                f"M{LEFT + start * cell} {y}h{(end - start) * cell}v{cell}H{LEFT + start * cell}z"
            )
            crosses += [_cross(LEFT + i * cell, y) for i in range(start, end) if cell == CELL]
    return (
        f'<path class="{kind}" d="{"".join(boxes)}"/><path class="cross" d="{"".join(crosses)}"/>'
    )


def _cross(x: int, y: int) -> str:
    return f"M{x + 5} {y + 5}l8 8m0-8l-8 8"


def _runs(row: Sequence[bool]) -> list[tuple[int, int]]:
    """(start, end) of each run of wrong entries."""
    edges = [i for i in range(len(row) + 1) if (i and row[i - 1]) != (i < len(row) and row[i])]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _labels(rows: int, columns: int, cell: int) -> str:
    """Numbers at the rows and columns, every one or every so many."""
    step = 1 if cell == CELL else -(-30 // cell)
    middle = cell / 2
    along = [(LEFT + i * cell + middle, TOP - 6, "middle", i) for i in range(0, columns, step)]
    down = [(LEFT - 6, TOP + j * cell + middle + 4, "end", j) for j in range(0, rows, step)]
    down = down if rows > 1 else []
    texts = [
        f'<text x="{x:g}" y="{y:g}" text-anchor="{a}">{n}</text>' for x, y, a, n in along + down
    ]
    return "".join(texts)


IMAGE = """<style>svg { --dim: #59636e; --wrong: #a40e26; --wrong-soft: #ffe6e4; }
@media (prefers-color-scheme: dark) {
svg { --dim: #9aa5b1; --wrong: #ff9a94; --wrong-soft: #4a1a1d; } }
text { font: 11px system-ui, sans-serif; fill: var(--dim); }
.grid { fill: none; stroke: var(--dim); opacity: .6; } .off { fill: var(--wrong-soft); }
.off.solid { fill: var(--wrong); } .cross { fill: none; stroke: var(--wrong); stroke-width: 1.6; }
</style>"""


def as_images(fragment: str) -> str:
    """The pictures of a fragment as images that need nothing else.

    A notebook that is not trusted leaves out what it takes to draw, and would show their numbers
    as words; of an image it shows what it is of.
    """
    return re.sub(r'<svg [^>]*aria-label="([^"]*)">.*?</svg>', _image, fragment, flags=re.DOTALL)


def _image(match: re.Match) -> str:
    svg = match[0].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    data = base64.b64encode(svg.replace("</svg>", f"{IMAGE}</svg>").encode()).decode()
    return f'<img alt="{match[1]}" src="data:image/svg+xml;base64,{data}">'
