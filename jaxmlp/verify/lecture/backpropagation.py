"""L13 to L27: the derivation of the gradient, backpropagation, and the evaluation."""

import functools

import numpy as np

from jaxmlp.verify.given import Function, Reals, sigmoid, sigmoid_slope
from jaxmlp.verify.lecture.points import Point, softmax
from jaxmlp.verify.lecture.verdict import ClaimEntry, Remark


def delta2(p: Point, s: float | int = 1) -> np.ndarray:
    """g(Vz) − y, for Σ y = s."""
    return p.g * s - p.y


def delta1(p: Point, s: float | int = 1) -> np.ndarray:
    """Ṽᵀ(g(Vz) − y) ⊙ f'(Wx)."""
    return p.V_tilde.T @ delta2(p, s) * p.df(p.u)


def delta2_transposed(p: Point) -> np.ndarray:
    """g(Vᵀz) − y."""
    return softmax(p.V.T @ p.z) - p.y


def d_softmax(a: Reals) -> Reals:
    """∂g_k/∂a_k, the diagonal of softmax's Jacobian."""
    return softmax(a) * (1 - softmax(a))


def later(p: Point) -> np.ndarray:
    """V⁽ᵗ⁺¹⁾."""
    return p.V - p.eta * p.dV


def dot(delta: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Σ_i δ_i ∂(·)_i/∂(·)."""
    return np.tensordot(delta, slopes, 1)


def own(jacobian: np.ndarray) -> np.ndarray:
    """∂(·)_k/∂(·)_k: how the output k depends on its own v_k, or a_k, alone."""
    return np.stack([row[k] for k, row in enumerate(jacobian)])


def v_step(p: Point, slope: Function, g: Function) -> np.ndarray:
    """−η g'(v_k·z)(g(v_k·z) − y_k) z, a row for each k (L23)."""
    return np.outer(-p.eta * slope(p.a) * (g(p.a) - p.y), p.z)


def w_step(p: Point, v_kj: np.ndarray) -> np.ndarray:
    """−η Σ_k g'(v_k·z)(g(v_k·z) − y_k) v_kj f'(w_j·x) x, a row for each j (L24), g sigmoid."""
    factor = sigmoid_slope(p.a) * (sigmoid(p.a) - p.y)
    return np.outer(-p.eta * (factor @ v_kj) * p.df(p.u), p.x)


def v_jk(p: Point) -> np.ndarray:
    """(m, q): in the place k, j what V has in its row j and column k.

    Raises:
        IndexError: it has no such row, or column.
    """
    m, q = p.V_tilde.shape
    return np.array([[p.V[j, 1 + k] for j in range(q)] for k in range(m)])


CONFUSION = np.array([[10, 3, 3, 4], [2, 8, 5, 5], [0, 5, 12, 3], [3, 2, 3, 12]])


@functools.cache
def counted() -> np.ndarray:
    """80 outputs of a softmax whose classes are those of L25, classified and counted."""
    true, wanted = np.repeat(np.indices((4, 4)).reshape(2, -1), CONFUSION.ravel(), axis=1)
    outputs = np.sort(np.random.default_rng(0).dirichlet(np.ones(4), 80))
    predicted = np.array([np.roll(g, k + 1).argmax() for g, k in zip(outputs, wanted, strict=True)])
    return np.array([[np.sum(predicted[true == i] == j) for j in range(4)] for i in range(4)])


BACKPROPAGATION = (
    ClaimEntry("L13", "準備: 誤差関数の勾配の導出 I",
        "∂E/∂v_k = −∂/∂v_k Σ_i y_i log g(v_i·z) = −y_k ∂log g(v_k·z)/∂v_k", False,
        [lambda p: (p.dV, -p.y[:, None] * own(p.d.log_g.dV))],
        correction="∂E/∂v_k = −Σ_i y_i ∂log g_i(Vz)/∂v_k",
        corrected=[lambda p: (p.dV, -dot(p.y, p.d.log_g.dV))],
        remark=Remark(
            "Softmax couples the outputs: log g_i depends on v_k for every i. The second equality "
            "fails (the first holds); of a 1-of-K target the row of the true class alone comes out "
            "right. The last link, −y_k (1/g_k) ∂g_k/∂v_k = (g_k − y_k) z, fails too, though its "
            "right side is the gradient (L14).",
            "ソフトマックスでは出力どうしが結び付いていて、すべての i について log g_i が v_k に"
            "依存します。成り立たないのは二つ目の等号です (一つ目は成り立ちます)。"
            "1-of-K の教師ベクトルでは、正解クラスの行だけが正しくなります。最後の等号 "
            "−y_k (1/g_k) ∂g_k/∂v_k = (g_k − y_k) z も成り立ちませんが、その右辺は"
            "正しい勾配です (L14)。",
            agree=[lambda p: (p.dV, -dot(p.y, p.d.log_g.dV)),
                   lambda p: (p.dV[p.y == 1], -own(p.d.log_g.dV)[p.y == 1]),
                   lambda p: (own(p.d.log_g.dV), np.outer(d_softmax(p.a) / p.g, p.z)),
                   lambda p: (p.dV, np.outer(delta2(p, p.y.sum()), p.z))],
            differ=[lambda p: (np.outer(-p.y / p.g * d_softmax(p.a), p.z),
                               np.outer(delta2(p, p.y.sum()), p.z))])),
    ClaimEntry("L14", "準備: 誤差関数の勾配の導出 I", "∂E/∂v_k = (g(v_k·z) − y_k) z", True,
        [lambda p, s=1: (p.dV, [(g_k * s - y_k) * p.z for g_k, y_k in zip(p.g, p.y, strict=True)])],
        any_y="∂E/∂v_k = (g_k Σ_i y_i − y_k) z"),
    ClaimEntry("L15", "準備: 誤差関数の勾配の導出 I", "∂E/∂V = (g(Vz) − y) zᵀ", True,
        [lambda p, s=1: (p.dV, np.outer(p.g * s - p.y, p.z))],
        any_y="∂E/∂V = (g(Vz) Σ y − y) zᵀ"),
    ClaimEntry("L16", "準備: 誤差関数の勾配の導出 II",
        "∂E/∂w_j = −Σ_i y_i (∂log g(v_i·z)/∂(v_i·z)) ∂(v_i·z)/∂w_j", False,
        [lambda p: (p.dW, -dot(p.y * own(p.d.log_g.delta2), p.d.a.dW))],
        correction="∂E/∂w_j = −Σ_i y_i Σ_k (∂log g_i(Vz)/∂(v_k·z)) ∂(v_k·z)/∂w_j",
        corrected=[lambda p: (p.dW, -dot(p.y @ p.d.log_g.delta2, p.d.a.dW))],
        remark=Remark(
            "For the reason of L13: log g_i depends on every v_k·z, and the chain rule sums over "
            "all of them. The equalities before it hold: ∂E/∂w_j = −Σ_i y_i ∂log g_i/∂w_j.",
            "理由は L13 と同じです。log g_i はすべての v_k·z に依存するので、連鎖律ではそのすべてに"
            "ついて和を取ります。その手前の等号 ∂E/∂w_j = −Σ_i y_i ∂log g_i/∂w_j までは"
            "成り立ちます。",
            agree=[lambda p: (p.dW, -dot(p.y, p.d.log_g.dW))])),
    ClaimEntry("L17", "準備: 誤差関数の勾配の導出 II",
        "∂E/∂w_j = Σ_i (g(v_i·z) − y_i) ∂(v_i·z)/∂w_j", True,
        [lambda p, s=1: (p.dW, dot(p.g * s - p.y, p.d.a.dW))],
        any_y="∂E/∂w_j = Σ_i (g_i Σ y − y_i) ∂(v_i·z)/∂w_j"),
    ClaimEntry("L18", "準備: 誤差関数の勾配の導出 II", "∂(v_i·z)/∂w_j = v_ij f'(w_j·x) x", True,
        [lambda p: (p.d.a.dW, [[v_i[j] * p.df(w_j @ p.x) * p.x for j, w_j in enumerate(p.W, 1)]
                               for v_i in p.V])]),
    ClaimEntry("L19", "準備: 誤差関数の勾配の導出 III",
        "∂E/∂w_j = [ṽ_jᵀ(g(Vz) − y) f'(w_j·x)] x", True,
        [lambda p, s=1: (p.dW, [p.V[:, j] @ (p.g * s - p.y) * p.df(w_j @ p.x) * p.x
                                for j, w_j in enumerate(p.W, 1)])],
        any_y="∂E/∂w_j = [ṽ_jᵀ(g(Vz) Σ y − y) f'(w_j·x)] x"),
    ClaimEntry("L20", "準備: 誤差関数の勾配の導出 III", "∂E/∂W = [Ṽᵀ(g(Vz) − y) ⊙ f'(Wx)] xᵀ", True,
        [lambda p, s=1: (p.dW, np.outer(p.V_tilde.T @ (p.g * s - p.y) * p.df(p.W @ p.x), p.x))],
        any_y="∂E/∂W = [Ṽᵀ(g(Vz) Σ y − y) ⊙ f'(Wx)] xᵀ"),
    ClaimEntry("L21", "誤差逆伝播法", "V⁽ᵗ⁺¹⁾ = V⁽ᵗ⁾ − η_t (g(V⁽ᵗ⁾ᵀz⁽ᵗ⁾) − y) z⁽ᵗ⁾ᵀ", False,
        [lambda p: (-p.eta * p.dV, -p.eta * np.outer(delta2_transposed(p), p.z))],
        any_y="V⁽ᵗ⁺¹⁾ = V⁽ᵗ⁾ − η_t (g(V⁽ᵗ⁾z⁽ᵗ⁾) Σ y − y) z⁽ᵗ⁾ᵀ",
        correction="V⁽ᵗ⁺¹⁾ = V⁽ᵗ⁾ − η_t (g(V⁽ᵗ⁾z⁽ᵗ⁾) − y) z⁽ᵗ⁾ᵀ",
        corrected=[lambda p, s=1: (-p.eta * p.dV, -p.eta * np.outer(delta2(p, s), p.z))],
        at="m = q + 1",
        remark=Remark(
            "V is m × (q+1) and z has q + 1 entries: Vᵀz does not conform. Where m = q + 1 it "
            "does, and is still wrong; there it was evaluated.",
            "V は m × (q+1)、z は q + 1 次元なので、Vᵀz は形が合いません。m = q + 1 のときは計算"
            "できますが、それでも値が違います (ここではその場合で評価しました)。",
            unfit=[lambda p: (p.delta2, delta2_transposed(p))])),
    ClaimEntry("L22", "誤差逆伝播法",
        "δ2 = g(V⁽ᵗ⁾ᵀz⁽ᵗ⁾) − y, δ1 = Ṽ⁽ᵗ⁾ᵀ(g(V⁽ᵗ⁾z⁽ᵗ⁾) − y) ⊙ f'(W⁽ᵗ⁾x)", False,
        [lambda p: (p.delta2, delta2_transposed(p)), lambda p: (p.delta1, delta1(p))],
        any_y="δ2 = g(Vz) Σ y − y, δ1 = Ṽᵀδ2 ⊙ f'(Wx)",
        correction="δ2 = g(V⁽ᵗ⁾z⁽ᵗ⁾) − y, δ1 = Ṽ⁽ᵗ⁾ᵀδ2 ⊙ f'(W⁽ᵗ⁾x)",
        corrected=[lambda p, s=1: (p.delta2, delta2(p, s)),
                   lambda p, s=1: (p.delta1, delta1(p, s))],
        at="m = q + 1",
        remark=Remark(
            "δ1 holds where Σ y = 1, since it has g(Vz); δ2 is wrong, for the reason of L21: it is "
            "Vz, not Vᵀz. Evaluated where m = q + 1.",
            "δ1 は g(Vz) と書かれているので、Σ y = 1 のとき正しい式です。δ2 は L21 と同じ理由で"
            "誤りで、Vᵀz ではなく Vz です (m = q + 1 の場合で評価しました)。",
            agree=[lambda p: (p.delta1, delta1(p))],
            differ=[lambda p: (p.delta2, delta2_transposed(p))],
            unfit=[lambda p: (p.delta2, delta2_transposed(p))])),
    ClaimEntry("L23", "誤差逆伝播法 (アニメーション)",
        "v_kᵗ⁺¹ = v_kᵗ − η g'(v_kᵗ·zᵗ)(g(v_kᵗ·zᵗ) − y_k) zᵗ", False,
        [lambda p: (-p.eta * p.d.squared.dV, v_step(p, sigmoid_slope, sigmoid)),
         lambda p: (-p.eta * p.d.linear.dV, v_step(p, np.ones_like, np.array))],
        correction="v_kᵗ⁺¹ = v_kᵗ − 2η g'(v_kᵗ·zᵗ)(g(v_kᵗ·zᵗ) − y_k) zᵗ",
        corrected=[lambda p: (-p.eta * p.d.squared.dV, 2 * v_step(p, sigmoid_slope, sigmoid)),
                   lambda p: (-p.eta * p.d.linear.dV, 2 * v_step(p, np.ones_like, np.array))],
        remark=Remark(
            "For E of L8 and g element by element; the gradient has a factor 2 more, which η can "
            "absorb. With ½ E it holds. With softmax and L9, or sigmoid and L10, the factor g' "
            "must go.",
            "E が L8 で g が成分ごとの関数の場合です。正しい勾配はこの 2 倍です (2 は η に含めても"
            "かまいません)。誤差を ½E とすれば成り立ちます。ソフトマックスと L9、シグモイドと L10"
            " の組では、どちらも g' は付きません。",
            agree=[lambda p: (-p.eta * p.d.squared.dV / 2, v_step(p, sigmoid_slope, sigmoid)),
                   lambda p: (-p.eta * p.d.binary.dV, v_step(p, np.ones_like, sigmoid)),
                   lambda p: (p.dV, np.outer(delta2(p, p.y.sum()), p.z))],
            differ=[lambda p: (-p.eta * p.d.binary.dV, v_step(p, sigmoid_slope, sigmoid)),
                    lambda p: (-p.eta * p.dV, v_step(p, d_softmax, softmax))])),
    ClaimEntry("L24", "誤差逆伝播法 (アニメーション)",
        "w_jᵗ⁺¹ = w_jᵗ − η Σ_k g'(v_kᵗ·zᵗ)(g(v_kᵗ·zᵗ) − y_k) v_jkᵗ f'(w_jᵗ·x) x", False,
        [lambda p: (-p.eta * p.d.squared.dW, w_step(p, v_jk(p)))],
        correction="w_jᵗ⁺¹ = w_jᵗ − 2η Σ_k g'(v_kᵗ·zᵗ)(g(v_kᵗ·zᵗ) − y_k) v_kjᵗ f'(w_jᵗ·x) x",
        corrected=[lambda p: (-p.eta * p.d.squared.dW, 2 * w_step(p, p.V_tilde))],
        at="m = q",
        remark=Remark(
            "v_jk must be v_kj: k counts the m outputs, the rows of V. All v_jk exist only where "
            "m = q; there it was evaluated. And the factor 2 is missing, or g' is too much, as in "
            "L23: with v_kj it holds for ½ E.",
            "v_jk は v_kj の誤りです (k は m 個の出力、つまり V の行の番号です)。v_jk がすべて"
            "存在するのは m = q のときだけで、ここではその場合で評価しました。さらに L23 と同じく、"
            "係数 2 が足りないか、g' が余分です。v_kj とすれば、誤差が ½E のときに成り立ちます。",
            agree=[lambda p: (-p.eta * p.d.squared.dW / 2, w_step(p, p.V_tilde))],
            differ=[lambda p: (-p.eta * p.d.squared.dW, w_step(p, p.V_tilde)),
                    lambda p: (-p.eta * p.d.squared.dW, 2 * w_step(p, v_jk(p)))],
            unfit=[lambda p: (-p.eta * p.d.squared.dW, w_step(p, v_jk(p)))])),
    ClaimEntry("L25", "課題のための準備: 分類結果の評価",
        "argmax_k g_k: (0.8, 0.04, 0.1, 0.06) ↦ 0; (10 + 8 + 12 + 12)/80 = 42/80 = 52.5 %", True,
        [lambda p: (np.argmax([0.8, 0.04, 0.1, 0.06]), 0),
         lambda p: (counted(), CONFUSION),
         lambda p: ([np.trace(counted()), counted().sum()], [10 + 8 + 12 + 12, 80]),
         lambda p: (np.trace(counted()) / counted().sum(), 52.5 / 100)],
        remark=Remark(
            "Rows are the true classes, columns the predicted ones. Softmax keeps the order, so "
            "that the largest a_k says the class, too.",
            "行が実際のクラス、列が予測したクラスです。ソフトマックスは大小関係を変えないので、"
            "最大の a_k からも同じクラスが決まります。",
            agree=[lambda p: (p.net.g["entropy"].argmax(), p.a.argmax())],
            differ=[lambda p: (counted().T, CONFUSION)])),
    ClaimEntry("L26", "誤差逆伝播法",
        "W⁽ᵗ⁺¹⁾ = W⁽ᵗ⁾ − η_t [Ṽ⁽ᵗ⁾ᵀ(g(V⁽ᵗ⁾z⁽ᵗ⁾) − y) ⊙ f'(W⁽ᵗ⁾x)] xᵀ", True,
        [lambda p, s=1: (-p.eta * p.dW, -p.eta * np.outer(delta1(p, s), p.x))],
        any_y="W⁽ᵗ⁺¹⁾ = W⁽ᵗ⁾ − η_t [Ṽ⁽ᵗ⁾ᵀ(g(V⁽ᵗ⁾z⁽ᵗ⁾) Σ y − y) ⊙ f'(W⁽ᵗ⁾x)] xᵀ",
        remark=Remark(
            "Everything at step t: with V⁽ᵗ⁺¹⁾, as when V is updated first, it is wrong.",
            "すべて時刻 t の値を使います。先に V を更新して V⁽ᵗ⁺¹⁾ を使うと誤りになります。",
            differ=[lambda p: (p.dW, np.outer(delta1(p._replace(V=later(p))), p.x)),
                    lambda p: (p.dW, np.outer(later(p)[:, 1:].T @ delta2(p) * p.df(p.u), p.x))])),
    ClaimEntry("L27", "準備: 誤差関数の勾配の導出 II", "z = f(Wx)", False,
        [lambda p: (p.net.a, p.V_tilde @ p.f(p.W @ p.x))],
        correction="z = (1, f(Wx))",
        corrected=[lambda p: (p.net.z, np.append(1, p.f(p.W @ p.x))),
                   lambda p: (p.net.a, p.V @ np.append(1, p.f(p.W @ p.x)))],
        remark=Remark(
            "The 1 in front is missing: f(Wx) has q entries, and V f(Wx) does not conform. It was "
            "evaluated with Ṽ f(Wx), which has lost the biases v_k0.",
            "先頭の 1 が抜けています。f(Wx) は q 次元なので V f(Wx) は形が合いません。ここでは "
            "Ṽ f(Wx) として評価しました。これにはバイアス v_k0 が含まれません。",
            agree=[lambda p: (p.net.z[1:], p.f(p.W @ p.x))],
            unfit=[lambda p: (p.net.z, p.f(p.W @ p.x)),
                   lambda p: (p.net.a, p.V @ p.f(p.W @ p.x))])),
)  # fmt: skip
