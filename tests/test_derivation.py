"""The lecture's derivation, link by link, in SymPy at d = 2, q = 3, m = 4, for any f.

Each test is named after its equation. Those that need Σ y = 1 are shown to hold with it, to fail
without it, and to hold without it in their general form. The last test ties the symbols to the
package's numbers.
"""

import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from jaxmlp.gradients import backprop
from jaxmlp.network import Network, Params

d, q, m = 2, 3, 4
f, s = sp.Function("f"), sp.Symbol("s")
x = sp.Matrix([1, *sp.symbols(f"x1:{d + 1}")])
y = sp.Matrix(sp.symbols(f"y1:{m + 1}"))
W = sp.Matrix(q, d + 1, lambda j, i: sp.Symbol(f"w_{j + 1}_{i}"))
V = sp.Matrix(m, q + 1, lambda k, j: sp.Symbol(f"v_{k + 1}_{j}"))
u = W * x
z = sp.Matrix([1, *u.applyfunc(f)])
a = V * z
V_tilde = V[:, 1:]
df = u.applyfunc(lambda u_j: f(s).diff(s).subs(s, u_j).doit())
g = a.applyfunc(sp.exp) / sum(a.applyfunc(sp.exp))
E = -sum(y_i * sp.log(g_i) for y_i, g_i in zip(y, g, strict=True))
one_hot_sum = {y[m - 1]: 1 - sum(y[:-1])}


def gradient(scalar, matrix):
    """∂scalar/∂matrix, entry by entry (L11)."""
    return matrix.applyfunc(lambda entry: sp.diff(scalar, entry))


exp_a = sp.symbols(f"e1:{m + 1}", positive=True)


def in_exp_a(power):
    """e^{Σ_k c_k a_k} as Π_k (e^{a_k})^{c_k}; c_k is read off the bias v_k0."""
    c = [sp.expand(power.args[0]).coeff(v) for v in V[:, 0]]
    assert sp.expand(power.args[0] - sum(c_k * a_k for c_k, a_k in zip(c, a, strict=True))) == 0
    return sp.prod(e_k**c_k for e_k, c_k in zip(exp_a, c, strict=True))


def is_zero(difference) -> bool:
    """Whether every entry, over a common denominator, has a numerator that expands to 0."""
    entries = [
        entry.doit().replace(sp.exp, lambda arg: in_exp_a(sp.exp(arg))) for entry in difference
    ]
    return all(sp.expand(sp.fraction(sp.together(entry))[0]) == 0 for entry in entries)


DE_DV, DE_DW = gradient(E, V), gradient(E, W)


def L14(k, sum_y):
    return (g[k] * sum_y - y[k]) * z.T


def L15(sum_y):
    return (g * sum_y - y) * z.T


def L17(j, sum_y):
    terms = [(g[i] * sum_y - y[i]) * gradient(a[i], W[j, :]) for i in range(m)]
    return sum(terms, sp.zeros(1, d + 1))


def L19(j, sum_y):
    return (V_tilde[:, j].T * (g * sum_y - y))[0] * df[j] * x.T


def L20(sum_y):
    return (V_tilde.T * (g * sum_y - y)).multiply_elementwise(df) * x.T


def holds_as_stated(difference) -> bool:
    """With Σ y = 1 it is 0 for the 1 of the lecture and for Σ y in general; else only for Σ y."""
    return (
        is_zero(difference(1).subs(one_hot_sum))
        and is_zero(difference(sum(y)))
        and not is_zero(difference(1))
    )


@pytest.mark.parametrize("k", range(m))
def test_L14_row_k_of_dV(k):
    assert holds_as_stated(lambda sum_y: DE_DV[k, :] - L14(k, sum_y))


def test_L15_dV():
    assert holds_as_stated(lambda sum_y: DE_DV - L15(sum_y))


@pytest.mark.parametrize("j", range(q))
def test_L17_row_j_of_dW(j):
    assert holds_as_stated(lambda sum_y: DE_DW[j, :] - L17(j, sum_y))


@pytest.mark.parametrize("j", range(q))
@pytest.mark.parametrize("i", range(m))
def test_L18_slope_of_the_output(i, j):
    assert is_zero(gradient(a[i], W[j, :]) - V[i, j + 1] * df[j] * x.T)


@pytest.mark.parametrize("j", range(q))
def test_L19_scalar_times_x(j):
    assert is_zero(L17(j, 1) - L19(j, 1))  # the link
    assert holds_as_stated(lambda sum_y: DE_DW[j, :] - L19(j, sum_y))


def test_L20_dW():
    assert is_zero(sp.Matrix.vstack(*(L19(j, 1) for j in range(q))) - L20(1))  # the link
    assert holds_as_stated(lambda sum_y: DE_DW - L20(sum_y))


def test_L26_update_at_step_t():
    """W − ηL20 is the step along −η ∂E/∂W; with the V of step t + 1 it is not."""
    eta = sp.Symbol("eta")
    step = (W - eta * DE_DW) - (W - eta * L20(1))
    assert is_zero(step.subs(one_hot_sum))
    later = dict(zip(V, V - eta * L15(1), strict=True))
    late = L20(1).subs(later, simultaneous=True)[0, 0]
    at = {v: k / 40 for k, v in enumerate(sorted(late.free_symbols, key=str), start=1)}
    apart = (late - L20(1)[0, 0]).subs(f, sp.tanh).doit().subs(at)
    assert abs(apart.evalf()) > 1e-6


@pytest.mark.parametrize("wrong", ["V not transposed back", "without f'", "f' of the wrong unit"])
def test_a_wrong_link_is_refused(wrong):
    delta2 = g - y
    claimed = {
        "V not transposed back": (V_tilde[:q, :] * delta2[:q, :]).multiply_elementwise(df) * x.T,
        "without f'": V_tilde.T * delta2 * x.T,
        "f' of the wrong unit": (V_tilde.T * delta2).multiply_elementwise(df[::-1, :]) * x.T,
    }[wrong]
    assert not is_zero((DE_DW - claimed).subs(one_hot_sum))


def test_the_symbols_are_the_packages_numbers(rng):
    """∂E/∂V and ∂E/∂W as SymPy derives them, f = tanh, evaluated: `backprop`, for any y."""
    symbols = [*x[1:], *y, *W, *V]
    derived = sp.lambdify(symbols, [e.subs(f, sp.tanh).doit() for e in (DE_DW, DE_DV)], "numpy")
    numbers = rng.normal(size=len(symbols))
    xs, ys, Ws, Vs = np.split(numbers, np.cumsum([d, m, W.shape[0] * W.shape[1]]))
    params = Params(jnp.array(Ws.reshape(W.shape)), jnp.array(Vs.reshape(V.shape)))
    found = backprop(Network("tanh"), params, jnp.array(xs), jnp.array(ys))
    for mine, theirs in zip((found.dW, found.dV), derived(*numbers), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-13 * np.abs(theirs).max())
