"""L1 to L12: the network, its activations and errors, and the rule of the update."""

from collections.abc import Callable

import numpy as np

from jaxmlp.verify.given import Reals, relu, relu_slope, sigmoid
from jaxmlp.verify.lecture.points import Point, softmax, tanh
from jaxmlp.verify.lecture.verdict import ClaimEntry, Remark


def difference_quotients(E: Callable, M: np.ndarray, h: float = 3e-3) -> np.ndarray:
    """∂E/∂m_ij, one entry at a time, all else constant; to the sixth order in h."""
    weights = np.array([-1, 9, -45, 45, -9, 1]) / (60 * h)
    moved = np.multiply.outer([-3, -2, -1, 1, 2, 3], h * np.eye(M.size).reshape(-1, *M.shape))
    return (weights @ [[E(M + step) for step in steps] for steps in moved]).reshape(M.shape)


def E_of(p: Point, W: np.ndarray, V: np.ndarray) -> Reals:
    """E(W, V) of L9."""
    return -p.y @ np.log(softmax(V @ np.append(1, p.f(W @ p.x))))


def E_two(w: np.ndarray, p: Point) -> float:
    """E of L10."""
    f = sigmoid(w @ p.x)
    return -p.label * np.log(f) - (1 - p.label) * np.log(1 - f)


def rank_q(p: Point) -> np.ndarray:
    """The matrix of rank q nearest to ∂y/∂x of L4."""
    left, sizes, right = np.linalg.svd(p.simple.product_dx, full_matrices=False)
    q = len(p.W)
    return left[:, :q] * sizes[:q] @ right[:q]


DEFINITIONS = (
    ClaimEntry("L1", "前回の復習: パーセプトロン", "y = f(w_0 + w_1x_1 + … + w_dx_d)", True,
        [lambda p: (p.simple.neuron, sigmoid(p.W[0, 0] + sum(p.W[0, 1:] * p.x[1:])))],
        remark=Remark(
            "As a network it has no hidden layer. What stochastic gradient descent needs, "
            "with f sigmoid and E of L10, is ∂E/∂w = (f(w·x) − y) x.",
            "ネットワークとしては中間層がありません。f がシグモイド、E が L10 のとき、"
            "確率的勾配降下法で使う勾配は ∂E/∂w = (f(w·x) − y) x です。",
            agree=[lambda p: (p.simple.neuron_dw, (sigmoid(p.W[0] @ p.x) - p.label) * p.x)])),
    ClaimEntry("L2", "多クラス分類", "y = (0, …, 0, 1, 0, …, 0)ᵀ, y_k = 1 ⇔ x ∈ C_k (1-of-K)", True,
        [lambda p: (p.simple.one_hot, [1.0 if y == max(p.y) else 0.0 for y in p.y])],
        remark=Remark(
            "So Σ y = 1, and of L9 only −log g_k of the true class remains.",
            "したがって Σ y = 1 であり、L9 のうち正解クラスの −log g_k だけが残ります。",
            agree=[lambda p: (p.simple.one_hot.sum(), 1),
                   lambda p: (-p.simple.one_hot @ p.net.log_g, -np.log(p.g[p.y.argmax()]))])),
    ClaimEntry("L3", "3層ニューラルネットワーク", "z_j = f(w_j·x), y_k = g(v_k·z)", True,
        [lambda p: (p.net.z[1:], [p.f(w_j @ p.x) for w_j in p.W]),
         lambda p: (p.net.g["binary"], [sigmoid(v_k @ p.z) for v_k in p.V])],
        remark=Remark(
            "For g element by element. Softmax needs the whole vector, g(Vz)_k, which g(v_k·z) "
            "hides: the root of L13 and L16.",
            "g が成分ごとの関数の場合です。ソフトマックスにはベクトル全体が必要で、正しくは "
            "g(Vz)_k です。g(v_k·z) という記法ではそれが見えず、L13 と L16 の誤りのもとに"
            "なっています。",
            agree=[lambda p: (p.net.g["entropy"], softmax(p.V @ p.z))],
            differ=[lambda p: (p.net.g["entropy"], [softmax(v_k @ p.z) for v_k in p.V])])),
    ClaimEntry("L4", "3層ニューラルネットワークのモデルの例",
        "y = VWx, rank VW ≤ q (f(x) = g(x) = x, w_j0 = v_k0 = 0, q < m)", True,
        [lambda p: (p.simple.product, p.V_tilde @ p.W[:, 1:] @ p.x[1:]),
         lambda p: (p.simple.product_dx, p.V_tilde @ p.W[:, 1:]),
         lambda p: (p.simple.product_dx, rank_q(p))]),
    ClaimEntry("L5", "活性化関数の例",
        "ReLU(x) = max{0, x}, σ(x) = 1/(1 + e⁻ˣ), tanh x = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)", True,
        [lambda p: (p.simple.f[0], relu(p.r)),
         lambda p: (p.simple.f[1], sigmoid(p.r)),
         lambda p: (p.simple.f[2], tanh(p.r))]),
    ClaimEntry("L6", "活性化関数の例",
        "g(x) = x; g(x) = (e^{x_1}, …, e^{x_m})ᵀ / Σ_k e^{x_k}, g_k ≥ 0, Σ_k g_k = 1", True,
        [lambda p: (p.net.g["linear"], p.a),
         lambda p: (p.simple.softmax, np.exp(p.y) / sum(np.exp(y_k) for y_k in p.y)),
         lambda p: (p.simple.softmax, np.maximum(0, p.simple.softmax)),
         lambda p: (p.simple.softmax.sum(), 1)]),
    ClaimEntry("L7", "活性化関数の微分",
        "ReLU'(x) = 1 (x > 0), 0 (x ≤ 0); σ' = σ(1 − σ); tanh' = 1 − tanh²", True,
        [lambda p: (p.simple.df[0], relu_slope(p.r)),
         lambda p: (p.simple.df[1], sigmoid(p.r) * (1 - sigmoid(p.r))),
         lambda p: (p.simple.df[2], 1 - tanh(p.r) ** 2)],
        remark=Remark(
            "At 0, where ReLU has no derivative, ReLU'(0) = 0 is a convention: jax.nn.relu keeps "
            "it, jnp.maximum(x, 0) gives ½.",
            "ReLU は 0 で微分できないので、ReLU'(0) = 0 は約束です。jax.nn.relu はこの約束に"
            "従いますが、jnp.maximum(x, 0) の自動微分は ½ になります。",
            agree=[lambda p: (p.simple.df[3, 1:], relu_slope(p.r[1:])),
                   lambda p: (p.simple.df[3, 0], 0.5)],
            differ=[lambda p: (p.simple.df[3], relu_slope(p.r))])),
    ClaimEntry("L8", "ℓ2-誤差", "E = Σ_j (y_j − g(v_j·z))², g(x) = x", True,
        [lambda p: (p.net.E["linear"],
                    sum((p.y[j] - v_j @ p.z) ** 2 for j, v_j in enumerate(p.V)))],
        remark=Remark(
            "Without ½, so that ∂E/∂g = 2(g − y).",
            "½ が付かないので ∂E/∂g = 2(g − y) です。",
            agree=[lambda p: (p.d.linear.delta2, 2 * (p.a - p.y))],
            differ=[lambda p: (p.d.linear.delta2, p.a - p.y)])),
    ClaimEntry("L9", "クロスエントロピー", "E = −Σ_i y_i log g(v_i·z), g = softmax", True,
        [lambda p: (p.net.E["entropy"], -sum(p.y * np.log(softmax(p.V @ p.z))))]),
    ClaimEntry("L10", "クロスエントロピー (m = 2)",
        "E = −y log f(w·x) − (1 − y) log(1 − f(w·x)), f = σ", True,
        [lambda p: (p.simple.neuron_E, E_two(p.W[0], p)),
         lambda p: (p.simple.two_E, E_two(p.W[0] - p.W[1], p))],
        remark=Remark(
            "It is L9 for m = 2 with w = v_1 − v_2 and the target (y, 1 − y).",
            "L9 で m = 2、w = v_1 − v_2、教師ベクトルを (y, 1 − y) とした場合にあたります。",
            differ=[lambda p: (p.simple.two_E, E_two(p.W[1] - p.W[0], p))])),
    ClaimEntry("L11", "行列微分",
        "(∂f/∂W)_ij = ∂f/∂w_ij; f(W) = tr(WᵀW) = Σ_ij w_ij² ⇒ ∂f/∂W = 2W", True,
        [lambda p: (p.simple.trace, sum(w**2 for w in p.W.flat)),
         lambda p: (p.simple.trace_dW, 2 * p.W),
         lambda p: (p.simple.trace_dW, difference_quotients(lambda W: np.trace(W.T @ W), p.W))]),
    ClaimEntry("L12", "パラメータの更新規則",
        "W⁽ᵗ⁺¹⁾ = W⁽ᵗ⁾ − η_t ∂E(W, V⁽ᵗ⁾)/∂W |_{W=W⁽ᵗ⁾}, "
        "V⁽ᵗ⁺¹⁾ = V⁽ᵗ⁾ − η_t ∂E(W⁽ᵗ⁾, V)/∂V |_{V=V⁽ᵗ⁾}", True,
        [lambda p: (-p.eta * p.dW, -p.eta * difference_quotients(lambda W: E_of(p, W, p.V), p.W)),
         lambda p: (-p.eta * p.dV, -p.eta * difference_quotients(lambda V: E_of(p, p.W, V), p.V))],
        remark=Remark(
            "Both at step t: with V⁽ᵗ⁺¹⁾ in the gradient for W it is another step.",
            "どちらの勾配も時刻 t で計算します。W の勾配に V⁽ᵗ⁺¹⁾ を使うと別の更新になります。",
            differ=[lambda p: (p.dW, p.late.entropy.dW)])),
)  # fmt: skip
