"""The lecture's network in symbols: u = Wx, z = (1, f(u)), a = Vz, g(a), E, for any d, q, m."""

from collections.abc import Callable
from typing import NamedTuple

import sympy as sp

from jaxmlp.verify.lecture.proof import matrices
from jaxmlp.verify.lecture.proof.language import Definition, Range, Theory, index, prime

ONE = sp.Integer(1)
d, q, m, n = sp.symbols("d q m n", integer=True, positive=True)
i, j, k, l, r, s = index("i, j, k, l, r, s")  # noqa: E741
UNIT_RANGE, OUTPUT_RANGE, SAMPLE_RANGE = (ONE, q), (ONE, m), (ONE, n)
f, g_of, sigma = (sp.Function(name) for name in ("f", "g", "σ"))
df = prime(f)
E, eta, t = sp.symbols("E η t")
FUNCTIONS = {"σ": sp.Lambda(t, 1 / (1 + sp.exp(-t)))}
LETTERS = tuple("xwuzvagy")
LAYER_INDICES = ("ℓ−1", "ℓ", "ℓ", "ℓ", "ℓ+1", "ℓ+1")  # three that follow each other
DEEP_LETTERS = (
    *(f"{of}^{{({layer})}}" for of, layer in zip("zwuzwu", LAYER_INDICES, strict=True)),
    "g",
    "y",
)


class ProvedNetwork(NamedTuple):
    """The quantities of the lecture, of one sample or of the sample s of a batch.

    Attributes:
        theory: how they are defined.
        first: 0, or 1 without bias: where the indices of x and z begin.
        front: (s,) in a batch, else ().
        loss: the error of the sample.
        letters: how the quantities x, w, u, z, v, a, g, y are called.
    """

    theory: Theory
    first: int
    front: tuple[sp.Symbol, ...]
    loss: sp.Expr
    letters: tuple[str, ...]

    def base(self, letter: str) -> sp.IndexedBase:
        """What the entries of a vector or matrix are entries of."""
        return sp.IndexedBase(self.letters[LETTERS.index(letter)])

    def __getattr__(self, letter: str) -> Callable[..., sp.Indexed]:
        """x, u, z, a, g, y (an index) and w, v (two) as functions of the indices."""
        if letter not in LETTERS:
            raise AttributeError(letter)
        front = () if letter in "wv" else self.front
        return lambda *indices: self.base(letter)[*front, *indices]

    @property
    def inputs(self) -> Range:
        """The range of the indices of x."""
        return (sp.Integer(self.first), d)

    @property
    def hidden(self) -> Range:
        """The range of the indices of z."""
        return (sp.Integer(self.first), q)

    def vector(self, letter: str, symbol: str | None = None) -> matrices.Letter:
        """x, u, z, a, g or y, with another symbol if that is printed."""
        spans = {"x": self.inputs, "u": UNIT_RANGE, "z": self.hidden}
        span = spans.get(letter, OUTPUT_RANGE)
        return matrices.letter(symbol or letter, self.base(letter), span, front=self.front)

    def matrix(self, symbol: str) -> matrices.Letter:
        """W, V, or Ṽ."""
        known = {"W": ("w", UNIT_RANGE, self.inputs), "V": ("v", OUTPUT_RANGE, self.hidden)}
        letter, rows, columns = known.get(symbol, ("v", OUTPUT_RANGE, UNIT_RANGE))
        return matrices.letter(symbol, self.base(letter), rows, columns)


def symbolic_network(
    kind: str = "softmax", *, bias: bool = True, batch: bool = False,
    letters: tuple[str, ...] = LETTERS,
) -> ProvedNetwork:  # fmt: skip
    """The network and its error.

    Args:
        kind: "softmax", with cross-entropy (L9). "square": any g element by element, with the
            squared error (L8). "half": with half of it. "linear": g the identity, with the squared
            error. "sigmoid": g = σ, with the error of L10 summed over the outputs. "any": an error
            of which nothing is known but that it is a function of a.
        bias: whether x and z have a 1 in front.
        batch: whether there are n samples; then a quantity is that of the sample s.
        letters: other names for the quantities.
    """
    first, front = (0 if bias else 1), ((s,) if batch else ())
    net = ProvedNetwork(None, first, front, sp.IndexedBase("E")[s] if batch else E, letters)
    ranges = {s: SAMPLE_RANGE} if batch else {}
    weighted = sp.Sum(net.w(j, r) * net.x(r), (r, *net.inputs))
    outputs = sp.Sum(net.v(i, l) * net.z(l), (l, *net.hidden))
    definitions = [
        Definition(net.u(j), weighted, {j: UNIT_RANGE, **ranges}),
        *([Definition(net.z(0), ONE, ranges)] if bias else []),
        Definition(net.z(l), f(net.u(l)), {l: UNIT_RANGE, **ranges}),
        Definition(net.a(i), outputs, {i: OUTPUT_RANGE, **ranges}),
        Definition(net.g(i), _output(kind, net), {i: OUTPUT_RANGE, **ranges}),
        Definition(net.loss, _error(kind, net), ranges),
    ]
    none: tuple[Range, ...] = ()
    of_letter = {"x": net.inputs, "u": UNIT_RANGE, "z": net.hidden}
    of_letter |= dict.fromkeys("agy", OUTPUT_RANGE)
    spans = dict.fromkeys(letters, none) | {
        net.letters[LETTERS.index(letter)]: (span,) for letter, span in of_letter.items()
    }
    theory = Theory(tuple(definitions), spans, s if batch else None, FUNCTIONS, net.base("y"))
    return net._replace(theory=theory)


def _output(kind: str, net: ProvedNetwork) -> sp.Expr:
    """g_i."""
    a = net.a
    softmax = sp.exp(a(i)) / sp.Sum(sp.exp(a(l)), (l, *OUTPUT_RANGE))
    known = {"softmax": softmax, "linear": a(i), "sigmoid": sigma(a(i))}
    return known.get(kind, g_of(a(i)))


def _error(kind: str, net: ProvedNetwork) -> sp.Basic:
    """E; of an error that may be any, what it depends on."""
    y, g = net.y, net.g
    if kind == "any":
        return sp.Tuple(net.a(i))
    square = sp.Sum((y(i) - g(i)) ** 2, (i, *OUTPUT_RANGE))
    binary = y(i) * sp.log(g(i)) + (1 - y(i)) * sp.log(1 - g(i))
    entropy = -sp.Sum(y(i) * sp.log(g(i)), (i, *OUTPUT_RANGE))
    known = {"softmax": entropy, "half": square / 2, "sigmoid": -sp.Sum(binary, (i, *OUTPUT_RANGE))}
    return known.get(kind, square)
