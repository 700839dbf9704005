"""The small functions of the exercise, f, f', softmax and the losses, and the slips made in them.

Each acts on many points at once: u is (points, k); g and y are (points, m).
"""

import functools
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jaxmlp.activations import HIDDEN
from jaxmlp.verify import given
from jaxmlp.verify.finding import Words
from jaxmlp.verify.names import plain
from jaxmlp.verify.program import Mistake, Program, Quantities

SPELLINGS = {
    "relu": "relu rectifiedlinear rectifiedlinearunit rampfunction ramp",
    "sigmoid": "sigmoid sigm sig logistic logisticfunction sigmoidfunction",
    "tanh": "tanh hyperbolictangent tanhfunction tanhyperbolic htan",
    "identity": "identity linear identityfunction",
}
ACTIVATION = {s: name for name, all in SPELLINGS.items() for s in all.split()}
_WORDS = "|".join(sorted(ACTIVATION, key=len, reverse=True))
_FUNCTION = r"(?:function|func|fn|activation)?"
NAMED = re.compile(rf"(?:my)?({_WORDS}){_FUNCTION}")
DERIVATIVE = re.compile(
    r"(?:d|df|diff|dif|differential|grad|gradient|gradientof|deriv|derivative|derivativeof|derived"
    rf"|der|nabla|prime|backward|bibun)({_WORDS}){_FUNCTION}"
    rf"|({_WORDS}){_FUNCTION}(?:d|df|diff|dif|grad|gradient|deriv|derivative|der|prime|dash|backward"
    r"|bibun)"
)
LOSS_NAMES = {
    "cross_entropy": "crossentoropy crossentropy crossentropyerror crossentropyloss ce celoss"
    " categoricalcrossentropy crossentropyfunction xent calcloss",
    "binary_cross_entropy": "binarycrossentropy binarycrossentoropy bce bceloss errorfunction logloss"
    " binarycrossentropyerror binarycrossentropyloss logisticloss",
    "squared_error": "squarederror l2error l2loss l2 sse sumsquarederror sumofsquarederror"
    " sumofsquarederrors squaredloss squarederrorloss sumsquarederrors quadraticloss",
    "mean_squared_error": "mse meansquarederror mseloss",
}
LOSS = {s: name for name, all in LOSS_NAMES.items() for s in all.split()}


class Piece(NamedTuple):
    """A small function that a file may define.

    Attributes:
        kind: "activation", "derivative", "softmax" or "loss".
        of: which: relu, …; a loss's name.
    """

    kind: str
    of: str


def piece(name: str) -> Piece | None:
    """What a function's name says it is, or None."""
    short = plain(name)
    plainly = NAMED.fullmatch(short)
    if plainly:
        return Piece("activation", ACTIVATION[plainly[1]])
    if re.fullmatch(r"(stable|my)?softmax(function|fn)?\d?", short):
        return Piece("softmax", "softmax")
    if short in LOSS:
        return Piece("loss", LOSS[short])
    match = DERIVATIVE.fullmatch(short)
    return Piece("derivative", ACTIVATION[match[1] or match[2]]) if match else None


VALUE, SLOPE = given.F, given.SLOPE


ERROR = given.ERROR
PROBABILITIES = given.softmax


@functools.cache
def program(kind: Piece) -> Program:
    """A program of one step: what the function should give."""
    if kind.kind == "loss":
        return Program(
            {"loss": lambda q: ERROR[kind.of](q.g, q.y)}, {"loss": ("g", "y")}, ("g", "y")
        )
    name = "derivative" if kind.kind == "derivative" else "value"
    true = {
        "activation": lambda: VALUE[kind.of],
        "derivative": lambda: SLOPE[kind.of],
        "softmax": lambda: PROBABILITIES,
    }[kind.kind]()
    return Program({name: lambda q: true(q.u)}, {name: ("u",)}, ("u",))


def points(kind: Piece, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Where the function is evaluated."""
    rng = np.random.default_rng(seed)
    if kind.kind != "loss":
        u = rng.uniform(0.1, 2.5, size=(6, 5)) * rng.choice([-1, 1], size=(6, 5))
        # Both signs in each row, and in its first place: np.vectorize takes its dtype from there.
        u[:, 0], u[:, 1] = np.abs(u[:, 0]), -np.abs(u[:, 1])
        u[::2] *= -1
        return {"u": u}
    g = rng.dirichlet(np.ones(5), size=8).clip(0.01)
    y = np.eye(5)[rng.integers(5, size=8)]
    if kind.of == "cross_entropy":
        for row, tiny in enumerate((1e-30, 1e-20, 1e-12, 1e-9)):  # a small ε shows here alone
            g[row, y[row].argmax()] = tiny
        return {"g": g / g.sum(axis=1, keepdims=True), "y": y}
    if kind.of == "binary_cross_entropy":
        g, y = rng.uniform(0.05, 0.95, size=(8, 5)), rng.integers(2, size=(8, 5)) * 1.0
        for row, tiny in enumerate((1e-30, 1e-20, 1e-12, 1e-9)):
            g[row, 0], y[row, 0] = tiny, 1
        return {"g": g, "y": y}
    return {"g": rng.normal(size=(8, 5)), "y": rng.normal(size=(8, 5))}


def quantities(kind: Piece, given: dict[str, np.ndarray], claimed: np.ndarray) -> Quantities:
    """The right function at these points, and what was claimed, from which an ε is read off."""
    return Quantities(program(kind), {**given, "claimed": claimed})


def _slip(
    id: str, step: str, formula: Callable, equation: str, en: str, ja: str, keeps=False
) -> Mistake:
    return Mistake(id, step, formula, Words(en, ja), equation, keeps)


def _any(step: str) -> list[Mistake]:
    """What can happen to any of them."""
    return [
        _slip("sign", step, lambda q, v: -v, "", "The sign is the opposite.", "符号が逆です。", True),
        _slip("times-2", step, lambda q, v: 2 * v, "",
              "There is a factor 2 too many.", "余分な係数 2 が付いています。", True),
        _slip("times-half", step, lambda q, v: v / 2, "",
              "There is a factor ½ too many (L8 has none).", "余分な ½ が付いています (L8 にはありません)。", True),
    ]  # fmt: skip


def _other_functions(of: str, step: str) -> list[Mistake]:
    """f for f', f' for f, and those of another activation."""
    own, other = ("value", "derivative") if step == "value" else ("derivative", "value")
    words = {"value": ("f", "f"), "derivative": ("f'", "f' (微分)")}
    swap = SLOPE[of] if step == "value" else VALUE[of]
    found = [_slip(f"{other}-for-{own}", step, lambda q, v: swap(q.u), "L7",
                   f"This is {words[other][0]}, where {words[own][0]} belongs.",
                   f"{words[own][1]} のところに {words[other][1]} を書いています。")]  # fmt: skip
    for name in HIDDEN:
        if name != of:
            f = VALUE[name] if step == "value" else SLOPE[name]
            found.append(_slip("of-another", step, lambda q, v, f=f: f(q.u), "L5" if step == "value" else "L7",
                               f"This is {words[own][0]} of {name}, not of {of}.",
                               f"{of} でなく {name} の {words[own][1]} です。"))  # fmt: skip
    return found


def _sigmoid(u):
    return 1 / (1 + np.exp(-u))


ACTIVATION_SLIPS = {
    "relu": [
        _slip("relu-abs", "value", lambda q, v: np.abs(q.u), "L5", "This is |x|; ReLU is 0 for x ≤ 0.", "|x| になっています。ReLU は x ≤ 0 で 0 です。"),
        _slip("relu-min", "value", lambda q, v: np.minimum(q.u, 0), "L5", "This is min(0, x), where max(0, x) belongs.", "max(0, x) でなく min(0, x) になっています。"),
        _slip("relu-leaky", "value", lambda q, v: np.where(q.u > 0, q.u, 0.01 * q.u), "L5", "This is the leaky ReLU, with slope 0.01 for x < 0.", "x < 0 で傾き 0.01 の Leaky ReLU になっています。"),
        _slip("relu-integers", "value", lambda q, v: np.where(q.u[..., :1] > 0, v, np.trunc(v)), "L5", "The values are cut to whole numbers wherever the first x is not above 0: np.vectorize takes its type from the first value, an int 0. Give back 0.0.", "先頭の x が 0 以下のとき、値が整数に切り捨てられます。np.vectorize は先頭の値 (整数の 0) の型に合わせるためです。0.0 を返します。"),
        _slip("relu-of-1", "value", lambda q, v: np.maximum(q.u, 1), "L5", "This is max(1, x), where max(0, x) belongs.", "max(0, x) でなく max(1, x) になっています。"),
    ],
    "sigmoid": [
        _slip("sigmoid-of-minus", "value", lambda q, v: _sigmoid(-q.u), "L5", "The sign in the exponent is wrong: 1/(1 + eˣ) for 1/(1 + e⁻ˣ).", "指数の符号が逆です (1/(1 + e⁻ˣ) でなく 1/(1 + eˣ))。"),
        _slip("sigmoid-minus", "value", lambda q, v: 1 / (1 - np.exp(-q.u)), "L5", "The denominator has 1 − e⁻ˣ, where 1 + e⁻ˣ belongs.", "分母が 1 + e⁻ˣ でなく 1 − e⁻ˣ になっています。"),
        _slip("sigmoid-1-outside", "value", lambda q, v: 1 / 1 + np.exp(-q.u), "L5", "Parentheses are missing: 1/1 + e⁻ˣ for 1/(1 + e⁻ˣ).", "括弧が抜けています (1/(1 + e⁻ˣ) でなく 1/1 + e⁻ˣ)。"),
        _slip("sigmoid-inverse", "value", lambda q, v: 1 + np.exp(-q.u), "L5", "The reciprocal is missing: 1 + e⁻ˣ for 1/(1 + e⁻ˣ).", "逆数になっていません (1/(1 + e⁻ˣ) でなく 1 + e⁻ˣ)。"),
    ],
    "tanh": [
        _slip("tanh-upside-down", "value", lambda q, v: 1 / np.tanh(q.u), "L5", "Numerator and denominator are exchanged.", "分子と分母が逆です。"),
        _slip("tanh-half", "value", lambda q, v: np.tanh(q.u / 2), "L5", "This is tanh(x/2) = (1 − e⁻ˣ)/(1 + e⁻ˣ).", "tanh(x/2) = (1 − e⁻ˣ)/(1 + e⁻ˣ) になっています。"),
        _slip("tanh-double", "value", lambda q, v: np.tanh(2 * q.u), "L5", "This is tanh(2x).", "tanh(2x) になっています。"),
        _slip("tanh-sinh", "value", lambda q, v: np.sinh(q.u), "L5", "This is sinh x = (eˣ − e⁻ˣ)/2: the denominator eˣ + e⁻ˣ is missing.", "sinh x になっています。分母の eˣ + e⁻ˣ が抜けています。"),
        _slip("tanh-sinh", "value", lambda q, v: 2 * np.sinh(q.u), "L5", "The denominator eˣ + e⁻ˣ is missing.", "分母の eˣ + e⁻ˣ が抜けています。"),
    ],
    "identity": [],
}  # fmt: skip
DERIVATIVE_SLIPS = {
    "relu": [
        _slip("relu-slope-reversed", "derivative", lambda q, v: (q.u < 0) * 1.0, "L7", "This is 1 for x < 0; it must be 1 for x > 0.", "x < 0 で 1 になっています。1 になるのは x > 0 です。"),
        _slip("relu-slope-sign", "derivative", lambda q, v: np.sign(q.u), "L7", "This is −1 for x < 0, where 0 belongs.", "x < 0 で −1 になっています。正しくは 0 です。"),
        _slip("relu-slope-x", "derivative", lambda q, v: q.u, "L7", "This is x itself.", "x そのものになっています。"),
        _slip("relu-slope-of-1", "derivative", lambda q, v: (q.u > 1) * 1.0, "L7", "The threshold is 1, where 0 belongs.", "境界が 0 でなく 1 になっています。"),
        _slip("relu-slope-leaky", "derivative", lambda q, v: np.where(q.u > 0, 1, 0.01), "L7", "This is the slope of the leaky ReLU, 0.01 for x < 0.", "x < 0 で 0.01 の、Leaky ReLU の微分です。"),
    ],
    "sigmoid": [
        _slip("sigmoid-slope-of-x", "derivative", lambda q, v: q.u * (1 - q.u), "L7", "This is x(1 − x): f(x)(1 − f(x)) with x where f(x) belongs.", "f(x)(1 − f(x)) の f(x) が x になっています (x(1 − x))。"),
        _slip("sigmoid-slope-plus", "derivative", lambda q, v: _sigmoid(q.u) * (1 + _sigmoid(q.u)), "L7", "This is f(1 + f), where f(1 − f) belongs.", "f(1 − f) でなく f(1 + f) になっています。"),
        _slip("sigmoid-slope-square", "derivative", lambda q, v: 1 - _sigmoid(q.u) ** 2, "L7", "This is 1 − f²: the rule of tanh.", "1 − f² (tanh の公式) になっています。"),
        _slip("sigmoid-slope-f2", "derivative", lambda q, v: _sigmoid(q.u) ** 2, "L7", "This is f², where f(1 − f) belongs.", "f(1 − f) でなく f² になっています。"),
        _slip("sigmoid-slope-1-f", "derivative", lambda q, v: 1 - _sigmoid(q.u), "L7", "This is 1 − f: the factor f is missing.", "1 − f になっています。f を掛けます。"),
        _slip("sigmoid-slope-exp", "derivative", lambda q, v: np.exp(-q.u) / (1 + np.exp(-q.u)), "L7", "The square of the denominator is missing.", "分母の 2 乗が抜けています。"),
        _slip("slope-twice", "derivative", lambda q, v: SLOPE["sigmoid"](_sigmoid(q.u)), "L7", "f' is taken at f(x), where x belongs.", "x でなく f(x) での微分になっています。"),
    ],
    "tanh": [
        _slip("tanh-slope-square-missing", "derivative", lambda q, v: 1 - np.tanh(q.u), "L7", "The square is missing: 1 − f for 1 − f².", "2 乗が抜けています (1 − f² でなく 1 − f)。"),
        _slip("tanh-slope-plus", "derivative", lambda q, v: 1 + np.tanh(q.u) ** 2, "L7", "This is 1 + f², where 1 − f² belongs.", "1 − f² でなく 1 + f² になっています。"),
        _slip("tanh-slope-of-x", "derivative", lambda q, v: 1 - q.u**2, "L7", "This is 1 − x²: x stands where f(x) belongs.", "1 − f(x)² の f(x) が x になっています。"),
        _slip("tanh-slope-sigmoid-rule", "derivative", lambda q, v: np.tanh(q.u) * (1 - np.tanh(q.u)), "L7", "This is f(1 − f): the rule of the sigmoid.", "f(1 − f) (シグモイドの公式) になっています。"),
        _slip("tanh-slope-inverse", "derivative", lambda q, v: np.cosh(q.u) ** 2, "L7", "This is cosh²; its reciprocal belongs here.", "cosh² になっています。その逆数が正しい値です。"),
        _slip("tanh-slope-cosh", "derivative", lambda q, v: 1 / np.cosh(q.u), "L7", "The square is missing: 1/cosh for 1/cosh².", "2 乗が抜けています (1/cosh² でなく 1/cosh)。"),
        _slip("tanh-slope-double-square", "derivative", lambda q, v: (1 - np.tanh(q.u)) ** 2, "L7", "This is (1 − f)², where 1 − f² belongs.", "1 − f² でなく (1 − f)² になっています。"),
        _slip("slope-twice", "derivative", lambda q, v: SLOPE["tanh"](np.tanh(q.u)), "L7", "f' is taken at f(x), where x belongs.", "x でなく f(x) での微分になっています。"),
    ],
    "identity": [],
}  # fmt: skip


def _share(values: np.ndarray, axis) -> np.ndarray:
    return values / values.sum(axis=axis, keepdims=True)


SOFTMAX_SLIPS = [
    _slip("softmax-not-divided", "value", lambda q, v: np.exp(q.u), "L6", "The exponentials are not divided by their sum.", "指数関数の和で割っていません。"),
    _slip("softmax-not-divided", "value", lambda q, v: np.exp(q.u - q.u.max(-1, keepdims=True)), "L6", "The exponentials are not divided by their sum.", "指数関数の和で割っていません。"),
    _slip("softmax-wrong-axis", "value", lambda q, v: _share(np.exp(q.u), -2), "L6", "The sum runs over the wrong axis, the samples: it must run over the outputs.", "和を取る軸が違います。サンプルでなく出力について和を取ります。"),
    _slip("softmax-keepdims", "value", lambda q, v: np.exp(q.u) / np.exp(q.u).sum(-1)[..., None, :], "L6", "The sums of the rows divide the columns: keepdims=True is missing.", "行の和で列を割っています (keepdims=True が抜けています)。"),
    _slip("softmax-whole-batch", "value", lambda q, v: np.exp(q.u) / np.exp(q.u).sum((-1, -2), keepdims=True), "L6", "The sum runs over the whole batch: it must run over the outputs of each sample.", "バッチ全体で和を取っています。サンプルごとに出力について和を取ります。"),
    _slip("softmax-of-minus", "value", lambda q, v: _share(np.exp(-q.u), -1), "L6", "The sign in the exponent is wrong: e⁻ˣ for eˣ.", "指数の符号が逆です (eˣ でなく e⁻ˣ)。"),
    _slip("softmax-without-exp", "value", lambda q, v: _share(q.u, -1), "L6", "The exponential is missing: x is divided by the sum of x.", "指数関数が抜けています (x を x の和で割っています)。"),
    _slip("softmax-log", "value", lambda q, v: np.log(v), "L6", "This is the logarithm of softmax.", "ソフトマックスの対数になっています。"),
    _slip("softmax-over-max", "value", lambda q, v: np.exp(q.u) / np.exp(q.u).max(-1, keepdims=True), "L6", "The exponentials are divided by their maximum; it must be their sum.", "和でなく最大値で割っています。"),
    _slip("softmax-over-mean", "value", lambda q, v: np.exp(q.u) / np.exp(q.u).mean(-1, keepdims=True), "L6", "The exponentials are divided by their mean; it must be their sum.", "和でなく平均で割っています。"),
    _slip("softmax-sigmoid", "value", lambda q, v: _sigmoid(q.u), "L6", "This is the sigmoid of each entry: softmax divides by the sum over all.", "成分ごとのシグモイドになっています。ソフトマックスは全体の和で割ります。"),
    _slip("softmax-base-2", "value", lambda q, v: _share(2.0**q.u, -1), "L6", "The base is 2, where e belongs.", "底が e でなく 2 になっています。"),
    _slip("softmax-shift-inside", "value", lambda q, v: np.exp(q.u - q.u.max(-1, keepdims=True)) / np.exp(q.u).sum(-1, keepdims=True), "L6", "Only the numerator is shifted by the maximum: the denominator must be, too.", "分子だけから最大値を引いています。分母も同じようにします。"),
    _slip("softmax-shift-inside", "value", lambda q, v: np.exp(q.u) / np.exp(q.u - q.u.max(-1, keepdims=True)).sum(-1, keepdims=True), "L6", "Only the denominator is shifted by the maximum: the numerator must be, too.", "分母だけから最大値を引いています。分子も同じようにします。"),
    _slip("softmax-not-summed", "value", lambda q, v: np.ones_like(q.u), "L6", "Each exponential is divided by itself: the sum is missing.", "指数関数をそれ自身で割っています。和を取る必要があります。"),
]  # fmt: skip


def _log_loss(log: Callable) -> Callable:
    def loss(q, v):
        return -(q.y * log(q.g)).sum(-1)

    return loss


def _fitted(q: Quantities, floor: Callable) -> np.ndarray:
    """−Σ y log of g made larger by an ε, which is read off where g is smallest, at the first point."""
    g, k = q.g[0], q.y[0].argmax()
    epsilon = np.exp(-np.ravel(q.claimed)[0])
    for _ in range(3):  # log(g + ε) has ε less g, max(g, ε) has ε
        epsilon *= np.exp(-np.ravel(q.claimed)[0]) / floor(g[k], epsilon)
    _small(epsilon)
    return -(q.y * np.log(floor(q.g, epsilon))).sum(-1)


def _fitted_binary(q: Quantities, floor: Callable) -> np.ndarray:
    def loss(epsilon):
        return -(
            q.y * np.log(floor(q.g, epsilon)) + (1 - q.y) * np.log(floor(1 - q.g, epsilon))
        ).sum(-1)

    epsilon = 1e-10
    for _ in range(6):
        epsilon *= np.exp(loss(epsilon)[0] - np.ravel(q.claimed)[0])
    _small(epsilon)
    return loss(epsilon)


def _small(epsilon: float) -> None:
    """Refuse what is no ε: that of NaN would reproduce NaN."""
    if not 0 < epsilon < 0.1:
        raise ValueError(f"expected a small ε, got {epsilon}")


EPSILON = ("there is an ε inside the logarithm, log(g + ε), which moves E where g is near 0; a stable softmax needs none",
           "対数の中に ε が足されており (log(g + ε))、g が 0 に近いと E の値が変わります。ソフトマックスが数値的に安定なら不要です")  # fmt: skip
CLIP = ("g is clipped before the logarithm, which moves E where g is near 0; a stable softmax needs none of it",
        "対数の前に g が切り詰められており (clip)、g が 0 に近いと E の値が変わります。ソフトマックスが数値的に安定なら不要です")  # fmt: skip
BOTH = [
    _slip("loss-mean", "loss", lambda q, v: v / q.g.shape[-1], "L9", "E is a mean over the outputs; it must be their sum.", "出力についての平均になっています。E は和です。", True),
    _slip("log10", "loss", lambda q, v: v / np.log(10), "L9", "This is the logarithm to base 10; the natural one belongs here.", "常用対数 (底 10) になっています。自然対数を使います。", True),
    _slip("log2", "loss", lambda q, v: v / np.log(2), "L9", "This is the logarithm to base 2; the natural one belongs here.", "底 2 の対数になっています。自然対数を使います。", True),
]  # fmt: skip
LOSS_SLIPS = {
    "cross_entropy": [
        *BOTH,
        _slip("log-eps", "loss", lambda q, v: _fitted(q, np.add), "L9", *EPSILON),
        _slip("log-clip", "loss", lambda q, v: _fitted(q, np.maximum), "L9", *CLIP),
        _slip("g-y-exchanged", "loss", lambda q, v: -(q.g * np.log(q.y)).sum(-1), "L9", "g and y are exchanged: −Σ g log y for −Σ y log g.", "g と y が入れ替わっています (−Σ y log g でなく −Σ g log y)。"),
        _slip("sum-missing", "loss", lambda q, v: -(q.y * np.log(q.g)), "L9", "The sum over the outputs is missing: E is one number.", "出力についての和がありません。E は 1 つの数です。"),
        _slip("y-missing", "loss", lambda q, v: -np.log(q.g).sum(-1), "L9", "The factor y is missing: −Σ log g.", "y が掛かっていません (−Σ log g)。"),
        _slip("log-missing", "loss", lambda q, v: -(q.y * q.g).sum(-1), "L9", "The logarithm is missing: −Σ y g.", "対数がありません (−Σ y g)。"),
        _slip("loss-binary", "loss", lambda q, v: ERROR["binary_cross_entropy"](q.g, q.y), "L9", "The terms (1 − y) log(1 − g) are those of L10: with softmax, E is −Σ y log g.", "(1 − y) log(1 − g) は L10 の項です。ソフトマックスでは E = −Σ y log g です。"),
        _slip("loss-squared", "loss", lambda q, v: ERROR["squared_error"](q.g, q.y), "L9", "This is the squared error.", "二乗誤差になっています。"),
        _slip("log-of-1-plus", "loss", lambda q, v: -(q.y * np.log(1 + q.g)).sum(-1), "L9", "This is log(1 + g), where log g belongs.", "log g でなく log(1 + g) になっています。"),
        _slip("log-of-softmax", "loss", lambda q, v: -(q.y * np.log(PROBABILITIES(q.g))).sum(-1), "L9", "Softmax is applied to g once more.", "g にもう一度ソフトマックスを適用しています。"),
    ],
    "binary_cross_entropy": [
        *BOTH,
        _slip("log-eps", "loss", lambda q, v: _fitted_binary(q, np.add), "L10", *EPSILON),
        _slip("log-clip", "loss", lambda q, v: _fitted_binary(q, np.maximum), "L10", *CLIP),
        _slip("second-term-missing", "loss", lambda q, v: -(q.y * np.log(q.g)).sum(-1), "L10", "The term (1 − y) log(1 − g) is missing.", "(1 − y) log(1 − g) の項がありません。"),
        _slip("second-term-sign", "loss", lambda q, v: (-q.y * np.log(q.g) + (1 - q.y) * np.log(1 - q.g)).sum(-1), "L10", "The sign of the second term, (1 − y) log(1 − g), is wrong.", "第 2 項 (1 − y) log(1 − g) の符号が逆です。"),
        _slip("second-term-g", "loss", lambda q, v: -(q.y * np.log(q.g) + (1 - q.y) * np.log(q.g)).sum(-1), "L10", "The second term has log g, where log(1 − g) belongs.", "第 2 項が log(1 − g) でなく log g になっています。"),
        _slip("sum-missing", "loss", lambda q, v: -(q.y * np.log(q.g) + (1 - q.y) * np.log(1 - q.g)), "L10", "The sum over the outputs is missing.", "出力についての和がありません。"),
        _slip("of-sigmoid", "loss", lambda q, v: ERROR["binary_cross_entropy"](_sigmoid(q.g), q.y), "L10", "The sigmoid is applied to g once more.", "g にもう一度シグモイドを適用しています。"),
        _slip("loss-squared", "loss", lambda q, v: ERROR["squared_error"](q.g, q.y), "L10", "This is the squared error.", "二乗誤差になっています。"),
    ],
    "squared_error": [
        BOTH[0],
        _slip("root", "loss", lambda q, v: np.sqrt(v), "L8", "There is a square root too many.", "余分な平方根が付いています。", True),
        _slip("absolute", "loss", lambda q, v: np.abs(q.g - q.y).sum(-1), "L8", "This is the absolute error: the square is missing.", "絶対誤差になっています。2 乗が抜けています。"),
        _slip("square-missing", "loss", lambda q, v: (q.g - q.y).sum(-1), "L8", "The square is missing.", "2 乗が抜けています。"),
        _slip("square-of-sum", "loss", lambda q, v: (q.g - q.y).sum(-1) ** 2, "L8", "This is the square of the sum; it must be the sum of the squares.", "和の 2 乗になっています。正しくは 2 乗の和です。"),
        _slip("plus-for-minus", "loss", lambda q, v: ((q.g + q.y) ** 2).sum(-1), "L8", "This is (y + g)², where (y − g)² belongs.", "(y − g)² でなく (y + g)² になっています。"),
        _slip("sum-missing", "loss", lambda q, v: (q.g - q.y) ** 2, "L8", "The sum over the outputs is missing.", "出力についての和がありません。"),
    ],
}  # fmt: skip
LOSS_SLIPS["mean_squared_error"] = [
    _slip("sum-for-mean", "loss", lambda q, v: v * q.g.shape[-1], "L8", "This is the sum, where the mean belongs.", "平均でなく和になっています。", True),
    *LOSS_SLIPS["squared_error"][1:],
]  # fmt: skip


@functools.cache
def slips(kind: Piece) -> tuple[Mistake, ...]:
    """The known mistakes in such a function."""
    if kind.kind == "loss":
        return (*LOSS_SLIPS[kind.of], *_any("loss"))
    if kind.kind == "softmax":
        return (*SOFTMAX_SLIPS, *_any("value"))
    step, table = (
        ("value", ACTIVATION_SLIPS)
        if kind.kind == "activation"
        else ("derivative", DERIVATIVE_SLIPS)
    )
    return (*table[kind.of], *_other_functions(kind.of, step), *_any(step))
