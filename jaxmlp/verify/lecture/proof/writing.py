"""Expressions as the claims write them, in one line of Unicode that `report.formula` sets."""

import sympy as sp
from sympy.core.function import AppliedUndef

from jaxmlp.verify.lecture.proof import matrices
from jaxmlp.verify.lecture.proof.language import IndexedEntry, Partial, Range

BRACKETS = {"(": ")", "[": "]"}
FACTOR_ORDER = (  # of factors; what is not named here comes where "other" stands
    "η", "n", "y", "power", "g", "other", "sum", "δ", "v", "w", "f'", "f", "z", "x",
    "outer", "Partial", "IndexedEntry", "log", "Sum",
)  # fmt: skip


def text(expr: sp.Basic) -> str:
    """The formula."""
    return _WAYS.get(type(expr), _other)(expr)


def spans(ranges: dict[sp.Symbol, Range | None]) -> str:
    """The ranges of the free indices: k = 1, …, m."""
    shown = (f"{letter} = {low}, …, {high}" for letter, (low, high) in ranges.items())
    return "; ".join(shown)


def _other(expr: sp.Basic) -> str:
    """A function of one of the lecture's names; anything else as SymPy has it."""
    if isinstance(expr, AppliedUndef):
        return f"{expr.func.__name__}({', '.join(map(text, expr.args))})"
    return str(expr)


def _indexed(expr: sp.Basic) -> str:
    """v_{kj}, the sample s as a raised index: x_{r}^{(s)}."""
    letter, raised, power = expr.base.label.name.partition("^")
    indices = list(expr.indices)
    if indices and indices[0] == sp.Symbol("s", integer=True):
        raised, power = "^", f"{{({indices.pop(0)})}}"
    low = f"_{{{''.join(map(str, indices))}}}" if indices else ""
    return letter + low + raised + power


def _sum(expr: sp.Basic) -> str:
    """Σ_{l=1}^{m} and what is summed."""
    signs = (f"Σ_{{{letter}={low}}}^{{{high}}} " for letter, low, high in reversed(expr.limits))
    return "".join(signs) + _bracketed(expr.function, isinstance(expr.function, sp.Add))


def _partial(expr: sp.Basic) -> str:
    """∂F/∂t, or ∂/∂t (F) where F is long."""
    inside, variable = expr.args
    plain = isinstance(inside, (sp.Symbol, sp.Indexed, sp.log, AppliedUndef, sp.exp))
    if plain and not inside.has(sp.Sum, sp.Add):
        return f"∂{text(inside)}/∂{text(variable)}"
    return f"∂/∂{text(variable)} {_bracketed(inside, True, '[')}"


def _bracketed(expr: sp.Basic, needed: bool, bracket: str = "(") -> str:
    """The formula, in brackets where they are needed."""
    return f"{bracket}{text(expr)}{BRACKETS[bracket]}" if needed else text(expr)


def _add(expr: sp.Basic) -> str:
    """A + B − C, a common number in front."""
    content, rest = expr.as_content_primitive()
    if content != 1:
        return f"{_number(content)} ({text(rest)})"
    terms = sorted(expr.args, key=lambda t: (t.could_extract_minus_sign(), t.count_ops(), str(t)))
    first, *others = map(text, terms)
    signed = (f" − {term[1:]}" if term.startswith("−") else f" + {term}" for term in others)
    return first + "".join(signed)


def _mul(expr: sp.Basic) -> str:
    """A product as the lecture orders it, a fraction with one line."""
    number, factors = expr.as_coeff_mul()
    contents, factors = zip(*(f.as_content_primitive() for f in factors), strict=True)
    number *= sp.Mul(*contents)
    if number.is_negative:
        return "−" + text(-expr)
    above = [f for f in factors if not _below(f)]
    below = sp.Mul(*(1 / f for f in factors if _below(f)))
    fraction = below != 1 and not below.is_Symbol
    front = [_number(number)] if number != 1 else []
    front += [f"(1/{below})"] if below.is_Symbol else []
    top = _product(sorted(above, key=_rank), fraction) if above else "1"
    if fraction and above:
        top = f"({top})" if len(above) > 1 or isinstance(above[0], Partial) else top
    if fraction:
        top += "/" + _bracketed(below, isinstance(below, (sp.Mul, sp.Add)))
    return " ".join(front + ([top] if top != "1" or not front else []))


def _below(factor: sp.Basic) -> bool:
    """Whether a factor stands below the line."""
    return isinstance(factor, sp.Pow) and bool(factor.exp.is_negative)


def _product(factors: list[sp.Expr], closed: bool) -> str:
    """Factors beside each other; a Σ is in brackets unless it comes last."""
    last = len(factors) - 1
    return " ".join(
        _bracketed(f, isinstance(f, sp.Add) or (isinstance(f, sp.Sum) and (at < last or closed)))
        for at, f in enumerate(factors)
    )


def _rank(factor: sp.Basic) -> tuple[int, str]:
    """Where a factor stands in a product."""
    kind = "other"
    if isinstance(factor, (sp.Symbol, sp.Indexed)):
        kind = (factor.base.label if isinstance(factor, sp.Indexed) else factor).name[0]
    elif isinstance(factor, sp.KroneckerDelta):
        kind = "δ"
    elif isinstance(factor, sp.Add):
        kind = "sum"
    elif isinstance(factor, AppliedUndef):
        kind = {"f'": "f'", "g'": "g"}.get(factor.func.__name__, "f")
    elif isinstance(factor, Partial) and isinstance(factor.inside, sp.log):
        kind = "outer"
    elif isinstance(factor, (Partial, IndexedEntry, sp.Sum, sp.log)):
        kind = type(factor).__name__
    elif isinstance(factor, sp.exp):
        kind = "power"
    place = FACTOR_ORDER.index(kind) if kind in FACTOR_ORDER else FACTOR_ORDER.index("other")
    return place, str(factor)


def _number(number: sp.Expr) -> str:
    """A number, with ½ and −."""
    return {"1/2": "½"}.get(str(number), str(number)).replace("-", "−")


def _pow(expr: sp.Basic) -> str:
    """A power, or a fraction where it is a negative one."""
    if expr.exp.is_negative:
        return _mul(sp.Mul(expr, evaluate=False)) if expr.exp != -1 else _inverse(expr.base)
    simple = isinstance(expr.base, (sp.Symbol, sp.Indexed))
    power = "²" if expr.exp == 2 else f"^{{{text(expr.exp)}}}"
    return _bracketed(expr.base, not simple) + power


def _inverse(base: sp.Expr) -> str:
    """1/B."""
    return "1/" + _bracketed(base, isinstance(base, (sp.Add, sp.Mul, sp.Sum)))


def _log(expr: sp.Basic) -> str:
    """log F, F in brackets where it is more than a letter."""
    (inside,) = expr.args
    simple = isinstance(inside, (sp.Symbol, sp.Indexed, AppliedUndef))
    return "log " + text(inside) if simple else f"log({text(inside)})"


def _entry(expr: sp.Basic) -> str:
    """An entry of a matrix, [A]_{ij}; of a number, (A)."""
    places = "".join(map(str, expr.indices))
    whole = text(expr.whole)
    if not places:
        return f"({whole})"
    return f"[{whole}]_{{{places}}}"


def _side(whole: sp.Basic) -> str:
    """A factor of a product of matrices."""
    return _bracketed(whole, isinstance(whole, (matrices.Minus, matrices.Hadamard)), "(")


def _transposed(whole: sp.Basic) -> str:
    """Aᵀ."""
    (inside,) = whole.args
    return _side(inside) + "ᵀ"


def _gradient(whole: sp.Basic) -> str:
    """∂E/∂W."""
    of, by = whole.args
    return f"∂{text(of)}/∂{text(by)}" if isinstance(of, sp.Symbol) else f"∂/∂{text(by)} {text(of)}"


def _times(whole: sp.Basic) -> str:
    """cA."""
    number, by = whole.args
    factor = f"(1/{1 / number})" if isinstance(number, sp.Pow) else text(number)
    return text(by) if number == 1 else f"{factor} {_side(by)}"


_WAYS = {
    sp.Sum: _sum,
    sp.Add: _add,
    sp.Mul: _mul,
    sp.Pow: _pow,
    sp.log: _log,
    sp.exp: lambda e: f"e^{{{text(e.args[0])}}}",
    sp.Indexed: _indexed,
    sp.KroneckerDelta: lambda e: f"δ_{{{''.join(map(str, e.args))}}}",
    sp.Rational: _number,
    sp.core.numbers.Half: _number,
    Partial: _partial,
    IndexedEntry: _entry,
    matrices.Letter: lambda e: e.args[0].name,
    matrices.Of: lambda e: f"{e.args[0].name}({text(e.args[1])})",
    matrices.Transposed: _transposed,
    matrices.Minus: lambda e: f"{text(e.args[0])} − {_side(e.args[1])}",
    matrices.Hadamard: lambda e: f"{text(e.args[0])} ⊙ {text(e.args[1])}",
    matrices.Product: lambda e: f"{_side(e.args[0])} {_side(e.args[1])}",
    matrices.Times: _times,
    matrices.Gradient: _gradient,
}
