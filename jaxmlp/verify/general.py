"""The mistakes that can be made in any δ or gradient: a factor, a sign, a column that is lost."""

from collections.abc import Callable

import numpy as np

from jaxmlp.verify.derivation import MADE_OF, SYMBOL
from jaxmlp.verify.layouts import bias_zeroed
from jaxmlp.verify.program import Change, Mistake, Quantities, mistake

HOME = {"delta2": "L15", "delta1": "L22", "dV": "L15", "dW": "L20", "share": "L12"}
# A factor by its id, and what is said of it; … stands for the symbol of what it is a factor of.
Factors = dict[str, tuple[Callable[[Quantities], float], str, str]]

SIGN: Factors = {
    "sign": (lambda q: 1 if q.update else -1, "… has the opposite sign.", "… の符号が逆です。"),
}
ZERO: Factors = {
    "zero": (lambda q: 0.0, "… is zero: it is missing.", "… が 0 です。計算されていません。"),
}
CONSTANT_FACTORS: Factors = {
    "times-2": (lambda q: 2,
        "… is twice what it should be: there is a factor 2 too many.",
        "… が 2 倍になっています。余分な係数 2 が付いています。"),
    "times-half": (lambda q: 0.5,
        "… is half of what it should be: a factor 2 is missing, or a ½ is too many (the squared error of L8 has no ½).",
        "… が半分になっています。係数 2 が抜けているか、余分な ½ が付いています (L8 の二乗誤差に ½ はありません)。"),
    "times-m": (lambda q: q.y.shape[-1],
        "… is m times what it should be, m the number of outputs.",
        "… が m 倍 (m は出力の数) になっています。"),
    "over-m": (lambda q: 1 / q.y.shape[-1],
        "… is divided by m, the number of outputs: E is a sum over the outputs, no mean.",
        "… が出力の数 m で割られています。E は出力についての和で、平均ではありません。"),
}  # fmt: skip
PER_SAMPLE: Factors = {
    "times-n": (lambda q: q.y.shape[-2],
        "… is n times what it should be, n the number of samples.",
        "… が n 倍 (n はサンプル数) になっています。"),
    "over-n": (lambda q: 1 / q.y.shape[-2],
        "… is divided by n, the number of samples, once too often.",
        "… がサンプル数 n で 1 回余分に割られています。"),
}  # fmt: skip
SUM_OR_MEAN: Factors = {  # of a gradient, which is a mean or a sum over the samples, and of the step
    "sum-for-mean": (lambda q: q.y.shape[-2] if q.mean else 1,
        "… is the sum over the samples, where the mean belongs: divide by n.",
        "… がサンプルについての和になっています。平均にするには n で割ります。"),
    "mean-for-sum": (lambda q: 1 if q.mean else 1 / q.y.shape[-2],
        "… is the mean over the samples, where the sum belongs: do not divide by n.",
        "… がサンプルについての平均になっています。和にするには n で割りません。"),
    "times-n": (lambda q: 1 if q.mean else q.y.shape[-2], *PER_SAMPLE["times-n"][1:]),
    "over-n": (lambda q: 1 / q.y.shape[-2] if q.mean else 1, *PER_SAMPLE["over-n"][1:]),
    "ascent": (lambda q: -1 if q.update else 1,
        "The step goes uphill, along +η times …; it must go along −η times the gradient.",
        "更新が E の増える向き (+η × …) になっています。−η × 勾配の向きに更新します。"),
    "eta-missing": (lambda q: 1 / q.eta,
        "The step has no η: it must be −η times ….",
        "更新に η が掛かっていません。−η × (…) でなければなりません。"),
    "eta-twice": (lambda q: q.eta,
        "The step is multiplied by η twice (…).", "更新に η が 2 回掛かっています (…)。"),
}  # fmt: skip


def scaled(step: str, factors: Factors) -> list[Mistake]:
    """The mistakes of these factors on one stage."""

    def times(factor: Callable[[Quantities], float]) -> Change:
        return lambda q, v: v * factor(q)

    def said(text: str) -> str:
        return text.replace("…", SYMBOL[step])

    return [
        mistake(id, step, times(factor), HOME[step], said(en), said(ja), True)
        for id, (factor, en, ja) in factors.items()
    ]


def _apart(
    q: Quantities, d: np.ndarray, *, bias: float | int = 1, weights: float | int = 1
) -> np.ndarray:
    """Another factor on the bias column than on the weights."""
    if not q.bias:
        return d
    return np.concatenate([bias * d[..., :1], weights * d[..., 1:]], axis=-1)


def last(d: np.ndarray) -> np.ndarray:
    """The first column moved to the end."""
    return np.concatenate([d[..., 1:], d[..., :1]], axis=-1)


# What can happen to the values of ∂E/∂V or ∂E/∂W, {s}, which is {delta}{t}ᵀ.
MATRIX: tuple[tuple[str, Change, str, str], ...] = (
    ("bias-zeroed", lambda q, d: bias_zeroed(d) if q.bias else d,
        "The bias column of {s} (column 0) is zero: its gradient is that of the 1 in front of {t}.",
        "{s} のバイアスの列 (第 0 列) が 0 です。{t} の先頭の 1 に対する勾配が入ります。"),
    ("bias-times-n", lambda q, d: _apart(q, d, bias=q.y.shape[-2]),
        "The bias column of {s} (column 0) is n times what it should be, n the number of samples; the weights are not.",
        "{s} のバイアスの列 (第 0 列) だけが n 倍 (n はサンプル数) になっています。"),
    ("bias-over-n", lambda q, d: _apart(q, d, bias=1 / q.y.shape[-2]),
        "The bias column of {s} (column 0) is divided by n, the number of samples, once too often; the weights are not.",
        "{s} のバイアスの列 (第 0 列) だけがサンプル数 n で 1 回余分に割られています。"),
    ("weights-times-n", lambda q, d: _apart(q, d, weights=q.y.shape[-2]),
        "{s} is n times what it should be, n the number of samples, but for its bias column (column 0), which is right.",
        "{s} がバイアスの列 (第 0 列) 以外で n 倍 (n はサンプル数) になっています。"),
    ("weights-over-n", lambda q, d: _apart(q, d, weights=1 / q.y.shape[-2]),
        "{s} is divided by n, the number of samples, once too often, but for its bias column (column 0), which is right.",
        "{s} がバイアスの列 (第 0 列) 以外でサンプル数 n で 1 回余分に割られています。"),
    ("bias-times-2", lambda q, d: _apart(q, d, bias=2),
        "The bias column of {s} (column 0) is twice what it should be: was it added twice?",
        "{s} のバイアスの列 (第 0 列) が 2 倍になっています。2 回足していませんか。"),
    ("bias-shape", lambda q, d: _apart(q, d, bias=np.nan),
        "The gradient of the biases in {s} has not the shape of the biases: it must be summed over the samples, each unit by itself.",
        "{s} のバイアスの勾配の形がバイアスと合いません。ユニットごとに、サンプルについて和を取ります。"),
    ("bias-last", lambda q, d: last(d) if q.bias else d,
        "The bias column of {s} is the last one; it belongs in front, where the 1 of {t} is.",
        "{s} のバイアスの列が最後にあります。{t} の 1 は先頭なので、第 0 列に置きます。"),
    ("{t}-without-1", lambda q, d: d[..., 1:] if q.bias else d,
        "{s} has no bias column: {t} was taken without the 1 in front.",
        "{s} にバイアスの列がありません。先頭の 1 のない {t} を使っています。"),
    ("transposed", lambda q, d: d.mT,
        "{s} is transposed: the outer product is the wrong way round, {t}{delta}ᵀ for {delta}{t}ᵀ.",
        "{s} が転置されています。外積の順序が逆です ({delta}{t}ᵀ とすべきところが {t}{delta}ᵀ)。"),
)  # fmt: skip


def in_matrix(step: str, other: str) -> list[Mistake]:
    """What can happen to ∂E/∂V or ∂E/∂W; the other of the two is made with `other`."""
    made, t = MADE_OF[step]
    s, delta, home = SYMBOL[step], SYMBOL[made], HOME[step]

    def put(text: str) -> str:
        return text.format(s=s, t=t, delta=delta)

    return [
        *(mistake(put(id), step, change, home, put(en), put(ja), True)
          for id, change, en, ja in MATRIX),
        mistake("means-first", step,
                lambda q, d: (getattr(q, made).sum(1)[..., :, None]
                              @ getattr(q, t).mean(1)[..., None, :]) * q.share, home,
                f"{s} is the product of means over the samples; it must be the mean of the products.",
                f"{s} が「平均の積」になっています。「積の平均」でなければなりません。"),
        mistake(f"{other}-for-{t}", step,
                lambda q, d: getattr(q, made).mT @ getattr(q, other) * q.share, home,
                f"{s} is {delta} times {other}ᵀ, where {t}ᵀ belongs.",
                f"{s} が {delta}{other}ᵀ になっています。正しくは {delta}{t}ᵀ です。"),
    ]  # fmt: skip


def forgotten(step: str) -> list[Mistake]:
    """An update that puts the step in place of the parameter, be it ηd or −ηd."""
    p, s = step[1], SYMBOL[step]

    def replaced(sign: int) -> Change:
        return lambda q, d: getattr(q, p) / q.eta - sign * d if q.update else d

    return [
        mistake("old-forgotten", step, replaced(sign), "L12",
                f"{p} is replaced by {said}η times {s}: the old {p} is missing, {p} − η ({s}).",
                f"{p} が {said}η × ({s}) で置き換えられています。元の {p} から引いて {p} − η ({s}) とします。", True)
        for sign, said in ((1, ""), (-1, "−"))
    ]  # fmt: skip
