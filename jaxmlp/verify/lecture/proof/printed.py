"""L13, L16, L21 to L24 and L27 as printed, refuted: by exact small numbers, or by the shapes."""

import re
from collections.abc import Callable

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.exact import Example, value
from jaxmlp.verify.lecture.proof.language import Partial
from jaxmlp.verify.lecture.proof.matrices import Of, Product, Transposed, Unfit
from jaxmlp.verify.lecture.proof.network import (
    E,
    ProvedNetwork,
    d,
    df,
    i,
    j,
    k,
    l,
    m,
    q,
    r,
    symbolic_network,
)
from jaxmlp.verify.lecture.proof.writing import text

EXAMPLE_NUMBERS = {"x": (1, 1), "w": ((0, 0),), "y": (1, 0), "v": ((0, 0), (0, 0))}


def example(
    net: ProvedNetwork, left: sp.Expr, right: sp.Expr, at: dict[sp.Symbol, int], q_: int = 1,
    **numbers: tuple,
) -> Example:  # fmt: skip
    """One with d = 1 and m = 2."""
    sizes = {d: sp.Integer(1), q: sp.Integer(q_), m: sp.Integer(2)}
    at = {letter: sp.Integer(number) for letter, number in at.items()}
    return Example(left, right, at, sizes, EXAMPLE_NUMBERS | numbers)


def _L13(net: ProvedNetwork) -> Example:
    """L13: the sum over i left out."""
    left, right = (Partial(e, net.v(k, j)) for e in (net.loss, sp.log(net.g(k))))
    return example(net, left, -net.y(k) * right, {k: 2, j: 0})


def _L16(net: ProvedNetwork) -> Example:
    """L16: a single sum, where log g_i depends on every a_l."""
    w, log_g = net.w(j, r), sp.log(net.g(i))
    inside = net.y(i) * Partial(log_g, net.a(i)) * Partial(net.a(i), w)
    return example(net, Partial(E, w), -sp.Sum(inside, (i, 1, m)), {j: 1, r: 0}, v=((0, 1), (0, 2)))


def _transposed(net: ProvedNetwork) -> sp.Expr:
    """g_k(Vᵀz), for m = q + 1: the rows of Vᵀ are numbered as those of V are."""

    def b(k: sp.Expr) -> sp.Expr:
        return sp.Sum(net.v(l, k - 1) * net.z(l - 1), (l, 1, m))

    return sp.exp(b(k)) / sp.Sum(sp.exp(b(i)), (i, 1, m))


def _L21(net: ProvedNetwork) -> Example:
    """L21: Vᵀz for Vz."""
    right = (_transposed(net) - net.y(k)) * net.z(j)
    V = ((0, sp.log(2)), (0, 0))
    return example(net, Partial(E, net.v(k, j)), right, {k: 1, j: 0}, v=V)


def _L22(net: ProvedNetwork) -> Example:
    """L22: Vᵀz for Vz."""
    V = ((0, sp.log(2)), (0, 0))
    return example(net, Partial(E, net.a(k)), _transposed(net) - net.y(k), {k: 1}, v=V)


def _L23(net: ProvedNetwork) -> Example:
    """L23: without the factor 2."""
    right = (net.g(k) - net.y(k)) * net.z(j)
    return example(net, Partial(E, net.v(k, j)), right, {k: 1, j: 0}, y=(0, 0), v=((1, 0), (0, 0)))


def _L24(net: ProvedNetwork) -> Example:
    """L24: v_jk for v_kj, and without the factor 2."""
    error = (net.g(k) - net.y(k)) * net.v(j, k)
    right = sp.Sum(error, (k, 1, m)) * df(net.u(j)) * net.x(r)
    numbers = {"w": ((0, 0), (0, 0)), "y": (0, 0), "v": ((1, 0, 1), (0, 0, 0))}
    return example(net, Partial(E, net.w(j, r)), right, {j: 2, r: 0}, 2, **numbers)


def _L27(net: ProvedNetwork) -> Example:
    """L27: without the bias."""
    without = sp.Sum(net.v(k, l) * net.z(l), (l, 1, q))
    return example(net, net.a(k), without, {k: 1}, v=((1, 0), (0, 0)))


EXAMPLES: dict[str, tuple[str, Callable[[ProvedNetwork], Example]]] = {
    "L13": ("softmax", _L13),
    "L16": ("softmax", _L16),
    "L21": ("softmax", _L21),
    "L22": ("softmax", _L22),
    "L23": ("linear", _L23),
    "L24": ("linear", _L24),
    "L27": ("softmax", _L27),
}


def _Vt_z(net: ProvedNetwork) -> Product:
    """Vᵀz, which does not conform."""
    return Product(Transposed(net.matrix("V")), net.vector("z"))


def _V_fWx(net: ProvedNetwork) -> Product:
    """V f(Wx), which does not conform."""
    return Product(net.matrix("V"), Of(sp.Symbol("f"), net.vector("u", "Wx")))


VT_Z = Words(
    "Vᵀz does not conform: Vᵀ has m columns and z has q + 1 entries. Even where m = q + 1:",
    "Vᵀz は形が合いません (Vᵀ は m 列、z は q + 1 次元)。m = q + 1 のときでも:",
)
NONCONFORMING = {
    "L21": (_Vt_z, VT_Z),
    "L22": (_Vt_z, VT_Z),
    "L27": (
        _V_fWx,
        Words(
            "V f(Wx) does not conform: V has q + 1 columns and f(Wx) has q entries. "
            "And with Ṽ the biases are lost:",
            "V f(Wx) は形が合いません (V は q + 1 列、f(Wx) は q 次元)。"
            "Ṽ を使うとバイアスが失われます:",
        ),
    ),
    "L24": (
        None,
        Words(
            "v_jk exists for all j ≤ q and k ≤ m only where m = q. Even there:",
            "v_jk がすべての j ≤ q、k ≤ m について存在するのは m = q のときだけです。そのときでも:",
        ),
    ),
}


def refutation(claim: str) -> Words:
    """Why the claim does not hold as printed.

    Raises:
        ValueError: it does, at the numbers that were to refute it.
    """
    kind, of = EXAMPLES[claim]
    net = symbolic_network(kind)
    shapes, words = NONCONFORMING.get(claim, (None, Words("", "")))
    if shapes is not None:
        _refuse(claim, shapes, net)
    instance = of(net)
    left, right = (value(side, net.theory, instance) for side in (instance.left, instance.right))
    if not (left - right).is_nonzero:
        raise ValueError(f"{claim}: expected two different numbers, got {left} and {right}")
    quantity = re.sub(r"[{}]", "", text(instance.left.xreplace(instance.at)))
    said = f"{_at(instance)}: {quantity} = {_signed(left)} ≠ {_signed(right)}"
    return Words(*(f"{each} {said}".strip() for each in words))


def _signed(number: sp.Expr) -> str:
    """A number with a minus sign that is one."""
    return str(number).replace("-", "−")


def _refuse(claim: str, shapes: Callable, net: ProvedNetwork) -> None:
    """Make sure that shapes do not conform.

    Raises:
        ValueError: they do.
    """
    try:
        shapes(net)
    except Unfit:
        return
    raise ValueError(f"{claim}: expected shapes that do not conform")


def _at(instance: Example) -> str:
    """The sizes and numbers of an example, as text."""
    sizes = ", ".join(f"{size} = {n}" for size, n in instance.sizes.items())
    rows = ", ".join(f"{base} = {_tuple(instance.numbers[low])}" for base, low in
                     (("x", "x"), ("W", "w"), ("V", "v"), ("y", "y")))  # fmt: skip
    return f"{sizes}, f(u) = u, {rows}"


def _tuple(entries: tuple | sp.Expr | int) -> str:
    """Numbers as the lecture writes them, a matrix's rows apart by semicolons."""
    if not isinstance(entries, tuple):
        return str(entries).replace("log(2)", "log 2")
    nested = isinstance(entries[0], tuple)
    return "(" + ("; " if nested else ", ").join(
        _tuple(e)[1:-1] if nested else _tuple(e) for e in entries
    ) + ")"  # fmt: skip
