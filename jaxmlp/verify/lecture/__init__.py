"""The lecture's claims L1 to L27, each judged by evaluating its two sides.

The left side is what JAX says of the network, by its forward pass or by automatic differentiation
of its loss; the right side is the printed form, in NumPy. `CLAIMS` is to be read beside the
lecture. There, p is a random point with the lecture's symbols, x and z with their 1 in front, and
s is the 1 that stands printed where Σ y belongs.
"""

import functools
from collections.abc import Callable

import numpy as np

from jaxmlp.verify.finding import Claim
from jaxmlp.verify.lecture.points import (
    Function,
    Point,
    Reals,
    d_relu,
    d_sigmoid,
    draw,
    relu,
    sigmoid,
    softmax,
    tanh,
)
from jaxmlp.verify.lecture.verdict import Entry, Remark, judge


def claims(*, seed: int = 0) -> tuple[Claim, ...]:
    """L1 to L27, each judged at random points, in float64.

    Args:
        seed: of the points.

    Example:
        >>> found = {claim.id: claim for claim in claims()}
        >>> found["L20"].holds, found["L20"].relative_error < 1e-9
        (True, True)
        >>> found["L20"].assumption.en
        "Σ y = 1; for any y: ∂E/∂W = [Ṽᵀ(g(Vz) Σ y − y) ⊙ f'(Wx)] xᵀ"
        >>> found["L13"].holds, found["L13"].correction
        (False, '∂E/∂v_k = −Σ_i y_i ∂log g_i(Vz)/∂v_k')
        >>> [claim.id for claim in claims() if not claim.holds]
        ['L13', 'L16', 'L21', 'L22', 'L23', 'L24', 'L27']
    """
    points = draw(seed)
    return tuple(judge(entry, points) for entry in CLAIMS)


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
    factor = d_sigmoid(p.a) * (sigmoid(p.a) - p.y)
    return np.outer(-p.eta * (factor @ v_kj) * p.df(p.u), p.x)


def v_jk(p: Point) -> np.ndarray:
    """(m, q): in the place k, j what V has in its row j and column k.

    Raises:
        IndexError: it has no such row, or column.
    """
    m, q = p.V_tilde.shape
    return np.array([[p.V[j, 1 + k] for j in range(q)] for k in range(m)])


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


CONFUSION = np.array([[10, 3, 3, 4], [2, 8, 5, 5], [0, 5, 12, 3], [3, 2, 3, 12]])


@functools.cache
def counted() -> np.ndarray:
    """80 outputs of a softmax whose classes are those of L25, classified and counted."""
    true, wanted = np.repeat(np.indices((4, 4)).reshape(2, -1), CONFUSION.ravel(), axis=1)
    outputs = np.sort(np.random.default_rng(0).dirichlet(np.ones(4), 80))
    predicted = np.array([np.roll(g, k + 1).argmax() for g, k in zip(outputs, wanted, strict=True)])
    return np.array([[np.sum(predicted[true == i] == j) for j in range(4)] for i in range(4)])


CLAIMS = (
    Entry(
        "L1",
        "前回の復習: パーセプトロン",
        "y = f(w_0 + w_1x_1 + … + w_dx_d)",
        True,
        [lambda p: (p.simple.neuron, sigmoid(p.W[0, 0] + sum(p.W[0, 1:] * p.x[1:])))],
        remark=Remark(
            "As a network it has no hidden layer. What stochastic gradient descent needs, "
            "with f sigmoid and E of L10, is ∂E/∂w = (f(w·x) − y) x.",
            "ネットワークとしては中間層がありません。f がシグモイド、E が L10 のとき、"
            "確率的勾配降下法で使う勾配は ∂E/∂w = (f(w·x) − y) x です。",
            agree=[lambda p: (p.simple.neuron_dw, (sigmoid(p.W[0] @ p.x) - p.label) * p.x)],
        ),
    ),
    Entry(
        "L2",
        "多クラス分類",
        "y = (0, …, 0, 1, 0, …, 0)ᵀ, y_k = 1 ⇔ x ∈ C_k (1-of-K)",
        True,
        [lambda p: (p.simple.one_hot, [1.0 if y == max(p.y) else 0.0 for y in p.y])],
        remark=Remark(
            "So Σ y = 1, and of L9 only −log g_k of the true class remains.",
            "したがって Σ y = 1 であり、L9 のうち正解クラスの −log g_k だけが残ります。",
            agree=[
                lambda p: (p.simple.one_hot.sum(), 1),
                lambda p: (-p.simple.one_hot @ p.net.log_g, -np.log(p.g[p.y.argmax()])),
            ],
        ),
    ),
    Entry(
        "L3",
        "3層ニューラルネットワーク",
        "z_j = f(w_j·x), y_k = g(v_k·z)",
        True,
        [
            lambda p: (p.net.z[1:], [p.f(w_j @ p.x) for w_j in p.W]),
            lambda p: (p.net.g["binary"], [sigmoid(v_k @ p.z) for v_k in p.V]),
        ],
        remark=Remark(
            "For g element by element. Softmax needs the whole vector, g(Vz)_k, which g(v_k·z) "
            "hides: the root of L13 and L16.",
            "g が成分ごとの関数の場合です。ソフトマックスにはベクトル全体が必要で、正しくは "
            "g(Vz)_k です。g(v_k·z) という記法ではそれが見えず、L13 と L16 の誤りのもとに"
            "なっています。",
            agree=[lambda p: (p.net.g["entropy"], softmax(p.V @ p.z))],
            differ=[lambda p: (p.net.g["entropy"], [softmax(v_k @ p.z) for v_k in p.V])],
        ),
    ),
    Entry(
        "L4",
        "3層ニューラルネットワークのモデルの例",
        "y = VWx, rank VW ≤ q (f(x) = g(x) = x, w_j0 = v_k0 = 0, q < m)",
        True,
        [
            lambda p: (p.simple.product, p.V_tilde @ p.W[:, 1:] @ p.x[1:]),
            lambda p: (p.simple.product_dx, p.V_tilde @ p.W[:, 1:]),
            lambda p: (p.simple.product_dx, rank_q(p)),
        ],
    ),
    Entry(
        "L5",
        "活性化関数の例",
        "ReLU(x) = max{0, x}, σ(x) = 1/(1 + e⁻ˣ), tanh x = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)",
        True,
        [
            lambda p: (p.simple.f[0], relu(p.r)),
            lambda p: (p.simple.f[1], sigmoid(p.r)),
            lambda p: (p.simple.f[2], tanh(p.r)),
        ],
    ),
    Entry(
        "L6",
        "活性化関数の例",
        "g(x) = x; g(x) = (e^{x_1}, …, e^{x_m})ᵀ / Σ_k e^{x_k}, g_k ≥ 0, Σ_k g_k = 1",
        True,
        [
            lambda p: (p.net.g["linear"], p.a),
            lambda p: (p.simple.softmax, np.exp(p.y) / sum(np.exp(y_k) for y_k in p.y)),
            lambda p: (p.simple.softmax, np.maximum(0, p.simple.softmax)),
            lambda p: (p.simple.softmax.sum(), 1),
        ],
    ),
    Entry(
        "L7",
        "活性化関数の微分",
        "ReLU'(x) = 1 (x > 0), 0 (x ≤ 0); σ' = σ(1 − σ); tanh' = 1 − tanh²",
        True,
        [
            lambda p: (p.simple.df[0], d_relu(p.r)),
            lambda p: (p.simple.df[1], sigmoid(p.r) * (1 - sigmoid(p.r))),
            lambda p: (p.simple.df[2], 1 - tanh(p.r) ** 2),
        ],
        remark=Remark(
            "At 0, where ReLU has no derivative, ReLU'(0) = 0 is a convention: jax.nn.relu keeps "
            "it, jnp.maximum(x, 0) gives ½.",
            "ReLU は 0 で微分できないので、ReLU'(0) = 0 は約束です。jax.nn.relu はこの約束に"
            "従いますが、jnp.maximum(x, 0) の自動微分は ½ になります。",
            agree=[
                lambda p: (p.simple.df[3, 1:], d_relu(p.r[1:])),
                lambda p: (p.simple.df[3, 0], 0.5),
            ],
            differ=[lambda p: (p.simple.df[3], d_relu(p.r))],
        ),
    ),
    Entry(
        "L8",
        "ℓ2-誤差",
        "E = Σ_j (y_j − g(v_j·z))², g(x) = x",
        True,
        [
            lambda p: (
                p.net.E["linear"],
                sum((p.y[j] - v_j @ p.z) ** 2 for j, v_j in enumerate(p.V)),
            )
        ],
        remark=Remark(
            "Without ½, so that ∂E/∂g = 2(g − y).",
            "½ が付かないので ∂E/∂g = 2(g − y) です。",
            agree=[lambda p: (p.d.linear.delta2, 2 * (p.a - p.y))],
            differ=[lambda p: (p.d.linear.delta2, p.a - p.y)],
        ),
    ),
    Entry(
        "L9",
        "クロスエントロピー",
        "E = −Σ_i y_i log g(v_i·z), g = softmax",
        True,
        [lambda p: (p.net.E["entropy"], -sum(p.y * np.log(softmax(p.V @ p.z))))],
    ),
    Entry(
        "L10",
        "クロスエントロピー (m = 2)",
        "E = −y log f(w·x) − (1 − y) log(1 − f(w·x)), f = σ",
        True,
        [
            lambda p: (p.simple.neuron_E, E_two(p.W[0], p)),
            lambda p: (p.simple.two_E, E_two(p.W[0] - p.W[1], p)),
        ],
        remark=Remark(
            "It is L9 for m = 2 with w = v_1 − v_2 and the target (y, 1 − y).",
            "L9 で m = 2、w = v_1 − v_2、教師ベクトルを (y, 1 − y) とした場合にあたります。",
            differ=[lambda p: (p.simple.two_E, E_two(p.W[1] - p.W[0], p))],
        ),
    ),
    Entry(
        "L11",
        "行列微分",
        "(∂f/∂W)_ij = ∂f/∂w_ij; f(W) = tr(WᵀW) = Σ_ij w_ij² ⇒ ∂f/∂W = 2W",
        True,
        [
            lambda p: (p.simple.trace, sum(w**2 for w in p.W.flat)),
            lambda p: (p.simple.trace_dW, 2 * p.W),
            lambda p: (p.simple.trace_dW, difference_quotients(lambda W: np.trace(W.T @ W), p.W)),
        ],
    ),
    Entry(
        "L12",
        "パラメータの更新規則",
        "W⁽ᵗ⁺¹⁾ = W⁽ᵗ⁾ − η_t ∂E(W, V⁽ᵗ⁾)/∂W |_{W=W⁽ᵗ⁾}, "
        "V⁽ᵗ⁺¹⁾ = V⁽ᵗ⁾ − η_t ∂E(W⁽ᵗ⁾, V)/∂V |_{V=V⁽ᵗ⁾}",
        True,
        [
            lambda p: (
                -p.eta * p.dW,
                -p.eta * difference_quotients(lambda W: E_of(p, W, p.V), p.W),
            ),
            lambda p: (
                -p.eta * p.dV,
                -p.eta * difference_quotients(lambda V: E_of(p, p.W, V), p.V),
            ),
        ],
        remark=Remark(
            "Both at step t: with V⁽ᵗ⁺¹⁾ in the gradient for W it is another step.",
            "どちらの勾配も時刻 t で計算します。W の勾配に V⁽ᵗ⁺¹⁾ を使うと別の更新になります。",
            differ=[lambda p: (p.dW, p.late.entropy.dW)],
        ),
    ),
    Entry(
        "L13",
        "準備: 誤差関数の勾配の導出 I",
        "∂E/∂v_k = −∂/∂v_k Σ_i y_i log g(v_i·z) = −y_k ∂log g(v_k·z)/∂v_k",
        False,
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
            agree=[
                lambda p: (p.dV, -dot(p.y, p.d.log_g.dV)),
                lambda p: (p.dV[p.y == 1], -own(p.d.log_g.dV)[p.y == 1]),
                lambda p: (own(p.d.log_g.dV), np.outer(d_softmax(p.a) / p.g, p.z)),
                lambda p: (p.dV, np.outer(delta2(p, p.y.sum()), p.z)),
            ],
            differ=[
                lambda p: (
                    np.outer(-p.y / p.g * d_softmax(p.a), p.z),
                    np.outer(delta2(p, p.y.sum()), p.z),
                )
            ],
        ),
    ),
    Entry(
        "L14",
        "準備: 誤差関数の勾配の導出 I",
        "∂E/∂v_k = (g(v_k·z) − y_k) z",
        True,
        [lambda p, s=1: (p.dV, [(g_k * s - y_k) * p.z for g_k, y_k in zip(p.g, p.y, strict=True)])],
        any_y="∂E/∂v_k = (g_k Σ_i y_i − y_k) z",
    ),
    Entry(
        "L15",
        "準備: 誤差関数の勾配の導出 I",
        "∂E/∂V = (g(Vz) − y) zᵀ",
        True,
        [lambda p, s=1: (p.dV, np.outer(p.g * s - p.y, p.z))],
        any_y="∂E/∂V = (g(Vz) Σ y − y) zᵀ",
    ),
    Entry(
        "L16",
        "準備: 誤差関数の勾配の導出 II",
        "∂E/∂w_j = −Σ_i y_i (∂log g(v_i·z)/∂(v_i·z)) ∂(v_i·z)/∂w_j",
        False,
        [lambda p: (p.dW, -dot(p.y * own(p.d.log_g.delta2), p.d.a.dW))],
        correction="∂E/∂w_j = −Σ_i y_i Σ_k (∂log g_i(Vz)/∂(v_k·z)) ∂(v_k·z)/∂w_j",
        corrected=[lambda p: (p.dW, -dot(p.y @ p.d.log_g.delta2, p.d.a.dW))],
        remark=Remark(
            "For the reason of L13: log g_i depends on every v_k·z, and the chain rule sums over "
            "all of them. The equalities before it hold: ∂E/∂w_j = −Σ_i y_i ∂log g_i/∂w_j.",
            "理由は L13 と同じです。log g_i はすべての v_k·z に依存するので、連鎖律ではそのすべてに"
            "ついて和を取ります。その手前の等号 ∂E/∂w_j = −Σ_i y_i ∂log g_i/∂w_j までは"
            "成り立ちます。",
            agree=[lambda p: (p.dW, -dot(p.y, p.d.log_g.dW))],
        ),
    ),
    Entry(
        "L17",
        "準備: 誤差関数の勾配の導出 II",
        "∂E/∂w_j = Σ_i (g(v_i·z) − y_i) ∂(v_i·z)/∂w_j",
        True,
        [lambda p, s=1: (p.dW, dot(p.g * s - p.y, p.d.a.dW))],
        any_y="∂E/∂w_j = Σ_i (g_i Σ y − y_i) ∂(v_i·z)/∂w_j",
    ),
    Entry(
        "L18",
        "準備: 誤差関数の勾配の導出 II",
        "∂(v_i·z)/∂w_j = v_ij f'(w_j·x) x",
        True,
        [
            lambda p: (
                p.d.a.dW,
                [[v_i[j] * p.df(w_j @ p.x) * p.x for j, w_j in enumerate(p.W, 1)] for v_i in p.V],
            )
        ],
    ),
    Entry(
        "L19",
        "準備: 誤差関数の勾配の導出 III",
        "∂E/∂w_j = [ṽ_jᵀ(g(Vz) − y) f'(w_j·x)] x",
        True,
        [
            lambda p, s=1: (
                p.dW,
                [
                    p.V[:, j] @ (p.g * s - p.y) * p.df(w_j @ p.x) * p.x
                    for j, w_j in enumerate(p.W, 1)
                ],
            )
        ],
        any_y="∂E/∂w_j = [ṽ_jᵀ(g(Vz) Σ y − y) f'(w_j·x)] x",
    ),
    Entry(
        "L20",
        "準備: 誤差関数の勾配の導出 III",
        "∂E/∂W = [Ṽᵀ(g(Vz) − y) ⊙ f'(Wx)] xᵀ",
        True,
        [lambda p, s=1: (p.dW, np.outer(p.V_tilde.T @ (p.g * s - p.y) * p.df(p.W @ p.x), p.x))],
        any_y="∂E/∂W = [Ṽᵀ(g(Vz) Σ y − y) ⊙ f'(Wx)] xᵀ",
    ),
    Entry(
        "L21",
        "誤差逆伝播法",
        "V⁽ᵗ⁺¹⁾ = V⁽ᵗ⁾ − η_t (g(V⁽ᵗ⁾ᵀz⁽ᵗ⁾) − y) z⁽ᵗ⁾ᵀ",
        False,
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
            unfit=[lambda p: (p.delta2, delta2_transposed(p))],
        ),
    ),
    Entry(
        "L22",
        "誤差逆伝播法",
        "δ2 = g(V⁽ᵗ⁾ᵀz⁽ᵗ⁾) − y, δ1 = Ṽ⁽ᵗ⁾ᵀ(g(V⁽ᵗ⁾z⁽ᵗ⁾) − y) ⊙ f'(W⁽ᵗ⁾x)",
        False,
        [lambda p: (p.delta2, delta2_transposed(p)), lambda p: (p.delta1, delta1(p))],
        any_y="δ2 = g(Vz) Σ y − y, δ1 = Ṽᵀδ2 ⊙ f'(Wx)",
        correction="δ2 = g(V⁽ᵗ⁾z⁽ᵗ⁾) − y, δ1 = Ṽ⁽ᵗ⁾ᵀδ2 ⊙ f'(W⁽ᵗ⁾x)",
        corrected=[
            lambda p, s=1: (p.delta2, delta2(p, s)),
            lambda p, s=1: (p.delta1, delta1(p, s)),
        ],
        at="m = q + 1",
        remark=Remark(
            "δ1 holds where Σ y = 1, since it has g(Vz); δ2 is wrong, for the reason of L21: it is "
            "Vz, not Vᵀz. Evaluated where m = q + 1.",
            "δ1 は g(Vz) と書かれているので、Σ y = 1 のとき正しい式です。δ2 は L21 と同じ理由で"
            "誤りで、Vᵀz ではなく Vz です (m = q + 1 の場合で評価しました)。",
            agree=[lambda p: (p.delta1, delta1(p))],
            differ=[lambda p: (p.delta2, delta2_transposed(p))],
            unfit=[lambda p: (p.delta2, delta2_transposed(p))],
        ),
    ),
    Entry(
        "L23",
        "誤差逆伝播法 (アニメーション)",
        "v_kᵗ⁺¹ = v_kᵗ − η g'(v_kᵗ·zᵗ)(g(v_kᵗ·zᵗ) − y_k) zᵗ",
        False,
        [
            lambda p: (-p.eta * p.d.squared.dV, v_step(p, d_sigmoid, sigmoid)),
            lambda p: (-p.eta * p.d.linear.dV, v_step(p, np.ones_like, np.array)),
        ],
        correction="v_kᵗ⁺¹ = v_kᵗ − 2η g'(v_kᵗ·zᵗ)(g(v_kᵗ·zᵗ) − y_k) zᵗ",
        corrected=[
            lambda p: (-p.eta * p.d.squared.dV, 2 * v_step(p, d_sigmoid, sigmoid)),
            lambda p: (-p.eta * p.d.linear.dV, 2 * v_step(p, np.ones_like, np.array)),
        ],
        remark=Remark(
            "For E of L8 and g element by element; the gradient has a factor 2 more, which η can "
            "absorb. With ½ E it holds. With softmax and L9, or sigmoid and L10, the factor g' "
            "must go.",
            "E が L8 で g が成分ごとの関数の場合です。正しい勾配はこの 2 倍です (2 は η に含めても"
            "かまいません)。誤差を ½E とすれば成り立ちます。ソフトマックスと L9、シグモイドと L10"
            " の組では、どちらも g' は付きません。",
            agree=[
                lambda p: (-p.eta * p.d.squared.dV / 2, v_step(p, d_sigmoid, sigmoid)),
                lambda p: (-p.eta * p.d.binary.dV, v_step(p, np.ones_like, sigmoid)),
                lambda p: (p.dV, np.outer(delta2(p, p.y.sum()), p.z)),
            ],
            differ=[
                lambda p: (-p.eta * p.d.binary.dV, v_step(p, d_sigmoid, sigmoid)),
                lambda p: (-p.eta * p.dV, v_step(p, d_softmax, softmax)),
            ],
        ),
    ),
    Entry(
        "L24",
        "誤差逆伝播法 (アニメーション)",
        "w_jᵗ⁺¹ = w_jᵗ − η Σ_k g'(v_kᵗ·zᵗ)(g(v_kᵗ·zᵗ) − y_k) v_jkᵗ f'(w_jᵗ·x) x",
        False,
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
            differ=[
                lambda p: (-p.eta * p.d.squared.dW, w_step(p, p.V_tilde)),
                lambda p: (-p.eta * p.d.squared.dW, 2 * w_step(p, v_jk(p))),
            ],
            unfit=[lambda p: (-p.eta * p.d.squared.dW, w_step(p, v_jk(p)))],
        ),
    ),
    Entry(
        "L25",
        "課題のための準備: 分類結果の評価",
        "argmax_k g_k: (0.8, 0.04, 0.1, 0.06) ↦ 0; (10 + 8 + 12 + 12)/80 = 42/80 = 52.5 %",
        True,
        [
            lambda p: (np.argmax([0.8, 0.04, 0.1, 0.06]), 0),
            lambda p: (counted(), CONFUSION),
            lambda p: ([np.trace(counted()), counted().sum()], [10 + 8 + 12 + 12, 80]),
            lambda p: (np.trace(counted()) / counted().sum(), 52.5 / 100),
        ],
        remark=Remark(
            "Rows are the true classes, columns the predicted ones. Softmax keeps the order, so "
            "that the largest a_k says the class, too.",
            "行が実際のクラス、列が予測したクラスです。ソフトマックスは大小関係を変えないので、"
            "最大の a_k からも同じクラスが決まります。",
            agree=[lambda p: (p.net.g["entropy"].argmax(), p.a.argmax())],
            differ=[lambda p: (counted().T, CONFUSION)],
        ),
    ),
    Entry(
        "L26",
        "誤差逆伝播法",
        "W⁽ᵗ⁺¹⁾ = W⁽ᵗ⁾ − η_t [Ṽ⁽ᵗ⁾ᵀ(g(V⁽ᵗ⁾z⁽ᵗ⁾) − y) ⊙ f'(W⁽ᵗ⁾x)] xᵀ",
        True,
        [lambda p, s=1: (-p.eta * p.dW, -p.eta * np.outer(delta1(p, s), p.x))],
        any_y="W⁽ᵗ⁺¹⁾ = W⁽ᵗ⁾ − η_t [Ṽ⁽ᵗ⁾ᵀ(g(V⁽ᵗ⁾z⁽ᵗ⁾) Σ y − y) ⊙ f'(W⁽ᵗ⁾x)] xᵀ",
        remark=Remark(
            "Everything at step t: with V⁽ᵗ⁺¹⁾, as when V is updated first, it is wrong.",
            "すべて時刻 t の値を使います。先に V を更新して V⁽ᵗ⁺¹⁾ を使うと誤りになります。",
            differ=[
                lambda p: (p.dW, np.outer(delta1(p._replace(V=later(p))), p.x)),
                lambda p: (p.dW, np.outer(later(p)[:, 1:].T @ delta2(p) * p.df(p.u), p.x)),
            ],
        ),
    ),
    Entry(
        "L27",
        "準備: 誤差関数の勾配の導出 II",
        "z = f(Wx)",
        False,
        [lambda p: (p.net.a, p.V_tilde @ p.f(p.W @ p.x))],
        correction="z = (1, f(Wx))",
        corrected=[
            lambda p: (p.net.z, np.append(1, p.f(p.W @ p.x))),
            lambda p: (p.net.a, p.V @ np.append(1, p.f(p.W @ p.x))),
        ],
        remark=Remark(
            "The 1 in front is missing: f(Wx) has q entries, and V f(Wx) does not conform. It was "
            "evaluated with Ṽ f(Wx), which has lost the biases v_k0.",
            "先頭の 1 が抜けています。f(Wx) は q 次元なので V f(Wx) は形が合いません。ここでは "
            "Ṽ f(Wx) として評価しました。これにはバイアス v_k0 が含まれません。",
            agree=[lambda p: (p.net.z[1:], p.f(p.W @ p.x))],
            unfit=[lambda p: (p.net.z, p.f(p.W @ p.x)), lambda p: (p.net.a, p.V @ p.f(p.W @ p.x))],
        ),
    ),
)
