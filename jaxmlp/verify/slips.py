"""The slips made in the small functions of the exercise, each of them a formula; see `pieces`."""

import functools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from jaxmlp.activations import HIDDEN
from jaxmlp.verify import given
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.pieces import STAGE, Piece, error_by_name
from jaxmlp.verify.program import Change, Mistake, Quantities, mistake

# Wrong of x, and right of f(x).
FROM_OUTPUT = frozenset(("sigmoid-slope-of-x", "tanh-slope-of-x"))
TAKES_OUTPUT = Note("takes-output", Words(
    "takes f(x), not x: f' in terms of f",
    "x でなく f(x) を受け取り、f' を f で表しています"))  # fmt: skip
sigmoid = given.F["sigmoid"]
# An id; what is done at q in place of v, the right value; what is said of it.
Slip = tuple[str, Change, str, str]
# What acts on the right value, whatever that is, and so combines with another.
KEEP = frozenset("sign times-2 times-half loss-mean log10 log2 root sum-for-mean".split())
EQUATION = {
    "activation": "L5", "derivative": "L7", "softmax": "L6", "cross_entropy": "L9",
    "binary_cross_entropy": "L10", "squared_error": "L8", "mean_squared_error": "L8",
}  # fmt: skip
ANY: tuple[Slip, ...] = (
    ("sign", lambda q, v: -v, "The sign is the opposite.", "符号が逆です。"),
    ("times-2", lambda q, v: 2 * v,
        "There is a factor 2 too many.", "余分な係数 2 が付いています。"),
    ("times-half", lambda q, v: v / 2,
        "There is a factor ½ too many (L8 has none).", "余分な ½ が付いています (L8 にはありません)。"),
)  # fmt: skip


def _other_functions(of: str, step: str) -> list[Mistake]:
    """f for f', f' for f, and those of another activation."""
    words = {"value": ("f", "f"), "derivative": ("f'", "f' (微分)")}
    own, other = ("value", "derivative") if step == "value" else ("derivative", "value")
    same, swap = (given.F, given.SLOPE) if step == "value" else (given.SLOPE, given.F)
    equation = EQUATION["activation" if step == "value" else "derivative"]

    def of_u(f: given.Function) -> Change:
        return lambda q, v: f(q.u)

    return [
        mistake(f"{other}-for-{own}", step, of_u(swap[of]), EQUATION["derivative"],
                f"This is {words[other][0]}, where {words[own][0]} belongs.",
                f"{words[own][1]} のところに {words[other][1]} を書いています。"),
        *(mistake("of-another", step, of_u(same[name]), equation,
                  f"This is {words[own][0]} of {name}, not of {of}.",
                  f"{of} でなく {name} の {words[own][1]} です。")
          for name in HIDDEN if name != of),
    ]  # fmt: skip


def _share(values: np.ndarray, axis: int) -> np.ndarray:
    return values / values.sum(axis=axis, keepdims=True)


def _fitted(q: Quantities, floor: Callable, *, binary: bool = False) -> np.ndarray:
    """L9 or L10 with g made larger by an ε, which is read off at the first point, where g is small."""

    def loss(epsilon: float) -> np.ndarray:
        second = (1 - q.y) * np.log(floor(1 - q.g, epsilon)) if binary else 0
        return -(q.y * np.log(floor(q.g, epsilon)) + second).sum(-1)

    epsilon = 1e-10
    for _ in range(6):
        epsilon *= np.exp(loss(epsilon)[0] - np.ravel(q.claimed)[0])
    if not 0 < epsilon < 0.1:  # that of NaN would reproduce NaN
        raise ValueError(f"expected a small ε, got {epsilon}")
    return loss(epsilon)


LOG_EPSILON = ("there is an ε inside the logarithm, log(g + ε), which moves E where g is near 0; a stable softmax needs none",
           "対数の中に ε が足されており (log(g + ε))、g が 0 に近いと E の値が変わります。ソフトマックスが数値的に安定なら不要です")  # fmt: skip
CLIP = ("g is clipped before the logarithm, which moves E where g is near 0; a stable softmax needs none of it",
        "対数の前に g が切り詰められており (clip)、g が 0 に近いと E の値が変わります。ソフトマックスが数値的に安定なら不要です")  # fmt: skip
MEAN: Slip = ("loss-mean", lambda q, v: v / q.g.shape[-1], "E is a mean over the outputs; it must be their sum.", "出力についての平均になっています。E は和です。")  # fmt: skip
BASES: tuple[Slip, ...] = (
    ("log10", lambda q, v: v / np.log(10), "This is the logarithm to base 10; the natural one belongs here.", "常用対数 (底 10) になっています。自然対数を使います。"),
    ("log2", lambda q, v: v / np.log(2), "This is the logarithm to base 2; the natural one belongs here.", "底 2 の対数になっています。自然対数を使います。"),
)  # fmt: skip
SLIPS: dict[Piece, tuple[Slip, ...]] = {
    Piece("activation", "relu"): (
        ("relu-abs", lambda q, v: np.abs(q.u), "This is |x|; ReLU is 0 for x ≤ 0.", "|x| になっています。ReLU は x ≤ 0 で 0 です。"),
        ("relu-min", lambda q, v: np.minimum(q.u, 0), "This is min(0, x), where max(0, x) belongs.", "max(0, x) でなく min(0, x) になっています。"),
        ("relu-leaky", lambda q, v: np.where(q.u > 0, q.u, 0.01 * q.u), "This is the leaky ReLU, with slope 0.01 for x < 0.", "x < 0 で傾き 0.01 の Leaky ReLU になっています。"),
        ("relu-integers", lambda q, v: np.where(q.u[..., :1] > 0, v, np.trunc(v)), "The values are cut to whole numbers wherever the first x is not above 0: np.vectorize takes its type from the first value, an int 0. Give back 0.0.", "先頭の x が 0 以下のとき、値が整数に切り捨てられます。np.vectorize は先頭の値 (整数の 0) の型に合わせるためです。0.0 を返します。"),
        ("relu-of-1", lambda q, v: np.maximum(q.u, 1), "This is max(1, x), where max(0, x) belongs.", "max(0, x) でなく max(1, x) になっています。"),
    ),
    Piece("activation", "sigmoid"): (
        ("sigmoid-of-minus", lambda q, v: sigmoid(-q.u), "The sign in the exponent is wrong: 1/(1 + eˣ) for 1/(1 + e⁻ˣ).", "指数の符号が逆です (1/(1 + e⁻ˣ) でなく 1/(1 + eˣ))。"),
        ("sigmoid-minus", lambda q, v: 1 / (1 - np.exp(-q.u)), "The denominator has 1 − e⁻ˣ, where 1 + e⁻ˣ belongs.", "分母が 1 + e⁻ˣ でなく 1 − e⁻ˣ になっています。"),
        ("sigmoid-1-outside", lambda q, v: 1 / 1 + np.exp(-q.u), "Parentheses are missing: 1/1 + e⁻ˣ for 1/(1 + e⁻ˣ).", "括弧が抜けています (1/(1 + e⁻ˣ) でなく 1/1 + e⁻ˣ)。"),
        ("sigmoid-inverse", lambda q, v: 1 + np.exp(-q.u), "The reciprocal is missing: 1 + e⁻ˣ for 1/(1 + e⁻ˣ).", "逆数になっていません (1/(1 + e⁻ˣ) でなく 1 + e⁻ˣ)。"),
    ),
    Piece("activation", "tanh"): (
        ("tanh-upside-down", lambda q, v: 1 / np.tanh(q.u), "Numerator and denominator are exchanged.", "分子と分母が逆です。"),
        ("tanh-half", lambda q, v: np.tanh(q.u / 2), "This is tanh(x/2) = (1 − e⁻ˣ)/(1 + e⁻ˣ).", "tanh(x/2) = (1 − e⁻ˣ)/(1 + e⁻ˣ) になっています。"),
        ("tanh-double", lambda q, v: np.tanh(2 * q.u), "This is tanh(2x).", "tanh(2x) になっています。"),
        ("tanh-sinh", lambda q, v: np.sinh(q.u), "This is sinh x = (eˣ − e⁻ˣ)/2: the denominator eˣ + e⁻ˣ is missing.", "sinh x になっています。分母の eˣ + e⁻ˣ が抜けています。"),
        ("tanh-sinh", lambda q, v: 2 * np.sinh(q.u), "The denominator eˣ + e⁻ˣ is missing.", "分母の eˣ + e⁻ˣ が抜けています。"),
    ),
    Piece("derivative", "relu"): (
        ("relu-slope-reversed", lambda q, v: (q.u < 0) * 1.0, "This is 1 for x < 0; it must be 1 for x > 0.", "x < 0 で 1 になっています。1 になるのは x > 0 です。"),
        ("relu-slope-sign", lambda q, v: np.sign(q.u), "This is −1 for x < 0, where 0 belongs.", "x < 0 で −1 になっています。正しくは 0 です。"),
        ("relu-slope-x", lambda q, v: q.u, "This is x itself.", "x そのものになっています。"),
        ("relu-slope-of-1", lambda q, v: (q.u > 1) * 1.0, "The threshold is 1, where 0 belongs.", "境界が 0 でなく 1 になっています。"),
        ("relu-slope-leaky", lambda q, v: np.where(q.u > 0, 1, 0.01), "This is the slope of the leaky ReLU, 0.01 for x < 0.", "x < 0 で 0.01 の、Leaky ReLU の微分です。"),
    ),
    Piece("derivative", "sigmoid"): (
        ("sigmoid-slope-of-x", lambda q, v: q.u * (1 - q.u), "This is x(1 − x): f(x)(1 − f(x)) with x where f(x) belongs.", "f(x)(1 − f(x)) の f(x) が x になっています (x(1 − x))。"),
        ("sigmoid-slope-plus", lambda q, v: sigmoid(q.u) * (1 + sigmoid(q.u)), "This is f(1 + f), where f(1 − f) belongs.", "f(1 − f) でなく f(1 + f) になっています。"),
        ("sigmoid-slope-square", lambda q, v: 1 - sigmoid(q.u) ** 2, "This is 1 − f²: the rule of tanh.", "1 − f² (tanh の公式) になっています。"),
        ("sigmoid-slope-f2", lambda q, v: sigmoid(q.u) ** 2, "This is f², where f(1 − f) belongs.", "f(1 − f) でなく f² になっています。"),
        ("sigmoid-slope-1-f", lambda q, v: 1 - sigmoid(q.u), "This is 1 − f: the factor f is missing.", "1 − f になっています。f を掛けます。"),
        ("sigmoid-slope-exp", lambda q, v: np.exp(-q.u) / (1 + np.exp(-q.u)), "The square of the denominator is missing.", "分母の 2 乗が抜けています。"),
        ("slope-twice", lambda q, v: given.SLOPE["sigmoid"](sigmoid(q.u)), "f' is taken at f(x), where x belongs.", "x でなく f(x) での微分になっています。"),
    ),
    Piece("derivative", "tanh"): (
        ("tanh-slope-square-missing", lambda q, v: 1 - np.tanh(q.u), "The square is missing: 1 − f for 1 − f².", "2 乗が抜けています (1 − f² でなく 1 − f)。"),
        ("tanh-slope-plus", lambda q, v: 1 + np.tanh(q.u) ** 2, "This is 1 + f², where 1 − f² belongs.", "1 − f² でなく 1 + f² になっています。"),
        ("tanh-slope-of-x", lambda q, v: 1 - q.u**2, "This is 1 − x²: x stands where f(x) belongs.", "1 − f(x)² の f(x) が x になっています。"),
        ("tanh-slope-sigmoid-rule", lambda q, v: np.tanh(q.u) * (1 - np.tanh(q.u)), "This is f(1 − f): the rule of the sigmoid.", "f(1 − f) (シグモイドの公式) になっています。"),
        ("tanh-slope-inverse", lambda q, v: np.cosh(q.u) ** 2, "This is cosh²; its reciprocal belongs here.", "cosh² になっています。その逆数が正しい値です。"),
        ("tanh-slope-cosh", lambda q, v: 1 / np.cosh(q.u), "The square is missing: 1/cosh for 1/cosh².", "2 乗が抜けています (1/cosh² でなく 1/cosh)。"),
        ("tanh-slope-double-square", lambda q, v: (1 - np.tanh(q.u)) ** 2, "This is (1 − f)², where 1 − f² belongs.", "1 − f² でなく (1 − f)² になっています。"),
        ("slope-twice", lambda q, v: given.SLOPE["tanh"](np.tanh(q.u)), "f' is taken at f(x), where x belongs.", "x でなく f(x) での微分になっています。"),
    ),
    Piece("softmax", "softmax"): (
        ("softmax-not-divided", lambda q, v: np.exp(q.u), "The exponentials are not divided by their sum.", "指数関数の和で割っていません。"),
        ("softmax-not-divided", lambda q, v: np.exp(q.u - q.u.max(-1, keepdims=True)), "The exponentials are not divided by their sum.", "指数関数の和で割っていません。"),
        ("softmax-wrong-axis", lambda q, v: _share(np.exp(q.u), -2), "The sum runs over the wrong axis, the samples: it must run over the outputs.", "和を取る軸が違います。サンプルでなく出力について和を取ります。"),
        ("softmax-keepdims", lambda q, v: np.exp(q.u) / np.exp(q.u).sum(-1)[..., None, :], "The sums of the rows divide the columns: keepdims=True is missing.", "行の和で列を割っています (keepdims=True が抜けています)。"),
        ("softmax-whole-batch", lambda q, v: np.exp(q.u) / np.exp(q.u).sum((-1, -2), keepdims=True), "The sum runs over the whole batch: it must run over the outputs of each sample.", "バッチ全体で和を取っています。サンプルごとに出力について和を取ります。"),
        ("softmax-of-minus", lambda q, v: _share(np.exp(-q.u), -1), "The sign in the exponent is wrong: e⁻ˣ for eˣ.", "指数の符号が逆です (eˣ でなく e⁻ˣ)。"),
        ("softmax-without-exp", lambda q, v: _share(q.u, -1), "The exponential is missing: x is divided by the sum of x.", "指数関数が抜けています (x を x の和で割っています)。"),
        ("softmax-log", lambda q, v: np.log(v), "This is the logarithm of softmax.", "ソフトマックスの対数になっています。"),
        ("softmax-over-max", lambda q, v: np.exp(q.u) / np.exp(q.u).max(-1, keepdims=True), "The exponentials are divided by their maximum; it must be their sum.", "和でなく最大値で割っています。"),
        ("softmax-over-mean", lambda q, v: np.exp(q.u) / np.exp(q.u).mean(-1, keepdims=True), "The exponentials are divided by their mean; it must be their sum.", "和でなく平均で割っています。"),
        ("softmax-sigmoid", lambda q, v: sigmoid(q.u), "This is the sigmoid of each entry: softmax divides by the sum over all.", "成分ごとのシグモイドになっています。ソフトマックスは全体の和で割ります。"),
        ("softmax-base-2", lambda q, v: _share(2.0**q.u, -1), "The base is 2, where e belongs.", "底が e でなく 2 になっています。"),
        ("softmax-shift-inside", lambda q, v: np.exp(q.u - q.u.max(-1, keepdims=True)) / np.exp(q.u).sum(-1, keepdims=True), "Only the numerator is shifted by the maximum: the denominator must be, too.", "分子だけから最大値を引いています。分母も同じようにします。"),
        ("softmax-shift-inside", lambda q, v: np.exp(q.u) / np.exp(q.u - q.u.max(-1, keepdims=True)).sum(-1, keepdims=True), "Only the denominator is shifted by the maximum: the numerator must be, too.", "分母だけから最大値を引いています。分子も同じようにします。"),
        ("softmax-not-summed", lambda q, v: np.ones_like(q.u), "Each exponential is divided by itself: the sum is missing.", "指数関数をそれ自身で割っています。和を取る必要があります。"),
    ),
    Piece("loss", "cross_entropy"): (
        MEAN, *BASES,
        ("log-eps", lambda q, v: _fitted(q, np.add), *LOG_EPSILON),
        ("log-clip", lambda q, v: _fitted(q, np.maximum), *CLIP),
        ("g-y-exchanged", lambda q, v: -(q.g * np.log(q.y)).sum(-1), "g and y are exchanged: −Σ g log y for −Σ y log g.", "g と y が入れ替わっています (−Σ y log g でなく −Σ g log y)。"),
        ("sum-missing", lambda q, v: -(q.y * np.log(q.g)), "The sum over the outputs is missing: E is one number.", "出力についての和がありません。E は 1 つの数です。"),
        ("y-missing", lambda q, v: -np.log(q.g).sum(-1), "The factor y is missing: −Σ log g.", "y が掛かっていません (−Σ log g)。"),
        ("log-missing", lambda q, v: -(q.y * q.g).sum(-1), "The logarithm is missing: −Σ y g.", "対数がありません (−Σ y g)。"),
        ("loss-binary", lambda q, v: error_by_name("binary_cross_entropy", q.g, q.y), "The terms (1 − y) log(1 − g) are those of L10: with softmax, E is −Σ y log g.", "(1 − y) log(1 − g) は L10 の項です。ソフトマックスでは E = −Σ y log g です。"),
        ("loss-squared", lambda q, v: error_by_name("squared_error", q.g, q.y), "This is the squared error.", "二乗誤差になっています。"),
        ("log-of-1-plus", lambda q, v: -(q.y * np.log(1 + q.g)).sum(-1), "This is log(1 + g), where log g belongs.", "log g でなく log(1 + g) になっています。"),
        ("log-of-softmax", lambda q, v: -(q.y * np.log(given.softmax(q.g))).sum(-1), "Softmax is applied to g once more.", "g にもう一度ソフトマックスを適用しています。"),
    ),
    Piece("loss", "binary_cross_entropy"): (
        MEAN, *BASES,
        ("log-eps", lambda q, v: _fitted(q, np.add, binary=True), *LOG_EPSILON),
        ("log-clip", lambda q, v: _fitted(q, np.maximum, binary=True), *CLIP),
        ("second-term-missing", lambda q, v: -(q.y * np.log(q.g)).sum(-1), "The term (1 − y) log(1 − g) is missing.", "(1 − y) log(1 − g) の項がありません。"),
        ("second-term-sign", lambda q, v: (-q.y * np.log(q.g) + (1 - q.y) * np.log(1 - q.g)).sum(-1), "The sign of the second term, (1 − y) log(1 − g), is wrong.", "第 2 項 (1 − y) log(1 − g) の符号が逆です。"),
        ("second-term-g", lambda q, v: -(q.y * np.log(q.g) + (1 - q.y) * np.log(q.g)).sum(-1), "The second term has log g, where log(1 − g) belongs.", "第 2 項が log(1 − g) でなく log g になっています。"),
        ("sum-missing", lambda q, v: -(q.y * np.log(q.g) + (1 - q.y) * np.log(1 - q.g)), "The sum over the outputs is missing.", "出力についての和がありません。"),
        ("of-sigmoid", lambda q, v: error_by_name("binary_cross_entropy", sigmoid(q.g), q.y), "The sigmoid is applied to g once more.", "g にもう一度シグモイドを適用しています。"),
        ("loss-squared", lambda q, v: error_by_name("squared_error", q.g, q.y), "This is the squared error.", "二乗誤差になっています。"),
    ),
    Piece("loss", "squared_error"): (
        MEAN,
        ("root", lambda q, v: np.sqrt(v), "There is a square root too many.", "余分な平方根が付いています。"),
        ("absolute", lambda q, v: np.abs(q.g - q.y).sum(-1), "This is the absolute error: the square is missing.", "絶対誤差になっています。2 乗が抜けています。"),
        ("square-missing", lambda q, v: (q.g - q.y).sum(-1), "The square is missing.", "2 乗が抜けています。"),
        ("square-of-sum", lambda q, v: (q.g - q.y).sum(-1) ** 2, "This is the square of the sum; it must be the sum of the squares.", "和の 2 乗になっています。正しくは 2 乗の和です。"),
        ("plus-for-minus", lambda q, v: ((q.g + q.y) ** 2).sum(-1), "This is (y + g)², where (y − g)² belongs.", "(y − g)² でなく (y + g)² になっています。"),
        ("sum-missing", lambda q, v: (q.g - q.y) ** 2, "The sum over the outputs is missing.", "出力についての和がありません。"),
    ),
}  # fmt: skip
SQUARED_ERROR_SLIPS: tuple[Slip, ...] = (
    ("plus-for-minus", lambda q, v: q.g + q.y, "This is g + y; it should be g − y.", "g − y でなく y + g になっています。"),
    ("error-for-slope", lambda q, v: (q.g - q.y) ** 2, "This is the error itself, (g − y)²: its derivative belongs here.", "誤差 (g − y)² そのものになっています。その微分が正しい値です。"),
    ("absolute", lambda q, v: np.sign(q.g - q.y), "This is the derivative of the absolute error.", "絶対誤差の微分になっています。"),
)  # fmt: skip
SLIPS[Piece("loss-slope", "squared_error")] = SLIPS[Piece("loss-slope", "mean_squared_error")] = (
    SQUARED_ERROR_SLIPS
)
SLIPS[Piece("loss-slope", "cross_entropy")] = (
    ("error-for-slope", lambda q, v: -q.y * np.log(q.g), "This is the error itself, −y log g: its derivative, −y/g, belongs here.", "誤差 −y log g そのものになっています。その微分 −y/g が正しい値です。"),
    ("g-missing", lambda q, v: -q.y, "The division by g is missing: −y instead of −y/g.", "g で割っていません (−y/g でなく −y)。"),
    ("y-missing", lambda q, v: -1 / q.g, "The factor y is missing: −1/g instead of −y/g.", "y が掛かっていません (−y/g でなく −1/g)。"),
)  # fmt: skip
SLIPS[Piece("loss-slope", "binary_cross_entropy")] = (
    ("second-term-sign", lambda q, v: -q.y / q.g - (1 - q.y) / (1 - q.g), "The sign of the second term is wrong: + (1 − y)/(1 − g) belongs here.", "第 2 項の符号が逆です。正しくは + (1 − y)/(1 − g) です。"),
    ("second-term-missing", lambda q, v: -q.y / q.g, "The term (1 − y)/(1 − g) is missing.", "(1 − y)/(1 − g) の項がありません。"),
    ("second-term-g", lambda q, v: -q.y / q.g + (1 - q.y) / q.g, "The second term is divided by g, where 1 − g belongs.", "第 2 項を 1 − g でなく g で割っています。"),
    ("error-for-slope", lambda q, v: -q.y * np.log(q.g) - (1 - q.y) * np.log(1 - q.g), "This is the error itself: its derivative belongs here.", "誤差そのものになっています。その微分が正しい値です。"),
    ("g-missing", lambda q, v: (q.g - q.y) / q.g, "This is (g − y)/g, where (g − y)/(g(1 − g)) belongs.", "(g − y)/(g(1 − g)) でなく (g − y)/g になっています。"),
)  # fmt: skip
SLIPS[Piece("loss", "mean_squared_error")] = (
    ("sum-for-mean", lambda q, v: v * q.g.shape[-1], "This is the sum, where the mean belongs.", "平均でなく和になっています。"),
    *SLIPS[Piece("loss", "squared_error")][1:],
)  # fmt: skip


@functools.cache
def slips(kind: Piece) -> tuple[Mistake, ...]:
    """The known mistakes in such a function."""
    step, equation = STAGE[kind.kind], EQUATION.get(kind.of, EQUATION.get(kind.kind, ""))

    def made(rows: Iterable[Slip], equation: str) -> Iterator[Mistake]:
        for id, formula, en, ja in rows:
            yield mistake(id, step, formula, equation, en, ja, id in KEEP)

    others = _other_functions(kind.of, step) if kind.of in given.F else []
    any_factor = () if kind.kind == "loss-slope" else ANY
    return (*made(SLIPS.get(kind, ()), equation), *others, *made(any_factor, ""))


def wants_output(check: Check) -> bool:
    """Whether it is wrong as a derivative of x, and would be right of f(x)."""
    return any(note.id in FROM_OUTPUT for note in check.diagnosis)


def of_output(check: Check) -> Check:
    """A derivative that is right, since what it is given is f(x)."""
    return Check(check.name, check.stage, "right", check.line, remarks=(TAKES_OUTPUT,))
