"""How a file evaluates its network: said where there is evidence, and else not."""

import pytest

from jaxmlp.verify.homework import verify_file

LECTURE = """import numpy as np
rng = np.random.default_rng(3)
x_train, x_test = rng.normal(size=(9, 5)), rng.normal(size=(7, 5))
y_train, y_test = np.eye(3)[rng.integers(0, 3, 9)], np.eye(3)[rng.integers(0, 3, 7)]
W, V = rng.normal(size=(4, 6)), rng.normal(size=(3, 5))
def softmax(a):
    e = np.exp(a - a.max())
    return e / e.sum()
def relu(u):
    return np.maximum(u, 0)
def loss(g, y):
    return -np.sum(y * np.log(g))
error = []
for epoch in range(3):
    for i in rng.permutation(9):
        x, y = np.append(1, x_train[i, :]), y_train[i, :]
        u = W @ x
        z = np.append(1, relu(u))
        g = softmax(V @ z)
        d2 = g - y
        d1 = (V[:, 1:].T @ d2) * (u > 0)
        V = V - 0.1 * np.outer(d2, z)
        W = W - 0.1 * np.outer(d1, x)
    e = []
    for j in range(7):
        xj = np.append(1, x_test[j, :])
        yj = y_test[j, :]
        zj = np.append(1, relu(W @ xj))
        e.append(loss(softmax(V @ zj), yj))
    error.append(np.mean(e))
"""
BATCH = """import numpy as np
rng = np.random.default_rng(4)
data, labels = rng.normal(size=(16, 5)), rng.integers(0, 3, 16)
X_train, X_test, t_train, t_test = data[:9], data[9:], labels[:9], labels[9:]
T = np.eye(3)[t_train]
A, a = rng.normal(size=(5, 4)), np.full(4, 0.3)
B, b = rng.normal(size=(4, 3)), np.full(3, 0.2)
def sigmoid(u):
    return 1 / (1 + np.exp(-u))
def predict(X):
    H = np.tanh(X @ A + a)
    return np.argmax(H @ B + b, axis=1)
for t in range(50):
    Z = np.tanh(X_train @ A + a)
    S = np.exp(Z @ B + b)
    G = S / S.sum(axis=1, keepdims=True)
    top = (G - T) / 9
    low = top @ B.T * (1 - Z ** 2)
    B -= 0.1 * Z.T @ top; b -= 0.1 * top.sum(axis=0)
    A -= 0.1 * X_train.T @ low; a -= 0.1 * low.sum(axis=0)
train_accuracy = np.mean(predict(X_train) == t_train)
test_accuracy = np.mean(predict(X_test) == t_test)
"""
RIGHT = {"lecture": LECTURE, "batch": BATCH}
WRONG = [
    (LECTURE, "y_test[j, :]", "y_train[j, :]", "evaluated-on-other-targets", "y_train[j, :]", ("x_test", "y_train", "y_test")),
    (LECTURE, "x_test[j, :]", "x_train[j, :]", "evaluated-on-other-data", "y_test[j, :]", ("x_train", "y_test", "x_test")),
    (LECTURE, "np.append(1, relu(W @ xj))", "np.append(1, np.tanh(W @ xj))", "evaluated-with-other-f", "np.tanh(W @ xj)", ("relu", "tanh")),
    (LECTURE, "np.append(1, relu(W @ xj))", "np.append(1, W @ xj)", "evaluated-with-other-f", "np.append(1, W @ xj)", ("relu", "identity")),
    (LECTURE, "zj = np.append(1, relu(W @ xj))\n        e.append(loss(softmax(V @ zj), yj))",
     "zj = relu(W @ xj)\n        e.append(loss(softmax(V[:, 1:] @ zj), yj))", "evaluated-without-bias", "V[:, 1:] @ zj", ()),
    (BATCH, "predict(X_test) == t_test", "predict(X_test) == t_train[:7]", "evaluated-on-other-targets", "t_train[:7]", ("X_test", "t_train", "t_test")),
    (BATCH, "H = np.tanh(X @ A + a)", "H = sigmoid(X @ A + a)", "evaluated-with-other-f", "sigmoid(X @ A + a)", ("tanh", "sigmoid")),
    (BATCH, "H = np.tanh(X @ A + a)", "H = np.tanh(X @ A)", "evaluated-without-bias", "X @ A", ()),
]  # fmt: skip


@pytest.fixture
def checked(tmp_path):
    def check(text: str):
        path = tmp_path / "homework.py"
        path.write_text(text, encoding="utf-8")
        return verify_file(path)

    return check


@pytest.mark.costly
@pytest.mark.parametrize(("text", "right", "wrong", "name", "place", "words"), WRONG)
def test_a_wrong_evaluation_is_told_and_the_backpropagation_is_right(
    checked, text, right, wrong, name, place, words
):
    assert text.count(right) == 1
    file = checked(text.replace(right, wrong))
    (check,) = [c for c in file.checks if c.verdict != "right"]
    assert (check.stage, [note.id for note in check.diagnosis]) == ("evaluation", [name])
    assert check.place.text == place
    assert [line.verdict for line in check.lines] == ["wrong"]
    for said in (check.diagnosis[0].text.en, check.diagnosis[0].text.ja):
        assert all(word in said for word in words)
    assert {c.stage for c in file.checks} >= {"dV", "dW"}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_a_right_evaluation_is_not_mentioned(checked, text):
    file = checked(text)
    assert {check.verdict for check in file.checks} == {"right"}
    assert "evaluation" not in {check.stage for check in file.checks}


SAME = [
    (LECTURE, "yj = y_test[j, :]", "yj = y_test[j]"),
    (LECTURE, "x_test[j, :]", "x_train[j, :]", "y_test[j, :]", "y_train[j, :]"),
    (LECTURE, "e.append(loss(softmax(V @ zj), yj))", "e.append(np.argmax(V @ zj) != np.argmax(yj))"),
    (BATCH, "predict(X_train) == t_train", "predict(X_train) == T.argmax(axis=1)"),
    (BATCH, "predict(X_train) == t_train", "predict(data) == labels"),
    (BATCH, "predict(X_test) == t_test", "predict(X_test) - t_train.mean()"),
    (BATCH, "T = np.eye(3)[t_train]", "T = np.zeros((9, 3))\nfor k in range(9):\n    T[k, int(t_train[k])] = 1"),
    (BATCH, "H = np.tanh(X @ A + a)", "H = X @ A\n    H += a\n    H = np.tanh(H)"),
    (BATCH, "    Z = np.tanh(X_train @ A + a)", "    Z = np.tanh(X_train @ A + a) * mask", "for t in", "mask = (rng.random((9, 4)) > 0.5) * 2.0\nfor t in", "(1 - Z ** 2)", "(mask - Z ** 2 / 2)"),
    (BATCH, "H = np.tanh(X @ A + a)", "H = 2 / (1 + np.exp(-2 * (X @ A + a))) - 1"),
]  # fmt: skip


@pytest.mark.parametrize("change", SAME, ids=range(len(SAME)))
def test_what_is_the_same_in_other_words_or_not_known_is_not_mentioned(checked, change):
    text, *changes = change
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    file = checked(text)
    assert "evaluation" not in {check.stage for check in file.checks}
    assert not [note for note in file.remarks if "itself failed" in note.text.en]


NOISY = """import numpy as np
letters = [np.random.rand(6, 5).round() for _ in range(3)]
def noisy(letter, n):
    return np.array([np.where(np.random.rand(6, 5) < 0.05, 1 - letter, letter).reshape(-1)
                     for _ in range(n)])
X = np.vstack([noisy(one, 10) for one in letters])
T = np.zeros((30, 3)); T[np.arange(30), np.repeat(np.arange(3), 10)] = 1
W, V = np.random.randn(30, 8), np.random.randn(8, 3)
f = lambda u: 1 / (1 + np.exp(-u))
for t in range(50):
    H = f(X @ W)
    G = f(H @ V)
    top = (G - T) * G * (1 - G)
    W, V = W - 0.1 * X.T @ (top @ V.T * H * (1 - H)), V - 0.1 * H.T @ top
X_test = np.vstack([noisy(one, 5) for one in letters])
y_test = np.array([0] * 5 + [1] * 5 + [2] * 5)
guesses = np.argmax(f(f(X_test @ W) @ V), axis=1)
print(np.mean(guesses == y_test))
"""


def test_new_data_that_are_made_as_the_training_data_were_are_no_mistake(checked):
    assert {check.verdict for check in checked(NOISY).checks} == {"right"}


def test_nothing_is_said_of_f_where_the_sample_is_0(tmp_path):
    path = tmp_path / "xor.py"
    path.write_text("""import numpy as np
X, T = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), np.array([[-1], [1], [1], [-1.0]])
A, a, B, b = np.random.randn(2, 4), np.zeros(4), np.random.randn(4, 1), np.zeros(1)
def net(x):
    return np.tanh(np.tanh(x @ A + a) @ B + b)
for epoch in range(100):
    for k in range(4):
        x, t = X[k : k + 1], T[k : k + 1]
        z = np.tanh(x @ A + a)
        g = np.tanh(z @ B + b)
        top = 2 * (g - t) * (1 - g ** 2)
        low = top @ B.T * (1 - z ** 2)
        B -= 0.1 * z.T @ top; b -= 0.1 * top.sum(axis=0)
        A -= 0.1 * x.T @ low; a -= 0.1 * low.sum(axis=0)
for k in range(4):
    print(net(X[k]), T[k])
""")
    assert {check.verdict for check in verify_file(path).checks} == {"right"}
