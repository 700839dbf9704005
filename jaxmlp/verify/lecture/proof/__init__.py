"""The lecture's derivation, proved for all d, q, m and any differentiable f.

A proof is a chain of equalities between SymPy's expressions, with sums over symbolic bounds; each
link names the rules of `rules.py` that lead from its left side to its right side, and is checked
by applying them and nothing else. What does not hold as printed is refuted by exact numbers, or
by the shapes (`printed.py`).
"""

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import sympy as sp

from jaxmlp.verify.finding import Derivation, Law, Proof, Step, Words
from jaxmlp.verify.lecture.proof import many, printed, small, writing
from jaxmlp.verify.lecture.proof.chain import Chain, failures
from jaxmlp.verify.lecture.proof.elementwise import (
    Elementwise,
    binary_delta2,
    derivative_of_sigmoid,
    g_by_a,
    identity_by_a,
    sigmoid_by_a,
    squared_delta2,
)
from jaxmlp.verify.lecture.proof.layers import Layers
from jaxmlp.verify.lecture.proof.network import symbolic_network
from jaxmlp.verify.lecture.proof.softmax import Softmax

ANY_SIZES = Words(
    "for all d, q, m and any differentiable f",
    "すべての d, q, m と任意の微分可能な f について",
)
SIZES_OF = {
    "L10": Words("for every d and every y", "すべての d と y について"),
    "L11": Words("for W of any shape", "任意の形の W について"),
    "L23": Words(
        "for all d, q, m and any differentiable f and g",
        "すべての d, q, m と任意の微分可能な f, g について",
    ),
}
SIZES_OF["L24"] = SIZES_OF["L23"]
BIAS_REMARK = Words("with and without bias", "バイアスの有無によりません")
BATCH_REMARK = Words(
    "also for a batch, by mean and by sum", "バッチの平均と和についても成り立ちます"
)
ALSO = {
    "L10": None,
    "L11": None,
    "L15": Words(f"{BIAS_REMARK.en}, {BATCH_REMARK.en}", f"{BIAS_REMARK.ja}。{BATCH_REMARK.ja}"),
    "L20": Words(f"{BIAS_REMARK.en}, {BATCH_REMARK.en}", f"{BIAS_REMARK.ja}。{BATCH_REMARK.ja}"),
    "L22": Words(
        f"{BIAS_REMARK.en}, and for any depth by induction over the layers",
        f"{BIAS_REMARK.ja}。層についての帰納法で、任意の深さについても成り立ちます",
    ),
}


class Networks:
    """The chains for one kind of bias; made when they are asked for."""

    def __init__(self, *, bias: bool):
        self.bias = bias

    def _layers(self, kind: str) -> Layers:
        """A network of this bias, and what its chains have in common."""
        return Layers(symbolic_network(kind, bias=self.bias))

    @cached_property
    def softmax(self) -> Softmax:
        """Softmax with cross-entropy (L9)."""
        return Softmax(self._layers("softmax"))

    @cached_property
    def linear(self) -> Elementwise:
        """g(a) = a with the squared error (L8)."""
        layers = self._layers("linear")
        return Elementwise(layers, squared_delta2(layers, identity_by_a(layers)))

    @cached_property
    def square(self) -> Elementwise:
        """Any g element by element with the squared error."""
        layers = self._layers("square")
        return Elementwise(layers, squared_delta2(layers, g_by_a(layers)))

    @cached_property
    def half(self) -> Elementwise:
        """The same, with half the squared error."""
        layers = self._layers("half")
        return Elementwise(layers, squared_delta2(layers, g_by_a(layers), sp.Rational(1, 2)))

    @cached_property
    def sigmoid(self) -> Elementwise:
        """g = σ with the E of L10."""
        layers = self._layers("sigmoid")
        return Elementwise(layers, binary_delta2(layers))


@functools.cache
def _networks(bias: bool) -> Networks:
    """One of each, made once."""
    return Networks(bias=bias)


def _L8(at: Networks) -> list[Chain]:
    """The squared error's δ2, and both gradients."""
    linear = at.linear
    return [identity_by_a(linear.layers), linear.delta2, linear.layers.a_by_v, linear.dV, linear.dW]


def _L14(at: Networks) -> list[Chain]:
    """∂E/∂v_kj, and what it takes."""
    softmax = at.softmax
    return [softmax.softmax, softmax.log_softmax, softmax.layers.a_by_v, softmax.L14]


def _batches(at: Networks) -> list[many.Batch]:
    """The same for a batch, by mean and by sum."""
    return [many.Batch(mean=mean, bias=at.bias) for mean in (True, False)]


def _L22(at: Networks) -> list[Chain]:
    """δ2 and δ1, and what goes on from there at any depth."""
    softmax, depth = at.softmax, many.Depth(bias=at.bias)
    return [softmax.L22_delta2, softmax.layers.a_by_u, softmax.L22_delta1, depth.delta, depth.dW]


def _L23(at: Networks) -> list[Chain]:
    """The step of V, for the errors that L23 may mean."""
    square, sigmoid = at.square, at.sigmoid
    more = [derivative_of_sigmoid(), sigmoid_by_a(sigmoid.layers), sigmoid.delta2, sigmoid.v_step]
    chains = [g_by_a(square.layers), square.delta2, square.layers.a_by_v, square.dV, square.v_step]
    return [*chains, at.half.delta2, at.half.v_step, *more]


def _L24(at: Networks) -> list[Chain]:
    """The step of W, likewise."""
    return [at.square.delta2, at.square.dW, at.square.w_step, at.half.w_step, at.sigmoid.w_step]


CHAINS: dict[str, Callable[[Networks], Sequence[Chain]]] = {
    "L8": _L8,
    "L10": lambda at: small.two_classes(),
    "L11": lambda at: [small.trace()],
    "L13": lambda at: [at.softmax.L13],
    "L14": _L14,
    "L15": lambda at: [at.softmax.L15, *(batch.dV for batch in _batches(at))],
    "L16": lambda at: [at.softmax.L16],
    "L17": lambda at: [at.softmax.log_softmax, at.softmax.L17],
    "L18": lambda at: [at.softmax.layers.u_by_w, at.softmax.layers.L18],
    "L19": lambda at: [at.softmax.L19],
    "L20": lambda at: [at.softmax.L20, *(batch.dW for batch in _batches(at))],
    "L21": lambda at: [at.softmax.L21],
    "L22": _L22,
    "L23": _L23,
    "L24": _L24,
    "L26": lambda at: [at.softmax.L26],
    "L27": lambda at: [],
}


def proofs() -> Iterator[Proof]:
    """What is proved of the lecture's claims, one after the other, in their order.

    With bias, as shown, and without.

    Example:
        >>> found = {proof.claim: proof for proof in proofs()}
        >>> found["L18"].statement.en
        'proved for all d, q, m and any differentiable f; with and without bias'
        >>> print(" =\\n".join(step.formula for step in found["L19"].derivations[0].steps))
        ∂E/∂w_{jr} =
        Σ_{i=1}^{m} (g_{i} − y_{i}) ∂a_{i}/∂w_{jr} =
        Σ_{i=1}^{m} (g_{i} − y_{i}) v_{ij} f'(u_{j}) x_{r} =
        f'(u_{j}) x_{r} Σ_{i=1}^{m} (g_{i} − y_{i}) v_{ij} =
        f'(u_{j}) x_{r} (ṽ_jᵀ (g(Vz) − y))
    """
    yield from map(proof, CHAINS)


def proof(claim: str) -> Proof:
    """The proof of one claim, by its number in `CHAINS`."""
    start = time.perf_counter()
    try:
        shown, *rest = (CHAINS[claim](at) for at in (_networks(True), _networks(False)))
        wrong = [chain.title for chains in (shown, *rest) for chain in chains if failures(chain)]
        refuted = printed.refutation(claim) if claim in printed.EXAMPLES else None
    except ValueError as error:
        said = Words(f"not proved: {error}", f"証明できません: {error}")
        return Proof(claim, said, False, time.perf_counter() - start)
    derivations = tuple(map(_derivation, shown))
    statement = _statement(claim, shown, refuted) if not wrong else _not_proved(wrong)
    seconds = time.perf_counter() - start
    return Proof(claim, statement, not wrong, seconds, refuted, derivations)


def _statement(claim: str, chains: Sequence[Chain], refuted: Words | None) -> Words:
    """For which sizes and functions it is proved, and by what it is refuted as printed."""
    if not chains:
        return Words("refuted as printed", "資料に書かれている形は反証済みです")
    sizes = SIZES_OF.get(claim, ANY_SIZES)
    needs = next((chain.assumes for chain in chains if chain.assumes), "")
    en = f"proved {sizes.en}" + (f", where {needs}" if needs else "")
    ja = (f"{needs} のとき、" if needs else "") + f"{sizes.ja}証明済みです"
    if also := ALSO.get(claim, BIAS_REMARK):
        en, ja = f"{en}; {also.en}", f"{ja} ({also.ja})"
    if refuted is None:
        return Words(en, ja)
    return Words(f"refuted as printed; the corrected form is {en}",
                 f"資料に書かれている形は反証済みです。訂正した形は、{ja}")  # fmt: skip


def _not_proved(titles: Sequence[Words]) -> Words:
    """Which chains do not hold."""
    once = dict.fromkeys(titles)
    return Words(
        "not proved: " + "; ".join(title.en for title in once),
        "証明できません: " + "、".join(title.ja for title in once),
    )


def _derivation(chain: Chain) -> Derivation:
    """A chain as a report shows it."""
    first = Step(writing.text(chain.start))
    steps = (
        Step(
            writing.text(link.right),
            tuple(dict.fromkeys(Law(rule.name, rule.law) for rule in link.rules)),
        )
        for link in chain.links
    )
    ranges = {letter: span for letter, span in chain.ranges.items() if span is not None}
    return Derivation(chain.title, writing.spans(ranges), (first, *steps))
