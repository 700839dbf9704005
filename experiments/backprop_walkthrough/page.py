"""The page of the walk: its template, words and script, with numbers of jaxmlp's put in."""

import functools
import json
from dataclasses import replace
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import jaxmlp
from jaxmlp import Network, Params, backprop, forward, init, loss
from jaxmlp.verify.finding import Claim
from jaxmlp.verify.lecture import claims
from jaxmlp.verify.lecture.proof import CHAINS, proof
from jaxmlp.verify.report.drawing import EQUATIONS, EQUATIONS_BY_NAME
from jaxmlp.verify.report.formula import mathml
from jaxmlp.verify.report.lecture import chains
from jaxmlp.verify.report.style import DARK, LIGHT
from jaxmlp.verify.report.words import say

HERE = Path(__file__).parent
SCRIPT = ("network.js", "steps.js", "drawing.js", "form.js", "page.js")
ACTIVATIONS = ("relu", "sigmoid", "tanh")
FORMULAS = {
    **{stage: EQUATIONS[stage] for stage in ("u", "z", "a", "delta1", "dV", "dW")},
    **{f"f {f}": EQUATIONS_BY_NAME["value"][f] for f in ACTIVATIONS},
    **{f"slope {f}": EQUATIONS_BY_NAME["derivative"][f] for f in ACTIVATIONS},
    "softmax": EQUATIONS_BY_NAME["value"]["softmax"],
    "cross entropy": EQUATIONS_BY_NAME["loss"]["ent"],
}


class Start(NamedTuple):
    """The numbers that the walk starts from.

    Attributes:
        x: (d,), y: (m,), eta: the sample and the step size.
        params: W of (q, d+1) and V of (m, q+1).
    """

    x: np.ndarray
    y: np.ndarray
    eta: float
    params: Params


def start(
    sizes: tuple[int, int, int] = (2, 3, 2), seed: int = 11, sigma: float = 0.7, eta: float = 0.2
) -> Start:
    """Weights from N(0, σ²), biases too, to two decimals, so that they can be read."""
    d, _, m = sizes
    with jax.enable_x64(True):
        drawn = init(Network(), sizes, key=jax.random.key(seed), initializer=sigma, dtype=float)
        params = Params(*(jnp.round(matrix, 2) for matrix in drawn))
    return Start(np.linspace(1.5, -0.5, d), np.eye(m)[m - 1], eta, params)


def numbers(hidden: str, at: Start) -> dict[str, float]:
    """Every number of a step by jaxmlp, in float64, under the names of the page's `named`."""
    network = Network(hidden, "softmax", "cross_entropy")
    with jax.enable_x64(True):
        found = backprop(network, at.params, at.x, at.y)
        steps = jax.tree.map(lambda p, d: p - at.eta * d, at.params, Params(found.dW, found.dV))
        slope = network.hidden.derivative(forward(network, at.params, at.x).u)
        return {
            "eta": at.eta,
            **_vector("x", np.append(1, at.x), 0),
            **_vector("y", at.y),
            **_matrix("w", at.params.W),
            **_matrix("v", at.params.V),
            **_passed("", network, at.params, at),
            **_vector("s", slope),
            **_vector("δ2", found.delta2),
            **_vector("δ1", found.delta1),
            **_matrix("dv", found.dV),
            **_matrix("dw", found.dW),
            **_matrix("next_w", steps.W),
            **_matrix("next_v", steps.V),
            **_passed("next_", network, steps, at),
        }


def _passed(prefix: str, network: Network, params: Params, at: Start) -> dict[str, float]:
    """The forward pass; l is log g, and p is e^a."""
    u, z, a, g = forward(network, params, at.x)
    powers = _vector("p", jnp.exp(a)) if not prefix else {}
    return {
        **_vector(f"{prefix}u", u),
        **_vector(f"{prefix}z", z, 0),
        **_vector(f"{prefix}a", a),
        **_vector(f"{prefix}g", g),
        **_vector(f"{prefix}l", jax.nn.log_softmax(a)),
        **powers,
        f"{prefix}E": float(loss(network, params, at.x, at.y)),
    }


def _vector(name: str, values, first: int = 1) -> dict[str, float]:
    return {f"{name}{i}": float(value) for i, value in enumerate(values, first)}


def _matrix(name: str, rows) -> dict[str, float]:
    return {k: v for j, row in enumerate(rows, 1) for k, v in _vector(f"{name}{j}", row, 0).items()}


def state(at: Start) -> dict:
    """The same as the page has it."""
    lists = {"x": at.x, "y": at.y, **at.params._asdict()}
    return {name: array.tolist() for name, array in lists.items()} | {"eta": at.eta}


def page(at: Start) -> str:
    """The whole of it, self-contained: no library, and nothing to fetch."""
    first = {"f": ACTIVATIONS[0], **state(at), "jax": version("jax")}
    parts = {
        "style": _text("style.css"),
        "light": LIGHT,
        "dark": DARK,
        "start": _json(first),
        "words": _json(words()),
        "equations": _json({key: (mathml(text), cite) for key, (text, cite) in FORMULAS.items()}),
        "claims": _json({lang: _claims(lang) for lang in words()}),
        "reference": _json({f: numbers(f, at) for f in ACTIVATIONS}),
        "made": f"jaxmlp {jaxmlp.__version__}",
        "script": "\n".join(map(_text, SCRIPT)),
    }
    whole = _text("page.html")
    for name, part in parts.items():
        whole = whole.replace(f"{{{{{name}}}}}", part)
    return whole


CITED = ("L3", "L5", "L6", "L7", "L9", "L12", "L15", "L18", "L20", "L21", "L22", "L26", "L27")


@functools.cache
def _judged() -> tuple[Claim, ...]:
    """The claims that the steps cite, with their proofs."""
    cited = (claim for claim in claims() if claim.id in CITED)
    return tuple(
        replace(claim, proof=proof(claim.id)) if claim.id in CHAINS else claim for claim in cited
    )


@functools.cache
def _claims(lang: str) -> dict[str, str]:
    """Each claim as HTML: the equation, the verdict, the corrected form, the proof."""
    return {claim.id: _claim(claim, lang) for claim in _judged()}


def _claim(claim: Claim, lang: str) -> str:
    verdict = say("holds" if claim.holds else "fails", lang)
    head = f'<h2>{claim.id} <span lang="ja">{escape(claim.slide)}</span></h2>'
    parts = [head, f"<p>{mathml(claim.formula)} <strong>{verdict}</strong></p>"]
    if claim.correction:
        parts.append(f"<p>{say('corrected', lang)}: {mathml(claim.correction)}</p>")
    if claim.remark:
        parts.append(f"<p>{escape(getattr(claim.remark, lang))}</p>")
    if claim.proof:
        statement = escape(getattr(claim.proof.statement, lang))
        parts.append(f"<p><strong>{statement}</strong></p>{chains(claim, lang)}")
    return "".join(parts)


def words() -> dict[str, dict[str, str]]:
    """All that the page says, by language and key."""
    return json.loads(_text("words.json"))


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _json(value) -> str:
    """JSON inside <script>, where nothing may look like the element's end."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
