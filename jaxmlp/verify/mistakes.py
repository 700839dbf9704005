"""The known mistakes in the derivation, each of them a formula."""

import numpy as np

from jaxmlp.activations import HIDDEN
from jaxmlp.losses import LOSSES
from jaxmlp.verify import given
from jaxmlp.verify.finding import Words
from jaxmlp.verify.general import (
    CONSTANT_FACTORS,
    PER_SAMPLE,
    SIGN,
    SUM_OR_MEAN,
    ZERO,
    forgotten,
    in_matrix,
    last,
    scaled,
)
from jaxmlp.verify.layouts import prepend_one
from jaxmlp.verify.program import Change, Formula, Mistake, Quantities, mistake


def _g_diagonal(q: Quantities) -> np.ndarray:
    """The diagonal of g's Jacobian at a: for g element by element, g'(a)."""
    ones = np.eye(q.a.shape[-1])
    return np.stack([q.by.pullback(q.a, np.broadcast_to(e, q.a.shape)) for e in ones], -1)[
        ..., range(len(ones)), range(len(ones))
    ]


def _with_bias_kept(q: Quantities, slope_of_one: float) -> np.ndarray:
    """Vᵀδ2 ⊙ f', one entry longer: with f' written in terms of z, that of its 1 is 1 or 0."""
    pad = np.full_like(q.slope[..., :1], slope_of_one)
    return q.delta2 @ q.V * np.concatenate([pad, q.slope], axis=-1)


def _ways(
    id: str, step: str, formulas: tuple[Change, ...], equation: str, en: str, ja: str
) -> list[Mistake]:
    """One mistake that can be made in several ways."""
    return [mistake(id, step, formula, equation, en, ja) for formula in formulas]


def _other_f(name: str) -> list[Mistake]:
    """Another f; its f', of u, or of f(u): above 0 that of ReLU is 1, and f' is missing."""

    def unless_own(formula: Formula) -> Change:
        return lambda q, v: v if q.by.hidden == name else formula(q)

    return [
        mistake("other-f", "fu", unless_own(lambda q: given.F[name](q.u)), "L3",
                f"z is computed with {name}, which is not this network's f.",
                f"z の計算に {name} を使っています。このネットワークの f ではありません。"),
        mistake("slope-of-other", "slope", unless_own(lambda q: given.SLOPE[name](q.u)), "L18",
                f"f' is the derivative of {name}, which is not this network's f.",
                f"f' に {name} の微分を使っています。このネットワークの f の微分ではありません。"),
        mistake("slope-of-other", "slope", unless_own(lambda q: given.SLOPE[name](q.fu)), "L18",
                f"f' is the derivative of {name}, and taken at f(u) instead of u.",
                f"f' に {name} の微分を、しかも u でなく f(u) での値を使っています。"),
    ][: 2 if name == "relu" else 3]  # fmt: skip


def _other_output(name: str) -> Mistake:
    return mistake("other-g", "g", lambda q, v: given.G[name](q.a), "L3",
                   f"The output is computed with {name}, which is not this network's g.",
                   f"出力の計算に {name} を使っています。このネットワークの g ではありません。")  # fmt: skip


def _other_g(id: str, of: str, g: Formula, en: str, ja: str) -> Mistake:
    """δ2 = g − y with a wrong g, for a pair (g, E) whose δ2 is g − y; `of` is the right g."""

    def formula(q: Quantities, v: np.ndarray) -> np.ndarray:
        fused = (q.by.output, q.by.loss) in given.FUSED_DELTA
        return g(q) - q.y if fused and q.by.output == of else v

    return mistake(id, "delta2", formula, "L6", en, ja)


def _wrong_loss(name: str) -> Mistake:
    def formula(q: Quantities, v: np.ndarray) -> np.ndarray:
        return q.by.pullback(q.a, given.D_ERROR[name](q.by.g(q.a), q.y))

    return mistake("wrong-loss", "delta2", formula, "L15",
                   f"δ2 is that of the {name.replace('_', ' ')}, which is not the loss E of this network.",
                   f"δ2 が {name} のものになっています。このネットワークの誤差 E ではありません。")  # fmt: skip


CATALOGUE: tuple[Mistake, ...] = (
    # Forward (L3, L27)
    mistake("bias-ignored-W", "u", lambda q, v: q.x[..., 1:] @ q.W[..., 1:].mT if q.bias else v, "L3",
         "u = Wx leaves out the bias, column 0 of W.", "u = Wx でバイアス (W の第 0 列) が使われていません。"),
    mistake("f-missing", "fu", lambda q, v: q.u, "L27",
         "f is not applied: z = (1, Wx), where z = (1, f(Wx)) belongs.",
         "f が適用されていません。z = (1, Wx) でなく z = (1, f(Wx)) です。"),
    mistake("f-twice", "fu", lambda q, v: q.by.f(v), "L27",
         "f is applied twice: z = (1, f(f(Wx))).", "f が 2 回適用されています (z = (1, f(f(Wx))))。"),
    *(m for name in HIDDEN if name != "identity" for m in _other_f(name)),
    mistake("1-through-f", "z", lambda q, v: np.concatenate([q.by.f(v[..., :1]), v[..., 1:]], -1) if q.bias else v, "L27",
         "The 1 in front of z went through f: it must stay 1, z = (1, f(Wx)).",
         "z の先頭の 1 にも f が適用されています。1 のまま z = (1, f(Wx)) です。"),
    mistake("1-at-the-end", "z", lambda q, v: last(v) if q.bias else v, "L27",
         "The 1 of z stands at the end; it belongs in front, z = (1, f(Wx)).",
         "z の 1 が最後にあります。先頭に置いて z = (1, f(Wx)) とします。"),
    mistake("z-without-1", "z", lambda q, v: q.fu, "L27",
         "z has no 1 in front: z = (1, f(Wx)).", "z の先頭に 1 がありません。z = (1, f(Wx)) です。"),
    mistake("bias-ignored-V", "a", lambda q, v: q.fu @ q.V[..., 1:].mT if q.bias else v, "L3",
         "a = Vz leaves out the bias, column 0 of V.", "a = Vz でバイアス (V の第 0 列) が使われていません。"),
    mistake("V-transposed-forward", "a", lambda q, v: q.z @ q.V, "L21",
         "a is Vᵀz, as L21 is printed; it must be Vz.",
         "a が Vᵀz になっています (L21 は資料にこう書かれています)。正しくは Vz です。"),
    mistake("output-missing", "g", lambda q, v: q.a, "L3",
         "The output activation g is not applied: the output is a = Vz itself.",
         "出力の活性化関数 g が適用されていません。出力が a = Vz そのものです。"),
    *(_other_output(name) for name in given.G if name != "identity"),
    # δ2 (L13 to L15, L23)
    mistake("g-y-exchanged", "delta2", lambda q, v: -v, "L15",
         "g and y are exchanged in δ2: its sign is the opposite. δ2 = ∂E/∂a has g − y, not y − g.",
         "δ2 で g と y が入れ替わっており、符号が逆です。δ2 = ∂E/∂a に入るのは y − g でなく g − y です。", keeps=True),
    mistake("y-missing", "delta2", lambda q, v: q.g, "L15",
         "δ2 is g itself: the target y is not subtracted.", "δ2 が g そのものです。y が引かれていません。"),
    mistake("output-missing", "delta2", lambda q, v: v if np.array_equal(q.g, q.a) else q.a - q.y, "L15",
         "δ2 is a − y: the output activation g is not applied to a = Vz.",
         "δ2 が a − y になっています。a = Vz に出力の活性化関数 g が適用されていません。"),
    mistake("output-twice", "delta2", lambda q, v: q.by.delta2(q.g, q.y), "L15",
         "g is applied twice: δ2 is made from g(g(a)), where g(a) belongs, a = Vz.",
         "g が 2 回適用されています。δ2 が g(a) でなく g(g(a)) から計算されています (a = Vz)。"),
    mistake("softmax-diagonal", "delta2", lambda q, v: _g_diagonal(q) * q.by.dE(q.g, q.y), "L13",
         "Only the diagonal of the softmax Jacobian was used, as in L13: every output depends on every a.",
         "ソフトマックスのヤコビ行列の対角成分だけを使っています (L13 の誤り)。どの出力もすべての a に依存します。"),
    mistake("output-slope-extra", "delta2", lambda q, v: v * _g_diagonal(q), "L23",
         "δ2 has a factor g'(a) too many, as in L23: for this g and E it has cancelled, δ2 = g − y.",
         "δ2 に余分な g'(a) が掛かっています (L23 の誤り)。この g と E では約分されて δ2 = g − y です。", keeps=True),
    mistake("output-jacobian-extra", "delta2", lambda q, v: q.by.pullback(q.a, v), "L15",
         "δ2 is multiplied by the Jacobian of g once too often.",
         "δ2 に g のヤコビ行列が 1 回余分に掛かっています。", keeps=True),
    mistake("output-slope-missing", "delta2", lambda q, v: q.by.dE(q.g, q.y), "L23",
         "The derivative of g is missing in δ2: δ2 = ∂E/∂a is ∂E/∂g times g'(a).",
         "δ2 に g の微分が抜けています。δ2 = ∂E/∂a は ∂E/∂g に g'(a) を掛けたものです。"),
    *map(_wrong_loss, LOSSES),
    _other_g("other-g", "softmax", lambda q: given.G["sigmoid"](q.a),
             "g is the sigmoid of each output, where softmax belongs.", "ソフトマックスでなく、出力ごとのシグモイドになっています。"),
    _other_g("other-g", "sigmoid", lambda q: given.G["softmax"](q.a),
             "g is softmax, where the sigmoid of each output belongs.", "出力ごとのシグモイドでなくソフトマックスになっています。"),
    _other_g("softmax-not-divided", "softmax", lambda q: np.exp(q.a),
             "The exponentials of softmax are not divided by their sum.", "ソフトマックスの指数関数を、その和で割っていません。"),
    _other_g("softmax-wrong-axis", "softmax", lambda q: np.exp(q.a) / np.exp(q.a).sum(-2, keepdims=True),
             "Softmax is summed over the samples: it must be summed over the outputs of each.",
             "ソフトマックスの和をサンプルについて取っています。サンプルごとに出力について取ります。"),
    _other_g("softmax-whole-batch", "softmax", lambda q: np.exp(q.a) / np.exp(q.a).sum((-1, -2), keepdims=True),
             "Softmax is summed over the whole batch: it must be summed over the outputs of each sample.",
             "ソフトマックスの和をバッチ全体で取っています。サンプルごとに出力について取ります。"),
    *scaled("delta2", ZERO | CONSTANT_FACTORS | PER_SAMPLE),
    # ∂E/∂V (L15)
    mistake("u-for-z", "dV", lambda q, v: q.delta2.mT @ (prepend_one(q.u) if q.bias else q.u) * q.share, "L15",
         "∂E/∂V uses u = Wx, where z = (1, f(Wx)) belongs.",
         "∂E/∂V に u = Wx を使っています。正しくは z = (1, f(Wx)) です。"),
    *in_matrix("dV", "x"),
    *scaled("dV", SIGN | ZERO),
    *forgotten("dV"),
    *scaled("dV", CONSTANT_FACTORS | SUM_OR_MEAN),
    # δ1 (L18, L19, L22, L24)
    mistake("V-not-transposed", "delta1", lambda q, v: q.delta2 @ q.V_tilde.mT * q.slope, "L24",
         "Ṽ is not transposed: δ1 has Σ_k δ2_k v_jk (as L24 is printed), where Σ_k δ2_k v_kj belongs, Ṽᵀδ2.",
         "Ṽ が転置されていません。Σ_k δ2_k v_jk (L24 は資料にこう書かれています) でなく Σ_k δ2_k v_kj、つまり Ṽᵀδ2 です。"),
    *_ways("V-bias-kept", "delta1",
           (lambda q, v: _with_bias_kept(q, 1.0), lambda q, v: _with_bias_kept(q, 0.0), lambda q, v: q.delta2 @ q.V * q.slope), "L22",
           "V was used where Ṽ belongs: the bias column (column 0) must be taken off, Ṽᵀδ2.",
           "Ṽ の代わりに V を使っています。バイアスの列 (第 0 列) を除いて Ṽᵀδ2 とします。"),
    mistake("V-last-dropped", "V_tilde", lambda q, v: q.V[..., :-1] if q.bias else v, "L22",
         "Ṽ has lost the wrong column of V, the last; it is V without the bias, column 0.",
         "Ṽ で V の最後の列が除かれています。除くのはバイアスの列 (第 0 列) です。"),
    *_ways("W-for-V", "V_tilde", (lambda q, v: q.W, lambda q, v: q.W[..., 1:], lambda q, v: q.W.mT), "L22",
           "W was used where Ṽ belongs in δ1.", "δ1 で Ṽ の代わりに W を使っています。"),
    mistake("V-missing", "delta1", lambda q, v: q.delta2.sum(-1, keepdims=True) * q.slope, "L22",
         "V is missing in δ1: δ2 is summed without the weights Ṽ.",
         "δ1 に V がありません。δ2 が重み Ṽ なしで足されています。"),
    mistake("slope-missing", "slope", lambda q, v: np.ones_like(v), "L18",
         "f' is missing in δ1: δ1 = Ṽᵀδ2 ⊙ f'(Wx).", "δ1 に f' がありません。δ1 = Ṽᵀδ2 ⊙ f'(Wx) です。"),
    mistake("slope-twice", "slope", lambda q, v: v * v, "L18",
         "f' is applied twice in δ1.", "δ1 に f' が 2 回掛かっています。", keeps=True),
    mistake("slope-at-z", "slope", lambda q, v: q.by.slope(q.fu), "L18",
         "f' is taken at z = f(Wx); it belongs at u = Wx.", "f' を z = f(Wx) で計算しています。正しくは u = Wx での値です。"),
    mistake("slope-at-a", "slope", lambda q, v: q.by.slope(q.a), "L18",
         "f' is taken at a = Vz; it belongs at u = Wx.", "f' を a = Vz で計算しています。正しくは u = Wx での値です。"),
    mistake("f-for-slope", "slope", lambda q, v: q.fu, "L18",
         "f(u) stands where f'(u) belongs in δ1.", "δ1 で f'(u) の代わりに f(u) を使っています。"),
    mistake("slope-rule-of-sigmoid", "slope", lambda q, v: q.fu * (1 - q.fu), "L7",
         "f' is f(1 − f), which is the rule of the sigmoid alone.", "f' が f(1 − f) になっています。これはシグモイドだけの公式です。"),
    mistake("slope-rule-of-tanh", "slope", lambda q, v: 1 - q.fu**2, "L7",
         "f' is 1 − f², which is the rule of tanh alone.", "f' が 1 − f² になっています。これは tanh だけの公式です。"),
    mistake("slope-rule-at-u", "slope", lambda q, v: q.u * (1 - q.u), "L7",
         "f' is f(1 − f) with u put in for f(u): u(1 − u).", "f' = f(1 − f) の f(u) に u を入れています (u(1 − u))。"),
    mistake("slope-rule-at-u", "slope", lambda q, v: 1 - q.u**2, "L7",
         "f' is 1 − f² with u put in for f(u): 1 − u².", "f' = 1 − f² の f(u) に u を入れています (1 − u²)。"),
    mistake("slope-1-f", "slope", lambda q, v: 1 - q.fu, "L7",
         "f' is 1 − f: the factor f, or a square, is missing.", "f' が 1 − f になっています。f を掛けるか、2 乗が抜けています。"),
    mistake("slope-plus", "slope", lambda q, v: 1 + q.fu**2, "L7",
         "f' is 1 + f², where 1 − f² belongs.", "f' が 1 − f² でなく 1 + f² になっています。"),
    mistake("slope-plus", "slope", lambda q, v: q.fu * (1 + q.fu), "L7",
         "f' is f(1 + f), where f(1 − f) belongs.", "f' が f(1 − f) でなく f(1 + f) になっています。"),
    mistake("slope-reversed", "slope", lambda q, v: (q.u < 0) * 1.0, "L7",
         "f' is 1 for u < 0; it must be 1 for u > 0.", "f' が u < 0 で 1 になっています。1 になるのは u > 0 です。"),
    mistake("slope-sign", "slope", lambda q, v: np.sign(q.u), "L7",
         "f' is the sign of u, −1 for u < 0.", "f' が u の符号になっています (u < 0 で −1)。"),
    mistake("slope-inside", "delta1", lambda q, v: (q.delta2 * q.slope) @ q.V_tilde, "L22",
         "f' is inside the product: Ṽᵀ(δ2 ⊙ f') for Ṽᵀδ2 ⊙ f'. It belongs to the hidden units, after Ṽᵀ.",
         "f' が積の中にあります (Ṽᵀ(δ2 ⊙ f'))。f' は中間層のユニットに掛かるので Ṽᵀδ2 ⊙ f' です。"),
    mistake("updated-V", "V_tilde", lambda q, v: (q.V - q.eta * q.dV)[..., int(q.bias) :] if q.update else v, "L26",
         "δ1 was computed from the V already updated: everything must be taken at step t (compute δ1 before the update).",
         "更新後の V で δ1 を計算しています。すべて時刻 t の値を使います (更新の前に δ1 を計算します)。"),
    *scaled("delta1", SIGN | ZERO | CONSTANT_FACTORS | PER_SAMPLE),
    # ∂E/∂W (L20)
    *in_matrix("dW", "z"),
    *scaled("dW", SIGN | ZERO),
    *forgotten("dW"),
    *scaled("dW", CONSTANT_FACTORS | SUM_OR_MEAN),
    # ∂E/∂V and ∂E/∂W together (L12)
    *scaled("share", SUM_OR_MEAN),
)  # fmt: skip


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
    "dE": Words("Derive ∂E/∂g again from the definition of E (L8 to L10).", "E の定義 (L8〜L10) から ∂E/∂g をもう一度導いてください。"),
    "loss": Words("Look again at the definition of E (L8 to L10).", "E の定義 (L8〜L10) を見直してください。"),
}  # fmt: skip
