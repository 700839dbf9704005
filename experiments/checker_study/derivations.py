"""Derivations as source text, in the many ways in which people write them.

A derivation is a table from slot to text: what stands to the right of `slot =`, or, where the
text has several lines, the whole statements. The first spelling of each slot is the plain one.
Texts are written with np, x and y: in JAX np becomes jnp, for a batch x and y become X and Y.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxmlp.network import Network

HIDDEN = ("relu", "sigmoid", "tanh", "identity")
PAIRS = (
    ("identity", "squared_error"),
    ("sigmoid", "squared_error"),
    ("tanh", "squared_error"),
    ("softmax", "squared_error"),
    ("softmax", "cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
)


class Case(NamedTuple):
    """What a derivation is about, and how it is written.

    Attributes:
        hidden, output, loss, bias: the network.
        batch: rows of samples, or one sample.
        reduction: "mean" or "sum" over the rows.
        update: whether it returns the new (W, V) instead of gradients.
        deltas: whether it returns δ2 and δ1, too.
        container: "pair", "dict" or "namedtuple".
        library: "numpy" or "jax"; jit: whether it is compiled as a whole.
        dtype: what it computes in.
        layout: of a batch: "rows" (matrix products), "loop" or "vmap" (sample by sample).
    """

    hidden: str = "relu"
    output: str = "softmax"
    loss: str = "cross_entropy"
    bias: bool = True
    batch: bool = False
    reduction: str = "mean"
    update: bool = False
    deltas: bool = False
    container: str = "pair"
    library: str = "numpy"
    jit: bool = False
    dtype: str = "float64"
    layout: str = "rows"

    @property
    def network(self) -> Network:
        return Network(self.hidden, self.output, self.loss, self.bias)

    @property
    def rows(self) -> bool:
        """Whether the lines themselves are about rows of samples."""
        return self.batch and self.layout == "rows"


NETWORKS = tuple(Case(f, g, e, bias) for f in HIDDEN for g, e in PAIRS for bias in (True, False))

# f and f', as functions of {u}.
FUNCTION = {
    "relu": (
        "np.maximum({u}, 0)",
        "np.maximum(0, {u})",
        "np.where({u} > 0, {u}, 0)",
        "{u} * ({u} > 0)",
        "({u} + np.abs({u})) / 2",
    ),
    "sigmoid": (
        "1 / (1 + np.exp(-{u}))",
        "(1 + np.tanh({u} / 2)) / 2",
        "np.exp({u}) / (1 + np.exp({u}))",
    ),
    "tanh": (
        "np.tanh({u})",
        "(np.exp({u}) - np.exp(-{u})) / (np.exp({u}) + np.exp(-{u}))",
        "2 / (1 + np.exp(-2 * {u})) - 1",
    ),
    "identity": ("{u}", "1 * {u}"),
}
DERIVATIVE = {
    "relu": (
        "({u} > 0).astype({u}.dtype)",
        "np.where({u} > 0, 1, 0)",
        "np.heaviside({u}, 0)",
        "({u} > 0) * 1.0",
        "np.sign(np.maximum({u}, 0))",
        "{u} > 0",
    ),
    "sigmoid": (
        "np.exp(-{u}) / (1 + np.exp(-{u}))**2",
        "1 / (1 + np.exp(-{u})) * (1 - 1 / (1 + np.exp(-{u})))",
        "1 / (2 + np.exp({u}) + np.exp(-{u}))",
    ),
    "tanh": (
        "1 - np.tanh({u})**2",
        "1 / np.cosh({u})**2",
        "(1 - np.tanh({u})) * (1 + np.tanh({u}))",
    ),
    "identity": ("np.ones_like({u})", "1", "np.ones({u}.shape)"),
}
# f' from f(u), as it is mostly written for these two.
FROM_VALUE = {
    "relu": ("(fu > 0).astype(fu.dtype)", "np.sign(fu)"),
    "sigmoid": ("fu * (1 - fu)", "fu - fu**2"),
    "tanh": ("1 - fu**2", "(1 - fu) * (1 + fu)"),
    "identity": (),
}
SOFTMAX = {
    False: (
        "np.exp(a - np.max(a)) / np.sum(np.exp(a - np.max(a)))",
        "np.exp(a) / np.exp(a).sum()",
        "np.exp(a - np.log(np.sum(np.exp(a))))",
    ),
    True: (
        "np.exp(a - a.max(axis=1, keepdims=True))"
        " / np.exp(a - a.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)",
        "np.exp(a) / np.exp(a).sum(axis=1)[:, None]",
        "(np.exp(a).T / np.sum(np.exp(a), axis=1)).T",
    ),
}
JACOBIAN = {
    False: "(np.diag(g) - np.outer(g, g))",
    True: "(g[:, :, None] * np.eye(g.shape[1], dtype=g.dtype) - g[:, :, None] * g[:, None, :])",
}
# How a Jacobian meets ∂E/∂g, and the diagonal Jacobian of an elementwise g with g' = {slope}.
TIMES = {
    False: ("{J} @ ({r})", "np.einsum('kl,l->k', {J}, {r})", "np.dot({r}, {J})"),
    True: ("np.einsum('nkl,nl->nk', {J}, {r})", "({J} @ ({r})[:, :, None])[:, :, 0]"),
}
DIAGONAL = {
    False: "np.diag({slope})",
    True: "(({slope})[:, :, None] * np.eye(g.shape[1], dtype=g.dtype))",
}
OUTPUT_SLOPE = {
    "identity": ("np.ones_like(g)",),
    "sigmoid": ("g * (1 - g)", "np.exp(-a) / (1 + np.exp(-a))**2"),
    "tanh": ("(1 - g**2)", "1 / np.cosh(a)**2"),
}
LOSS_DERIVATIVE = {
    "squared_error": ("2 * (g - y)", "-2 * (y - g)"),
    "cross_entropy": ("-y / g",),
    "binary_cross_entropy": ("(1 - y) / (1 - g) - y / g", "(g - y) / (g * (1 - g))"),
}


def delta2_spellings(case: Case) -> tuple[str, ...]:
    """δ2, fused where it is, and by the chain rule with g' or with the whole Jacobian."""
    rows, losses = case.rows, LOSS_DERIVATIVE[case.loss]
    if case.output == "softmax":
        jacobians = (JACOBIAN[rows],)
        short = (
            "2 * g * (g - y - np.sum(g * (g - y), axis=-1, keepdims=True))",
            "2 * (g * (g - y) - g * np.sum(g * (g - y), axis=-1, keepdims=True))",
        )
    else:
        slopes = OUTPUT_SLOPE[case.output]
        jacobians = tuple(DIAGONAL[rows].format(slope=slope) for slope in slopes)
        short = tuple(f"{slope} * ({r})" for slope in slopes for r in losses)
    if case.output == "identity":
        short = ("2 * (g - y)", "-2 * (y - g)", "g - y + g - y", *short)
    elif case.loss == "cross_entropy":
        short = ("g - y", "-(y - g)")
    elif case.loss == "binary_cross_entropy":
        short = ("g - y", "-(y - g)", "(1 - y) * g - y * (1 - g)", *short)
    full = tuple(t.format(J=J, r=r) for t in TIMES[rows] for J in jacobians for r in losses)
    return short + full


SAMPLE = {
    "u": (
        "W @ x",
        "np.dot(W, x)",
        "W.dot(x)",
        "x @ W.T",
        "np.einsum('ij,j->i', W, x)",
        "(W * x).sum(axis=1)",
        "np.array([np.sum(w * x) for w in W])",
    ),
    "z": (
        "np.append(np.ones(1, u.dtype), fu)",
        "np.append(1, fu)",
        "np.concatenate([np.ones(1), fu])",
        "np.hstack([1, fu])",
        "np.r_[1, fu]",
        "np.insert(fu, 0, 1)",
        "np.pad(fu, (1, 0), constant_values=1)",
    ),
    "a": (
        "V @ z",
        "np.dot(V, z)",
        "z @ V.T",
        "np.einsum('kj,j->k', V, z)",
        "np.array([v @ z for v in V])",
        "np.sum(V * z[None, :], axis=1)",
    ),
    "dV": (
        "np.outer(delta2, z)",
        "delta2[:, None] * z",
        "delta2[:, None] @ z[None, :]",
        "delta2.reshape(-1, 1) * z.reshape(1, -1)",
        "np.einsum('k,j->kj', delta2, z)",
        "np.array([d * z for d in delta2])",
        "np.array([[d * s for s in z] for d in delta2])",
        "np.outer(z, delta2).T",
    ),
    "back": (
        "V_tilde.T @ delta2",
        "delta2 @ V_tilde",
        "np.dot(V_tilde.T, delta2)",
        "np.einsum('kj,k->j', V_tilde, delta2)",
        "(V_tilde * delta2[:, None]).sum(axis=0)",
        "np.array([np.sum(V_tilde[:, j] * delta2) for j in range(V_tilde.shape[1])])",
        "sum(d * v for d, v in zip(delta2, V_tilde))",
    ),
    "delta1": (
        "back * slope",
        "slope * back",
        "np.multiply(back, slope)",
        "back * np.array(slope)",
    ),
    "dW": (
        "np.outer(delta1, x)",
        "delta1[:, None] * x",
        "delta1[:, np.newaxis] @ x[np.newaxis, :]",
        "np.einsum('j,i->ji', delta1, x)",
        "np.array([d * x for d in delta1])",
        "np.array([[d * s for s in x] for d in delta1])",
        "np.kron(delta1[:, None], x[None, :])",
    ),
}
ROWS = {
    "u": (
        "x @ W.T",
        "np.dot(x, W.T)",
        "(W @ x.T).T",
        "np.einsum('ni,ji->nj', x, W)",
        "np.array([W @ r for r in x])",
    ),
    "z": (
        "np.hstack([np.ones((len(x), 1), u.dtype), fu])",
        "np.concatenate([np.ones_like(fu[:, :1]), fu], axis=1)",
        "np.c_[np.ones(len(x)), fu]",
        "np.column_stack([np.ones(len(fu), fu.dtype), fu])",
        "np.insert(fu, 0, 1, axis=1)",
        "np.pad(fu, ((0, 0), (1, 0)), constant_values=1)",
    ),
    "a": (
        "z @ V.T",
        "np.dot(z, V.T)",
        "(V @ z.T).T",
        "np.einsum('nj,kj->nk', z, V)",
        "np.stack([V @ r for r in z])",
    ),
    "dV": (
        "delta2.T @ z",
        "np.einsum('nk,nj->kj', delta2, z)",
        "np.tensordot(delta2, z, (0, 0))",
        "(delta2[:, :, None] * z[:, None, :]).sum(axis=0)",
        "sum(np.outer(d, r) for d, r in zip(delta2, z))",
        "np.sum(np.array([np.outer(d, r) for d, r in zip(delta2, z)]), axis=0)",
        "(z.T @ delta2).T",
    ),
    "back": (
        "delta2 @ V_tilde",
        "np.dot(delta2, V_tilde)",
        "(V_tilde.T @ delta2.T).T",
        "np.einsum('nk,kj->nj', delta2, V_tilde)",
        "np.array([V_tilde.T @ d for d in delta2])",
        "(delta2[:, :, None] * V_tilde[None]).sum(axis=1)",
    ),
    "delta1": ("back * slope", "slope * back", "np.multiply(back, slope)"),
    "dW": (
        "delta1.T @ x",
        "np.einsum('nj,ni->ji', delta1, x)",
        "np.tensordot(delta1, x, (0, 0))",
        "(delta1[:, :, None] * x[:, None, :]).sum(axis=0)",
        "sum(np.outer(d, r) for d, r in zip(delta1, x))",
        "np.array([[np.sum(delta1[:, j] * x[:, i]) for i in range(x.shape[1])]"
        " for j in range(delta1.shape[1])])",
    ),
}
V_TILDE = ("V[:, 1:]", "np.delete(V, 0, axis=1)", "V.T[1:].T", "V[:, 1 - V.shape[1]:]")

# Loops that assign to entries, which JAX's arrays refuse.
_LOOP = """\
{out} = np.zeros(({left}.shape[-1], {right}.shape[-1]), {right}.dtype)
for k in range({left}.shape[-1]):
    for j in range({right}.shape[-1]):
        {out}[k, j] = {entry}"""
_BACK = """\
back = np.zeros(V_tilde.shape[1], V_tilde.dtype)
for j in range(V_tilde.shape[1]):
    for k in range(V_tilde.shape[0]):
        back[j] += V_tilde[k, j] * delta2[k]"""
_U = """\
u = np.zeros(len(W), W.dtype)
for j in range(len(W)):
    for i in range(len(x)):
        u[j] = u[j] + W[j, i] * x[i]"""


def _loop(out: str, left: str, right: str, rows: bool) -> str:
    one = f"{left}[k] * {right}[j]"
    entry = f"sum({left}[:, k] * {right}[:, j])" if rows else one
    return _LOOP.format(out=out, left=left, right=right, entry=entry)


LOOPS = {
    rows: {"dV": (_loop("dV", "delta2", "z", rows),), "dW": (_loop("dW", "delta1", "x", rows),)}
    for rows in (False, True)
}
LOOPS[False] |= {"back": (_BACK,), "u": (_U,)}


def spellings(case: Case) -> dict[str, tuple[str, ...]]:
    """All the texts known for each slot, in the order of the lines, the plain one first."""
    by_slot = ROWS if case.rows else SAMPLE
    f = case.hidden
    g = FUNCTION.get(case.output, ())
    table = {
        "u": by_slot["u"],
        "fu": tuple(t.format(u="u") for t in FUNCTION[f]),
        "z": by_slot["z"] if case.bias else ("fu",),
        "a": by_slot["a"],
        "g": tuple(t.format(u="a") for t in g) or SOFTMAX[case.rows],
        "delta2": delta2_spellings(case),
        "dV": by_slot["dV"],
        "mean_dV": _reductions(case, "dV"),
        "new_V": ("V - eta * dV",),
        "slope": tuple(t.format(u="u") for t in DERIVATIVE[f]) + FROM_VALUE[f],
        "V_tilde": V_TILDE if case.bias else ("V",),
        "back": by_slot["back"],
        "delta1": by_slot["delta1"],
        "dW": by_slot["dW"],
        "mean_dW": _reductions(case, "dW"),
        "new_W": ("W - eta * dW",),
    }
    if case.library == "numpy":
        table |= {slot: table[slot] + texts for slot, texts in LOOPS[case.rows].items()}
    return table


def _reductions(case: Case, name: str) -> tuple[str, ...]:
    if not case.rows or case.reduction == "sum":
        return (name,)
    return (f"{name} / len(x)", f"{name} / x.shape[0]", f"1 / len(x) * {name}")


def right(case: Case) -> dict[str, str]:
    """The plain right derivation."""
    return {slot: texts[0] for slot, texts in spellings(case).items()}


def at_random(case: Case, rng: np.random.Generator) -> dict[str, str]:
    """A right derivation with each line spelled at random."""
    return spelled(spellings(case), rng)


def spelled(table: Mapping[str, tuple[str, ...]], rng: np.random.Generator) -> dict[str, str]:
    """One of the texts of each slot."""
    return {slot: texts[rng.integers(len(texts))] for slot, texts in table.items()}


def source(case: Case, lines: Mapping[str, str]) -> str:
    """The derivation as Python text."""
    body = [statement(slot, text) for slot, text in lines.items()]
    names = "W, V, x, y" + (", eta" if case.update else "")
    if case.update:
        ending = "return new_W, new_V"
    else:
        body = [line for line in body if not line.startswith("new_")]
        ending = _returned(case)
    if case.batch and not case.rows:
        text = _function("one", "W, V, x, y", [*body, "return dW, dV, delta2, delta1"])
        text += _function("derivation", names, [*_cast(case), *_row_by_row(case), ending])
    else:
        text = _function("derivation", names, [*_cast(case), *body, ending])
    if case.jit:
        text += "derivation = jax.jit(derivation)\n"
    return _in_library(case, text)


def statement(slot: str, text: str) -> str:
    name = slot.removeprefix("mean_")
    return text if "\n" in text else "" if text == name else f"{name} = {text}"


def _function(name: str, parameters: str, body: list[str]) -> str:
    lines = "\n".join(part for part in body if part).split("\n")
    return f"def {name}({parameters}):\n" + "".join(f"    {line}\n" for line in lines)


def _cast(case: Case) -> list[str]:
    if case.dtype == "float64":
        return []
    return [f"W, V, x, y = (np.asarray(p, dtype=np.{case.dtype}) for p in (W, V, x, y))"]


def _row_by_row(case: Case) -> list[str]:
    parts = {
        "loop": "zip(*[one(W, V, r, t) for r, t in zip(x, y)])",
        "vmap": "jax.vmap(one, (None, None, 0, 0))(W, V, x, y)",
    }[case.layout]
    return [
        f"dW, dV, delta2, delta1 = (np.array(part) for part in {parts})",
        f"dW, dV = dW.{case.reduction}(axis=0), dV.{case.reduction}(axis=0)",
    ]


def _returned(case: Case) -> str:
    names = ("delta2", "dV", "delta1", "dW") if case.deltas else ("dV", "dW")
    if case.container == "dict":
        return "return {" + ", ".join(f'"{name}": {name}' for name in names) + "}"
    if case.container == "namedtuple":
        kind = "Everything" if case.deltas else "Pair"
        return f"return {kind}(" + ", ".join(f"{name}={name}" for name in names) + ")"
    return "return dW, dV"


def _in_library(case: Case, text: str) -> str:
    if case.batch:
        for name in "xy":
            text = re.sub(rf"\b{name}\b", name.upper(), text) if case.rows else text
    if case.batch and not case.rows:  # only the function around the loop has rows
        head, tail = text.split("def derivation")
        for name in "xy":
            tail = re.sub(rf"\b{name}\b", name.upper(), tail)
        text = f"{head}def derivation{tail}"
    return re.sub(r"\bnp\.", "jnp.", text) if case.library == "jax" else text


class Pair(NamedTuple):
    dW: Any
    dV: Any


class Everything(NamedTuple):
    dW: Any
    dV: Any
    delta1: Any
    delta2: Any


def written(case: Case, lines: Mapping[str, str]) -> Callable:
    """The function that the text defines."""
    names = {"np": np, "jnp": jnp, "jax": jax, "Pair": Pair, "Everything": Everything}
    exec(source(case, lines), names)
    return names["derivation"]
