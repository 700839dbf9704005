"""The derivation as steps, and the known mistakes in it, each of them a formula.

Everything acts on many points at once: x is (points, n, d+1), with its 1, W is (points, q, d+1),
V is (points, m, q+1), and what follows from them likewise.
"""

import functools
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import no_type_check

import jax
import numpy as np

from jaxmlp import losses
from jaxmlp.activations import HIDDEN, OUTPUTS
from jaxmlp.losses import LOSSES
from jaxmlp.network import Network
from jaxmlp.verify import given
from jaxmlp.verify.finding import Words
from jaxmlp.verify.layouts import with_one
from jaxmlp.verify.program import Mistake, Program, Quantities

INPUTS = ("W", "V", "x", "y")

STEPS = {
    "u": lambda q: q.x @ q.W.mT,
    "fu": lambda q: q.by.f(q.u),
    "z": lambda q: with_one(q.fu) if q.bias else q.fu,
    "a": lambda q: q.z @ q.V.mT,
    "g": lambda q: q.by.g(q.a),
    "delta2": lambda q: q.by.delta2(q.a, q.y),
    "share": lambda q: np.full((len(q.x), 1, 1), 1 / q.x.shape[1] if q.mean else 1.0),
    "dV": lambda q: q.delta2.mT @ q.z * q.share,
    "V_tilde": lambda q: q.V[..., int(q.bias) :],
    "slope": lambda q: q.by.slope(q.u),
    "delta1": lambda q: q.delta2 @ q.V_tilde * q.slope,
    "dW": lambda q: q.delta1.mT @ q.x * q.share,
}
USES = {
    "u": ("x", "W"),
    "fu": ("u",),
    "z": ("fu",),
    "a": ("z", "V"),
    "g": ("a",),
    "delta2": ("a", "y"),
    "share": (),
    "dV": ("delta2", "z", "share"),
    "V_tilde": ("V", "dV"),  # dV, since V may have been updated too early
    "slope": ("u",),
    "delta1": ("delta2", "V_tilde", "slope"),
    "dW": ("delta1", "x", "share"),
}
DERIVATION = Program(STEPS, USES, INPUTS)


@functools.cache
def functions(network: Network) -> SimpleNamespace:
    """f, f', g, δ2 of a network, and the parts of δ2, as functions of NumPy arrays."""
    f, g, e = network.hidden, network.output, network.loss
    if HIDDEN.get(f.name) is f and OUTPUTS.get(g.name) is g and LOSSES.get(e.name) is e:
        return SimpleNamespace(
            f=given.F[f.name],
            slope=given.SLOPE[f.name],
            g=given.G[g.name],
            pullback=given.PULLBACK[g.name],
            dE=given.D_ERROR[e.name],
            delta2=functools.partial(given.delta2, g.name, e.name),
            network=network,
        )
    return SimpleNamespace(
        f=numpy_call(f.value),
        slope=numpy_call(lambda u: jax.vmap(jax.grad(f.value))(u.ravel()).reshape(u.shape)),
        g=numpy_call(g.value),
        pullback=numpy_call(g.pullback),
        dE=numpy_call(e.derivative),
        delta2=numpy_call(lambda a, y: losses.delta2(g, e, a, y)),
        network=network,
    )


def numpy_call(function: Callable) -> Callable:
    """A function of JAX arrays as one of NumPy arrays, in float64."""
    jitted = jax.jit(function)

    def call(*args: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            return np.asarray(jitted(*args))

    return call


def _g_diagonal(q: Quantities) -> np.ndarray:
    """The diagonal of g's Jacobian at a: for g element by element, g'(a)."""
    ones = np.eye(q.a.shape[-1])
    return np.stack([q.by.pullback(q.a, np.broadcast_to(e, q.a.shape)) for e in ones], -1)[
        ..., range(len(ones)), range(len(ones))
    ]


def _updated_V(q: Quantities, dV: np.ndarray) -> np.ndarray:
    return (q.V - q.eta * dV)[..., int(q.bias) :]


def bias_zeroed(d: np.ndarray) -> np.ndarray:
    """A matrix, or many, with zeros in the bias column."""
    return np.concatenate([np.zeros_like(d[..., :1]), d[..., 1:]], axis=-1)


def _last(d: np.ndarray) -> np.ndarray:
    return np.concatenate([d[..., 1:], d[..., :1]], axis=-1)


@no_type_check  # run by the million
def _scaled_apart(q, d, *, bias=1, weights=1):
    if not q.bias:
        return d
    return np.concatenate([bias * d[..., :1], weights * d[..., 1:]], axis=-1)


SYMBOL = {
    "delta2": "δ2",
    "delta1": "δ1",
    "dV": "∂E/∂V",
    "dW": "∂E/∂W",
    "share": "∂E/∂V, ∂E/∂W",
}
HOME = {"delta2": "L15", "delta1": "L22", "dV": "L15", "dW": "L20", "share": "L12"}


def _scaled(step: str, id: str, factor: Callable, en: str, ja: str) -> Mistake:
    """A factor on one of the four stages; `…` in the words stands for its symbol."""
    words = Words(en.replace("…", SYMBOL[step]), ja.replace("…", SYMBOL[step]))
    return Mistake(id, step, lambda q, v: v * factor(q), words, HOME[step], keeps=True)


def _sign(step: str) -> Mistake:
    return _scaled(step, "sign", lambda q: 1 if q.update else -1,
                   "… has the opposite sign.", "… の符号が逆です。")  # fmt: skip


def _factors(step: str) -> list[Mistake]:
    """A factor too many."""
    return [
        _scaled(step, "times-2", lambda q: 2,
                "… is twice what it should be: there is a factor 2 too many.",
                "… が 2 倍になっています。余分な係数 2 が付いています。"),
        _scaled(step, "times-half", lambda q: 0.5,
                "… is half of what it should be: a factor 2 is missing, or a ½ is too many"
                " (the squared error of L8 has no ½).",
                "… が半分になっています。係数 2 が抜けているか、余分な ½ が付いています"
                " (L8 の二乗誤差に ½ はありません)。"),
        _scaled(step, "times-m", lambda q: q.y.shape[-1],
                "… is m times what it should be, m the number of outputs.",
                "… が m 倍 (m は出力の数) になっています。"),
        _scaled(step, "over-m", lambda q: 1 / q.y.shape[-1],
                "… is divided by m, the number of outputs: E is a sum over the outputs, no mean.",
                "… が出力の数 m で割られています。E は出力についての和で、平均ではありません。"),
    ]  # fmt: skip


def _per_sample(step: str) -> list[Mistake]:
    """n too often or not often enough."""
    return [
        _scaled(step, "times-n", lambda q: q.y.shape[-2],
                "… is n times what it should be, n the number of samples.",
                "… が n 倍 (n はサンプル数) になっています。"),
        _scaled(step, "over-n", lambda q: 1 / q.y.shape[-2],
                "… is divided by n, the number of samples, once too often.",
                "… がサンプル数 n で 1 回余分に割られています。"),
    ]  # fmt: skip


def _reduced(step: str) -> list[Mistake]:
    """Sum and mean over the samples, and the step along the gradient."""
    times_n, over_n = _per_sample(step)
    return [
        _scaled(step, "sum-for-mean", lambda q: q.y.shape[-2] if q.mean else 1,
                "… is the sum over the samples, where the mean belongs: divide by n.",
                "… がサンプルについての和になっています。平均にするには n で割ります。"),
        _scaled(step, "mean-for-sum", lambda q: 1 if q.mean else 1 / q.y.shape[-2],
                "… is the mean over the samples, where the sum belongs: do not divide by n.",
                "… がサンプルについての平均になっています。和にするには n で割りません。"),
        replace(times_n, formula=lambda q, v: v if q.mean else times_n.formula(q, v)),
        replace(over_n, formula=lambda q, v: over_n.formula(q, v) if q.mean else v),
        _scaled(step, "ascent", lambda q: -1 if q.update else 1,
                "The step goes uphill, along +η times …; it must go along −η times the gradient.",
                "更新が E の増える向き (+η × …) になっています。−η × 勾配の向きに更新します。"),
        _scaled(step, "eta-missing", lambda q: 1 / q.eta,
                "The step has no η: it must be −η times ….",
                "更新に η が掛かっていません。−η × (…) でなければなりません。"),
        _scaled(step, "eta-twice", lambda q: q.eta,
                "The step is multiplied by η twice (…).", "更新に η が 2 回掛かっています (…)。"),
    ]  # fmt: skip


def _shapes(step: str, other: str) -> list[Mistake]:
    """What can happen to the matrix ∂E/∂V or ∂E/∂W = (delta)(input)ᵀ."""
    source, t = {"dV": ("delta2", "z"), "dW": ("delta1", "x")}[step]
    s, delta, e = SYMBOL[step], SYMBOL[source], HOME[step]

    def mistake(id, formula, en, ja):
        return Mistake(id, step, formula, Words(en, ja), e, keeps=True)

    return [
        mistake("bias-zeroed", lambda q, d: bias_zeroed(d) if q.bias else d,
                f"The bias column of {s} (column 0) is zero: its gradient is that of the 1 in front of {t}.",
                f"{s} のバイアスの列 (第 0 列) が 0 です。{t} の先頭の 1 に対する勾配が入ります。"),
        mistake("bias-times-n", lambda q, d: _scaled_apart(q, d, bias=q.y.shape[-2]),
                f"The bias column of {s} (column 0) is n times what it should be, n the number of samples; the weights are not.",
                f"{s} のバイアスの列 (第 0 列) だけが n 倍 (n はサンプル数) になっています。"),
        mistake("bias-over-n", lambda q, d: _scaled_apart(q, d, bias=1 / q.y.shape[-2]),
                f"The bias column of {s} (column 0) is divided by n, the number of samples, once too often; the weights are not.",
                f"{s} のバイアスの列 (第 0 列) だけがサンプル数 n で 1 回余分に割られています。"),
        mistake("weights-times-n", lambda q, d: _scaled_apart(q, d, weights=q.y.shape[-2]),
                f"{s} is n times what it should be, n the number of samples, but for its bias column (column 0), which is right.",
                f"{s} がバイアスの列 (第 0 列) 以外で n 倍 (n はサンプル数) になっています。"),
        mistake("weights-over-n", lambda q, d: _scaled_apart(q, d, weights=1 / q.y.shape[-2]),
                f"{s} is divided by n, the number of samples, once too often, but for its bias column (column 0), which is right.",
                f"{s} がバイアスの列 (第 0 列) 以外でサンプル数 n で 1 回余分に割られています。"),
        mistake("bias-times-2", lambda q, d: _scaled_apart(q, d, bias=2),
                f"The bias column of {s} (column 0) is twice what it should be: was it added twice?",
                f"{s} のバイアスの列 (第 0 列) が 2 倍になっています。2 回足していませんか。"),
        mistake("bias-shape", lambda q, d: np.concatenate([np.full_like(d[..., :1], np.nan), d[..., 1:]], -1) if q.bias else d,
                f"The gradient of the biases in {s} has not the shape of the biases: it must be summed over the samples, each unit by itself.",
                f"{s} のバイアスの勾配の形がバイアスと合いません。ユニットごとに、サンプルについて和を取ります。"),
        mistake("bias-last", lambda q, d: _last(d) if q.bias else d,
                f"The bias column of {s} is the last one; it belongs in front, where the 1 of {t} is.",
                f"{s} のバイアスの列が最後にあります。{t} の 1 は先頭なので、第 0 列に置きます。"),
        mistake(f"{t}-without-1", lambda q, d: d[..., 1:] if q.bias else d,
                f"{s} has no bias column: {t} was taken without the 1 in front.",
                f"{s} にバイアスの列がありません。先頭の 1 のない {t} を使っています。"),
        Mistake("means-first", step,
                lambda q, d: (getattr(q, source).sum(1)[..., :, None]
                              @ getattr(q, t).mean(1)[..., None, :]) * q.share,
                Words(f"{s} is the product of means over the samples; it must be the mean of the products.",
                      f"{s} が「平均の積」になっています。「積の平均」でなければなりません。"), e),
        Mistake(f"{other}-for-{t}", step,
                lambda q, d: getattr(q, source).mT @ getattr(q, other) * q.share,
                Words(f"{s} is {delta} times {other}ᵀ, where {t}ᵀ belongs.",
                      f"{s} が {delta}{other}ᵀ になっています。正しくは {delta}{t}ᵀ です。"), e),
        mistake("transposed", lambda q, d: d.mT,
                f"{s} is transposed: the outer product is the wrong way round, {t}{delta}ᵀ for {delta}{t}ᵀ.",
                f"{s} が転置されています。外積の順序が逆です ({delta}{t}ᵀ とすべきところが {t}{delta}ᵀ)。"),
    ]  # fmt: skip


def _forgotten(step: str) -> list[Mistake]:
    """An update that puts the step in place of the parameter, be it ηd or −ηd."""
    p = step[1]

    def words(sign: str) -> Words:
        return Words(
            f"{p} is replaced by {sign}η times {SYMBOL[step]}: the old {p} is missing, {p} − η ({SYMBOL[step]}).",
            f"{p} が {sign}η × ({SYMBOL[step]}) で置き換えられています。元の {p} から引いて {p} − η ({SYMBOL[step]}) とします。",
        )

    @no_type_check
    def formula(q, d, sign):
        return getattr(q, p) / q.eta - sign * d if q.update else d

    return [
        Mistake("old-forgotten", step, functools.partial(formula, sign=sign), words(said), "L12", keeps=True)
        for sign, said in ((1, ""), (-1, "−"))
    ]  # fmt: skip


def _one(id, step, formula, equation, en, ja, keeps=False) -> Mistake:
    return Mistake(id, step, formula, Words(en, ja), equation, keeps)


def _ways(id, step, formulas, equation, en, ja) -> list[Mistake]:
    """One mistake that can be made in several ways."""
    return [_one(id, step, formula, equation, en, ja) for formula in formulas]


def _unless(name: str, formula: Callable) -> Callable:
    """The formula, but nothing where it is about the network's own f."""
    return lambda q, v: v if q.by.network.hidden.name == name else formula(q)


def _other_f(name: str) -> list[Mistake]:
    return [
        _one(
            "other-f",
            "fu",
            _unless(name, lambda q: given.F[name](q.u)),
            "L3",
            f"z is computed with {name}, which is not this network's f.",
            f"z の計算に {name} を使っています。このネットワークの f ではありません。",
        ),
        _one(
            "slope-of-other",
            "slope",
            _unless(name, lambda q: given.SLOPE[name](q.u)),
            "L18",
            f"f' is the derivative of {name}, which is not this network's f.",
            f"f' に {name} の微分を使っています。このネットワークの f の微分ではありません。",
        ),
        _one(
            "slope-of-other",
            "slope",
            _unless(name, lambda q: given.SLOPE[name](q.fu)),
            "L18",
            f"f' is the derivative of {name}, and taken at f(u) instead of u.",
            f"f' に {name} の微分を、しかも u でなく f(u) での値を使っています。",
        ),
    ][: 2 if name == "relu" else 3]  # fmt: skip  (of f(u) above 0 it is 1: f' is missing)


def _slope(id: str, formula: Callable, en: str, ja: str) -> Mistake:
    return _one(id, "slope", lambda q, v: formula(q), "L7", en, ja)


SLOPES = [
    _slope("slope-rule-of-sigmoid", lambda q: q.fu * (1 - q.fu),
           "f' is f(1 − f), which is the rule of the sigmoid alone.", "f' が f(1 − f) になっています。これはシグモイドだけの公式です。"),
    _slope("slope-rule-of-tanh", lambda q: 1 - q.fu**2,
           "f' is 1 − f², which is the rule of tanh alone.", "f' が 1 − f² になっています。これは tanh だけの公式です。"),
    _slope("slope-rule-at-u", lambda q: q.u * (1 - q.u),
           "f' is f(1 − f) with u put in for f(u): u(1 − u).", "f' = f(1 − f) の f(u) に u を入れています (u(1 − u))。"),
    _slope("slope-rule-at-u", lambda q: 1 - q.u**2,
           "f' is 1 − f² with u put in for f(u): 1 − u².", "f' = 1 − f² の f(u) に u を入れています (1 − u²)。"),
    _slope("slope-1-f", lambda q: 1 - q.fu,
           "f' is 1 − f: the factor f, or a square, is missing.", "f' が 1 − f になっています。f を掛けるか、2 乗が抜けています。"),
    _slope("slope-plus", lambda q: 1 + q.fu**2,
           "f' is 1 + f², where 1 − f² belongs.", "f' が 1 − f² でなく 1 + f² になっています。"),
    _slope("slope-plus", lambda q: q.fu * (1 + q.fu),
           "f' is f(1 + f), where f(1 − f) belongs.", "f' が f(1 − f) でなく f(1 + f) になっています。"),
    _slope("slope-reversed", lambda q: (q.u < 0) * 1.0,
           "f' is 1 for u < 0; it must be 1 for u > 0.", "f' が u < 0 で 1 になっています。1 になるのは u > 0 です。"),
    _slope("slope-sign", lambda q: np.sign(q.u),
           "f' is the sign of u, −1 for u < 0.", "f' が u の符号になっています (u < 0 で −1)。"),
]  # fmt: skip


def _g_minus_y(id: str, g: Callable, en: str, ja: str) -> Mistake:
    """δ2 = g − y with a wrong g, for a pair whose δ2 is g − y."""

    def formula(q, v):
        pair = (q.by.network.output.name, q.by.network.loss.name)
        return g(q) - q.y if pair in given.FUSED else v

    return _one(id, "delta2", formula, "L6", en, ja)


def _of_softmax(formula: Callable) -> Callable:
    """What can happen to softmax alone; g where it is another."""
    return lambda q: formula(q) if q.by.network.output.name == "softmax" else q.g


WRONG_G = [
    _g_minus_y("other-g", lambda q: given.sigmoid(q.a) if q.by.network.output.name == "softmax" else q.g,
               "g is the sigmoid of each output, where softmax belongs.", "ソフトマックスでなく、出力ごとのシグモイドになっています。"),
    _g_minus_y("other-g", lambda q: given.softmax(q.a) if q.by.network.output.name == "sigmoid" else q.g,
               "g is softmax, where the sigmoid of each output belongs.", "出力ごとのシグモイドでなくソフトマックスになっています。"),
    _g_minus_y("softmax-not-divided", _of_softmax(lambda q: np.exp(q.a)),
               "The exponentials of softmax are not divided by their sum.", "ソフトマックスの指数関数を、その和で割っていません。"),
    _g_minus_y("softmax-wrong-axis", _of_softmax(lambda q: np.exp(q.a) / np.exp(q.a).sum(-2, keepdims=True)),
               "Softmax is summed over the samples: it must be summed over the outputs of each.",
               "ソフトマックスの和をサンプルについて取っています。サンプルごとに出力について取ります。"),
    _g_minus_y("softmax-whole-batch", _of_softmax(lambda q: np.exp(q.a) / np.exp(q.a).sum((-1, -2), keepdims=True)),
               "Softmax is summed over the whole batch: it must be summed over the outputs of each sample.",
               "ソフトマックスの和をバッチ全体で取っています。サンプルごとに出力について取ります。"),
]  # fmt: skip


def _zero(step: str) -> Mistake:
    return _scaled(
        step,
        "zero",
        lambda q: 0.0,
        "… is zero: it is missing.",
        "… が 0 です。計算されていません。",
    )


def _wrong_loss(name: str) -> Mistake:
    def formula(q, v):
        return q.by.pullback(q.a, given.D_ERROR[name](q.by.g(q.a), q.y))

    return _one("wrong-loss", "delta2", formula, "L15",
                f"δ2 is that of the {name.replace('_', ' ')}, which is not the loss E of this network.",
                f"δ2 が {name} のものになっています。このネットワークの誤差 E ではありません。")  # fmt: skip


CATALOGUE: tuple[Mistake, ...] = (
    # Forward (L3, L27)
    _one("bias-ignored-W", "u", lambda q, v: q.x[..., 1:] @ q.W[..., 1:].mT if q.bias else v, "L3",
         "u = Wx leaves out the bias, column 0 of W.", "u = Wx でバイアス (W の第 0 列) が使われていません。"),
    _one("f-missing", "fu", lambda q, v: q.u, "L27",
         "f is not applied: z = (1, Wx), where z = (1, f(Wx)) belongs.",
         "f が適用されていません。z = (1, Wx) でなく z = (1, f(Wx)) です。"),
    _one("f-twice", "fu", lambda q, v: q.by.f(v), "L27",
         "f is applied twice: z = (1, f(f(Wx))).", "f が 2 回適用されています (z = (1, f(f(Wx))))。"),
    *(m for name in HIDDEN if name != "identity" for m in _other_f(name)),
    _one("1-through-f", "z", lambda q, v: np.concatenate([q.by.f(v[..., :1]), v[..., 1:]], -1) if q.bias else v, "L27",
         "The 1 in front of z went through f: it must stay 1, z = (1, f(Wx)).",
         "z の先頭の 1 にも f が適用されています。1 のまま z = (1, f(Wx)) です。"),
    _one("1-at-the-end", "z", lambda q, v: _last(v) if q.bias else v, "L27",
         "The 1 of z stands at the end; it belongs in front, z = (1, f(Wx)).",
         "z の 1 が最後にあります。先頭に置いて z = (1, f(Wx)) とします。"),
    _one("z-without-1", "z", lambda q, v: q.fu, "L27",
         "z has no 1 in front: z = (1, f(Wx)).", "z の先頭に 1 がありません。z = (1, f(Wx)) です。"),
    _one("bias-ignored-V", "a", lambda q, v: q.fu @ q.V[..., 1:].mT if q.bias else v, "L3",
         "a = Vz leaves out the bias, column 0 of V.", "a = Vz でバイアス (V の第 0 列) が使われていません。"),
    _one("V-transposed-forward", "a", lambda q, v: q.z @ q.V, "L21",
         "a is Vᵀz, as L21 is printed; it must be Vz.",
         "a が Vᵀz になっています (L21 は資料にこう書かれています)。正しくは Vz です。"),
    _one("output-missing", "g", lambda q, v: q.a, "L3",
         "The output activation g is not applied: the output is a = Vz itself.",
         "出力の活性化関数 g が適用されていません。出力が a = Vz そのものです。"),
    *(_one("other-g", "g", functools.partial(lambda q, v, of: of(q.a), of=given.G[name]), "L3",
           f"The output is computed with {name}, which is not this network's g.",
           f"出力の計算に {name} を使っています。このネットワークの g ではありません。")
      for name in given.G if name != "identity"),
    # δ2 (L13 to L15, L23)
    _one("g-y-exchanged", "delta2", lambda q, v: -v, "L15",
         "g and y are exchanged in δ2: its sign is the opposite. δ2 = ∂E/∂a has g − y, not y − g.",
         "δ2 で g と y が入れ替わっており、符号が逆です。δ2 = ∂E/∂a に入るのは y − g でなく g − y です。", keeps=True),
    _one("y-missing", "delta2", lambda q, v: q.g, "L15",
         "δ2 is g itself: the target y is not subtracted.", "δ2 が g そのものです。y が引かれていません。"),
    _one("output-missing", "delta2", lambda q, v: v if np.array_equal(q.g, q.a) else q.a - q.y, "L15",
         "δ2 is a − y: the output activation g is not applied to a = Vz.",
         "δ2 が a − y になっています。a = Vz に出力の活性化関数 g が適用されていません。"),
    _one("output-twice", "delta2", lambda q, v: q.by.delta2(q.g, q.y), "L15",
         "g is applied twice: δ2 is made from g(g(a)), where g(a) belongs, a = Vz.",
         "g が 2 回適用されています。δ2 が g(a) でなく g(g(a)) から計算されています (a = Vz)。"),
    _one("softmax-diagonal", "delta2", lambda q, v: _g_diagonal(q) * q.by.dE(q.g, q.y), "L13",
         "Only the diagonal of the softmax Jacobian was used, as in L13: every output depends on every a.",
         "ソフトマックスのヤコビ行列の対角成分だけを使っています (L13 の誤り)。どの出力もすべての a に依存します。"),
    _one("output-slope-extra", "delta2", lambda q, v: v * _g_diagonal(q), "L23",
         "δ2 has a factor g'(a) too many, as in L23: for this g and E it has cancelled, δ2 = g − y.",
         "δ2 に余分な g'(a) が掛かっています (L23 の誤り)。この g と E では約分されて δ2 = g − y です。", keeps=True),
    _one("output-jacobian-extra", "delta2", lambda q, v: q.by.pullback(q.a, v), "L15",
         "δ2 is multiplied by the Jacobian of g once too often.",
         "δ2 に g のヤコビ行列が 1 回余分に掛かっています。", keeps=True),
    _one("output-slope-missing", "delta2", lambda q, v: q.by.dE(q.g, q.y), "L23",
         "The derivative of g is missing in δ2: δ2 = ∂E/∂a is ∂E/∂g times g'(a).",
         "δ2 に g の微分が抜けています。δ2 = ∂E/∂a は ∂E/∂g に g'(a) を掛けたものです。"),
    *map(_wrong_loss, LOSSES),
    *WRONG_G,
    _zero("delta2"),
    *_factors("delta2"),
    *_per_sample("delta2"),
    # ∂E/∂V (L15)
    _one("u-for-z", "dV", lambda q, v: q.delta2.mT @ (with_one(q.u) if q.bias else q.u) * q.share, "L15",
         "∂E/∂V uses u = Wx, where z = (1, f(Wx)) belongs.",
         "∂E/∂V に u = Wx を使っています。正しくは z = (1, f(Wx)) です。"),
    *_shapes("dV", "x"),
    _sign("dV"),
    _zero("dV"),
    *_forgotten("dV"),
    *_factors("dV"),
    *_reduced("dV"),
    # δ1 (L18, L19, L22, L24)
    _one("V-not-transposed", "delta1", lambda q, v: q.delta2 @ q.V_tilde.mT * q.slope, "L24",
         "Ṽ is not transposed: δ1 has Σ_k δ2_k v_jk (as L24 is printed), where Σ_k δ2_k v_kj belongs, Ṽᵀδ2.",
         "Ṽ が転置されていません。Σ_k δ2_k v_jk (L24 は資料にこう書かれています) でなく Σ_k δ2_k v_kj、つまり Ṽᵀδ2 です。"),
    *_ways("V-bias-kept", "delta1",
           (lambda q, v: _with_bias_kept(q, 1.0), lambda q, v: _with_bias_kept(q, 0.0), lambda q, v: q.delta2 @ q.V * q.slope), "L22",
           "V was used where Ṽ belongs: the bias column (column 0) must be taken off, Ṽᵀδ2.",
           "Ṽ の代わりに V を使っています。バイアスの列 (第 0 列) を除いて Ṽᵀδ2 とします。"),
    _one("V-last-dropped", "V_tilde", lambda q, v: q.V[..., :-1] if q.bias else v, "L22",
         "Ṽ has lost the wrong column of V, the last; it is V without the bias, column 0.",
         "Ṽ で V の最後の列が除かれています。除くのはバイアスの列 (第 0 列) です。"),
    *_ways("W-for-V", "V_tilde", (lambda q, v: q.W, lambda q, v: q.W[..., 1:], lambda q, v: q.W.mT), "L22",
           "W was used where Ṽ belongs in δ1.", "δ1 で Ṽ の代わりに W を使っています。"),
    _one("V-missing", "delta1", lambda q, v: q.delta2.sum(-1, keepdims=True) * q.slope, "L22",
         "V is missing in δ1: δ2 is summed without the weights Ṽ.",
         "δ1 に V がありません。δ2 が重み Ṽ なしで足されています。"),
    _one("slope-missing", "slope", lambda q, v: np.ones_like(v), "L18",
         "f' is missing in δ1: δ1 = Ṽᵀδ2 ⊙ f'(Wx).", "δ1 に f' がありません。δ1 = Ṽᵀδ2 ⊙ f'(Wx) です。"),
    _one("slope-twice", "slope", lambda q, v: v * v, "L18",
         "f' is applied twice in δ1.", "δ1 に f' が 2 回掛かっています。", keeps=True),
    _one("slope-at-z", "slope", lambda q, v: q.by.slope(q.fu), "L18",
         "f' is taken at z = f(Wx); it belongs at u = Wx.", "f' を z = f(Wx) で計算しています。正しくは u = Wx での値です。"),
    _one("slope-at-a", "slope", lambda q, v: q.by.slope(q.a), "L18",
         "f' is taken at a = Vz; it belongs at u = Wx.", "f' を a = Vz で計算しています。正しくは u = Wx での値です。"),
    _one("f-for-slope", "slope", lambda q, v: q.fu, "L18",
         "f(u) stands where f'(u) belongs in δ1.", "δ1 で f'(u) の代わりに f(u) を使っています。"),
    *SLOPES,
    _one("slope-inside", "delta1", lambda q, v: (q.delta2 * q.slope) @ q.V_tilde, "L22",
         "f' is inside the product: Ṽᵀ(δ2 ⊙ f') for Ṽᵀδ2 ⊙ f'. It belongs to the hidden units, after Ṽᵀ.",
         "f' が積の中にあります (Ṽᵀ(δ2 ⊙ f'))。f' は中間層のユニットに掛かるので Ṽᵀδ2 ⊙ f' です。"),
    _one("updated-V", "V_tilde", lambda q, v: _updated_V(q, q.dV) if q.update else v, "L26",
         "δ1 was computed from the V already updated: everything must be taken at step t (compute δ1 before the update).",
         "更新後の V で δ1 を計算しています。すべて時刻 t の値を使います (更新の前に δ1 を計算します)。"),
    _sign("delta1"),
    _zero("delta1"),
    *_factors("delta1"),
    *_per_sample("delta1"),
    # ∂E/∂W (L20)
    *_shapes("dW", "z"),
    _sign("dW"),
    _zero("dW"),
    *_forgotten("dW"),
    *_factors("dW"),
    *_reduced("dW"),
    # ∂E/∂V and ∂E/∂W together (L12)
    *_reduced("share"),
)  # fmt: skip


def _with_bias_kept(q: Quantities, slope_of_one: float) -> np.ndarray:
    """Vᵀδ2 ⊙ f', one entry longer: with f' written in terms of z, that of its 1 is 1 or 0."""
    pad = np.full_like(q.slope[..., :1], slope_of_one)
    return q.delta2 @ q.V * np.concatenate([pad, q.slope], axis=-1)


LOOK = {
    "u": Words("Look again at u = Wx (L3).", "u = Wx (L3) を見直してください。"),
    "fu": Words("Look again at how z is made from Wx (L3, L27).", "Wx から z を作るところ (L3, L27) を見直してください。"),
    "z": Words("Look again at how z is made from Wx (L3, L27).", "Wx から z を作るところ (L3, L27) を見直してください。"),
    "a": Words("Look again at a = Vz (L3).", "a = Vz (L3) を見直してください。"),
    "g": Words("Look again at how the output is made from a = Vz (L3, L6).", "a = Vz から出力を作るところ (L3, L6) を見直してください。"),
    "delta2": Words("Derive δ2 = ∂E/∂a again, with your g and E (L15).", "あなたの g と E で δ2 = ∂E/∂a をもう一度導いてください (L15)。"),
    "dV": Words("Look again at ∂E/∂V: which two vectors, in which order, with which factor (L15)?", "∂E/∂V を見直してください。どの 2 つのベクトルの、どの順の積で、係数は何ですか (L15)。"),
    "V_tilde": Words("Look again at which matrix carries δ2 back (L22).", "δ2 をどの行列で逆伝播させるか見直してください (L22)。"),
    "slope": Words("Look again at f': whose derivative, and at which point (L18)?", "f' を見直してください。どの関数の微分で、どの点での値ですか (L18)。"),
    "delta1": Words("Look again at how δ1 is made from δ2 (L22).", "δ2 から δ1 を作るところ (L22) を見直してください。"),
    "dW": Words("Look again at ∂E/∂W: which two vectors, in which order, with which factor (L20)?", "∂E/∂W を見直してください。どの 2 つのベクトルの、どの順の積で、係数は何ですか (L20)。"),
    "share": Words("Look again at the factors of the update, and at sum and mean (L12).", "更新の係数と、和か平均かを見直してください (L12)。"),
    "value": Words("Look again at the definition (L5, L6).", "定義 (L5, L6) を見直してください。"),
    "derivative": Words("Derive it again (L7).", "もう一度微分してみてください (L7)。"),
    "loss": Words("Look again at the definition of E (L8 to L10).", "E の定義 (L8〜L10) を見直してください。"),
}  # fmt: skip


def quantities(
    network: Network,
    points,
    *,
    mean: bool = False,
    eta: float | None = None,
) -> Quantities:
    """The right derivation at these points; with η, that of an update step."""
    known = {
        "W": points.W,
        "V": points.V,
        "x": with_one(points.x) if network.bias else points.x,
        "y": points.y,
        "by": functions(network),
        "bias": network.bias,
        "mean": mean,
        "eta": 1.0 if eta is None else eta,
        "update": eta is not None,
    }
    return Quantities(DERIVATION, known)
