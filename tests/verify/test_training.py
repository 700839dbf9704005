"""The body of a training loop: one right script, and what becomes of it by one edit each."""

import pytest

from jaxmlp.verify.homework import Options, verify_file

SCRIPT = """
import numpy as np

x_train = np.load("x.npy")
y_train = np.load("y.npy")
n, d = x_train.shape
m = 4
q = 200


def dReLU(x):
    return (x > 0) * 1


def softmax_(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def passed(x, W):
    u = W @ x
    return np.append(1, np.maximum(u, 0)), dReLU(u)


W = np.random.normal(0, 0.3, (q, d + 1))
V = np.random.normal(0, 0.3, (m, q + 1))
eta = 0.1

for epoch in range(10):
    eta_t = eta / (epoch + 1)
    for i in np.random.permutation(n):
        xi = np.append(1, x_train[i, :])
        yi = y_train[i, :]
        z, dz = passed(xi, W)
        g = softmax_(V @ z)
        delta2 = g - yi
        delta1 = V[:, 1:].T @ delta2 * dz
        V = V - eta_t * np.outer(delta2, z)
        W = W - eta_t * np.outer(delta1, xi)
"""
Z, X = "np.outer(delta2, z)", "np.outer(delta1, xi)"
DELTA1 = "delta1 = V[:, 1:].T @ delta2 * dz"
STEP_V = f"        V = V - eta_t * {Z}\n"
STEP_W = f"        W = W - eta_t * {X}\n"
ALL = {"delta2": "right", "dV": "right", "delta1": "right", "dW": "right"}


def edited(*edits):
    text = SCRIPT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


def checks(tmp_path, text, **options):
    path = tmp_path / "homework.py"
    path.write_text(text, encoding="utf-8")
    file = verify_file(path, Options(**options))
    assert file.problem is None
    return [check for check in file.checks if check.name == "training loop"]


def verdicts(tmp_path, text, **options):
    return {check.stage: check.verdict for check in checks(tmp_path, text, **options)}


def diagnoses(tmp_path, text, **options):
    """By stage that is wrong, the ids of its first explanation."""
    found = checks(tmp_path, text, **options)
    return {c.stage: [n.id for n in c.diagnosis if n.explanation == c.diagnosis[0].explanation]
            for c in found if c.verdict == "wrong"}  # fmt: skip


def test_the_script_is_right(tmp_path):
    found = checks(tmp_path, SCRIPT)
    assert {c.stage: c.verdict for c in found} == ALL
    assert {c.line for c in found} == {SCRIPT[: SCRIPT.index("    for i in")].count("\n") + 1}
    assert [n.id for n in found[0].remarks] == ["judged-by"]
    assert "cross-entropy" in found[0].remarks[0].text.en


RIGHT = {
    "the step size written into the update": [("eta_t * ", "eta / (epoch + 1) * ")],
    "a step size without a name": [("eta_t * ", "0.01 * ")],
    "a step size by the square root": [("eta / (epoch + 1)", "eta / np.sqrt(epoch + 1)")],
    "in place": [("V = V - eta_t *", "V -= eta_t *"), ("W = W - eta_t *", "W -= eta_t *")],
    "both signs turned": [
        ("g - yi", "yi - g"),
        ("V - eta", "V + eta"),
        ("W - eta", "W + eta"),
    ],
    "the step size in delta": [("delta2 = g - yi", "delta2 = eta_t * (g - yi)"), ("eta_t * np", "np")],
    "V as a whole, and its row left out": [
        ("V[:, 1:].T @ delta2 * dz", "(V.T @ delta2)[1:] * dz"),
    ],
    "delta with an entry for the 1": [
        ("V[:, 1:].T @ delta2 * dz", "V.T @ delta2 * np.append(1, dz)"),
        (X, "np.outer(delta1[1:], xi)"),
    ],
    "outer products by hand": [(Z, "delta2[:, None] * z"), (X, "np.dot(delta1.reshape(-1, 1), xi[None])")],
    "a transposed product the other way": [(Z, "np.outer(z, delta2).T")],
    "the ReLU's derivative at z": [("* dz", "* dReLU(z[1:])")],
    "V copied before it is updated in place": [
        (DELTA1, "V_tilde = V[:, 1:].copy()"),
        (STEP_V, "        V -= eta_t * " + Z + "\n        delta1 = V_tilde.T @ delta2 * dz\n"),
    ],
    "both at once": [(STEP_V, ""), ("W = W - eta_t * " + X, f"V, W = V - eta_t * {Z}, W - eta_t * {X}")],
    "new names first": [
        ("V = V - eta_t", "V_new = V - eta_t"),
        (STEP_W, STEP_W.replace("W = W", "W_new = W") + "        W, V = W_new, V_new\n"),
    ],
    "pixels scaled in the loop": [("x_train[i, :])", "x_train[i, :] / 255)")],
    "labels as numbers": [("yi = y_train[i, :]", "yi = np.eye(m)[y_train[i]]")],
    "labels as numbers, filled in": [
        ("yi = y_train[i, :]", "yi = np.zeros(4)\n        yi[int(y_train[i])] = 1")
    ],
    "the 1 put in outside": [
        ("xi = np.append(1, x_train[i, :])", "xi = x_train[i, :]"),
        ("eta = 0.1", "eta = 0.1\nx_train = np.insert(x_train, 0, 1, axis=1)"),
    ],
    "x and t for names": [("xi ", "x "), ("xi,", "x,"), ("xi)", "x)"), ("yi", "t")],
    "t counts the epochs": [("for epoch in", "for t in"), ("(epoch + 1)", "(t + 1)")],
    "t counts the steps": [
        ("for epoch in", "t = 0\nfor epoch in"),
        ("        xi =", "        t += 1\n        eta_t = eta / (1 + 0.001 * t)\n        xi ="),
    ],
    "annotated": [
        ("eta = 0.1", "eta: Number = 0.1"),
        ("eta_t = eta", "eta_t: Number = eta"),
        ("def passed(x, W):", "def passed(x: Array, W: Array) -> Array:"),
    ],
    "an order by name": [
        ("for i in np.random.permutation(n)", "index = np.random.permutation(n)\n    for k in range(n)"),
        ("xi = ", "i = index[k]\n        xi = "),
    ],
    "the rows themselves": [
        ("for i in np.random.permutation(n)", "for x, yi in zip(x_train, y_train)"),
        ("x_train[i, :]", "x"),
        ("        yi = y_train[i, :]\n", ""),
    ],
    "enumerate": [
        ("for i in np.random.permutation(n)", "for i, x in enumerate(x_train)"),
        ("x_train[i, :]", "x"),
    ],
    "a progress bar": [
        ("import numpy as np", "import numpy as np\nfrom tqdm import tqdm"),
        ("np.random.permutation(n)", "tqdm(np.random.permutation(n))"),
    ],
    "a common factor": [("g - yi", "2 * (g - yi)")],
    "half of it": [("g - yi", "(g - yi) / 2")],
    "no step size": [("eta_t * ", "")],
    "float32": [("V @ z)", "V @ z).astype(np.float32)")],
    "leaves the loop, and goes on": [
        ("delta2 =", "if np.isnan(g).any():\n            break\n        if g.max() > 2:\n            continue\n        delta2 =")
    ],
    "prints and keeps count": [
        ("eta = 0.1", "eta = 0.1\nerrors, count = [], 0"),
        ("delta2 =", "print(i, end='')\n        errors.append(-np.sum(yi * np.log(g)))\n        count += 1\n        delta2 ="),
    ],
    "sizes of the exercise written into it": [
        (DELTA1, "delta1 = np.zeros(200)\n        for j in range(200):\n            for k in range(4):\n"
                 "                delta1[j] += V[k][j + 1] * delta2[k] * dz[j]"),
    ],
    "unit by unit": [
        (STEP_V, "        for k in range(m):\n            V[k] = V[k] - eta_t * delta2[k] * z\n"),
        (STEP_W, "        for j in range(q):\n            W[j, :] -= eta_t * delta1[j] * xi\n"),
    ],
    "the 1 at the end": [
        ("np.append(1, x_train[i, :])", "np.append(x_train[i, :], 1)"),
        ("np.append(1, np.maximum(u, 0))", "np.append(np.maximum(u, 0), 1)"),
        ("V[:, 1:]", "V[:, :-1]"),
    ],
    "column vectors": [
        ("xi = np.append(1, x_train[i, :])", "xi = np.append(1, x_train[i, :]).reshape(-1, 1)"),
        ("yi = y_train[i, :]", "yi = y_train[i, :][:, np.newaxis]"),
        ("np.append(1, np.maximum(u, 0))", "np.vstack(([[1]], np.maximum(u, 0)))"),
        (Z, "delta2 @ z.T"),
        (X, "delta1 @ xi.T"),
    ],
    "called w and v": [("W", "w"), ("V", "v")],
    "called W1 and W2": [("V", "W2"), ("W =", "W1 ="), ("W -", "W1 -"), ("xi, W)", "xi, W1)")],
}  # fmt: skip


LONG = "sizes of the exercise written into it"  # 800 numbers a step, one by one


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n == LONG else []) for n in RIGHT]
)
def test_right_in_another_way_is_right(tmp_path, name):
    found = verdicts(tmp_path, edited(*RIGHT[name]))
    assert set(found.values()) == {"right"}
    assert {"dV", "dW"} <= set(found)


WRONG = {
    "sign of delta2": ([("g - yi", "yi - g")], {"delta2": ["g-y-exchanged"]}),
    "f' missing": ([(" * dz", "")], {"delta1": ["slope-missing"]}),
    "the last column of V left out": ([("V[:, 1:]", "V[:, :-1]")], {"delta1": ["V-last-dropped"]}),
    "V updated too early": (
        [(f"{DELTA1}\n{STEP_V}", f"{STEP_V[8:]}        {DELTA1}\n")],
        {"delta1": ["updated-V"]},
    ),
    "a view of V, updated in place": (
        [
            (DELTA1, "V_tilde = V[:, 1:]"),
            (STEP_V, f"        V -= eta_t * {Z}\n        delta1 = V_tilde.T @ delta2 * dz\n"),
        ],
        {"delta1": ["updated-V"]},
    ),
    "no softmax": ([("softmax_(V @ z)", "V @ z")], {"g": ["output-missing"]}),
    "g' too many": ([("g - yi", "(g - yi) * g * (1 - g)")], {"delta2": ["output-slope-extra"]}),
    "f missing": ([("np.maximum(u, 0)", "u")], {"z": ["f-missing"]}),
    "the bias left as it is": (
        [(STEP_W, "        W[:, 1:] -= eta_t * np.outer(delta1, xi[1:])\n")],
        {"dW": ["bias-zeroed"]},
    ),
    "z for x": ([(X, "np.outer(delta1, z)")], {"dW": ["z-for-x"]}),
    "V[k][j] for V[k][j + 1]": (
        [
            (
                DELTA1,
                "delta1 = np.zeros(q)\n        for j in range(q):\n            for k in range(m):\n"
                "                delta1[j] += V[k][j] * delta2[k] * dz[j]",
            ),
            ("q = 200", "q = 20"),
        ],
        {"delta1": ["V-last-dropped"]},
    ),
    "an entry off by one": (
        [("V[:, 1:].T @ delta2 * dz", "V.T @ delta2 * np.append(1, dz)"),
         (X, "np.outer(delta1[:-1], xi)")],
        {"delta1": ["unrecognised"]},
    ),
    "all zero": ([("(x > 0) * 1", "0 * x")], {"dW": ["zero"]}),
    "a step of 0": ([("eta / (epoch", "eta // (epoch")], {"dV": ["eta-zero"], "dW": ["eta-zero"]}),
    "uphill": ([("V - eta", "V + eta"), ("W - eta", "W + eta")], {"dV": ["ascent"], "dW": ["ascent"]}),
    "another factor": ([("np.outer(delta1", "2 * np.outer(delta1")], {"dW": ["other-factor"]}),
}  # fmt: skip


@pytest.mark.costly
@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_found_and_named(tmp_path, name):
    edits, expected = WRONG[name]
    assert diagnoses(tmp_path, edited(*edits)) == expected


@pytest.mark.parametrize(
    ("edits", "stage"),
    [([("V = V - eta_t", "V = eta_t")], "dV"), ([("W = W - eta_t", "W =- eta_t")], "dW")],
)
def test_what_students_write_by_accident(tmp_path, edits, stage):
    assert diagnoses(tmp_path, edited(*edits)) == {stage: ["old-forgotten"]}


def test_a_softmax_too_many(tmp_path):
    text = edited(("g = softmax_(V @ z)", "g = softmax_(softmax_(V @ z))"))
    assert diagnoses(tmp_path, text) == {"delta2": ["output-twice"]}


def test_the_derivative_of_no_known_error_is_not_judged(tmp_path):
    wrong = BATCH.replace("keepdims=True) - t)", "keepdims=True) - 0.9 * t - 0.1 / 4)")
    path = tmp_path / "homework.py"
    path.write_text(wrong, encoding="utf-8")
    file = verify_file(path)
    assert {check.verdict for check in file.checks} == {"right"}  # what follows from it
    assert "not-judged" in [note.id for note in file.remarks]


NO_FIT = {
    "f' inside": [("@ delta2 * dz", "@ (delta2 * dz)")],
    "V not transposed": [("V[:, 1:].T", "V[:, 1:]")],
    "W for V": [("V[:, 1:].T", "W[:, 1:].T")],
    "outer product turned": [(Z, "np.outer(z, delta2)")],
}


@pytest.mark.costly
@pytest.mark.parametrize("name", NO_FIT)
def test_where_shapes_do_not_fit_the_suspect_is_named(tmp_path, name):
    text = edited(*NO_FIT[name])
    (check,) = checks(tmp_path, text, limit=30.0)
    assert check.verdict == "crashed"
    assert [note.id for note in check.diagnosis] == ["shapes"]
    old, new = SCRIPT.split("\n"), text.split("\n")
    assert old[check.place.line - 1] != new[check.place.line - 1]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([], {}),
        ([("V[:, 1:].T", "V[:, :-1].T")], {"delta1": ["V-last-dropped"]}),
        ([(f"W + eta_t * {X}", f"W - eta_t * {X}")], {"dW": ["ascent"]}),
        ([(f"V + eta_t * {Z}", f"V + eta_t * ({Z} - 0.01 * V)")], {}),
        ([(f"V + eta_t * {Z}", f"V + eta_t * ({Z} - 0.01 * V)"), (" * dz", "")], {"delta1": ["slope-missing"]}),
    ],
)  # fmt: skip
def test_all_in_the_style_of_y_minus_g(tmp_path, edits, expected):
    text = edited(("delta2 = g - yi", "delta2 = yi - g"), ("- eta_t * np", "+ eta_t * np"))
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    assert diagnoses(tmp_path, text) == expected


ONE = ("np.append(1, x_train[i, :])", "x_train[i, :]")


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([ONE], set()),
        ([ONE, ("n, d = x_train.shape", "d = x_train.shape[1]"), ("(q, d + 1)", "(q, 1 + d)")], set()),
        ([ONE, ("n, d = x_train.shape", "d = x_train.shape[-1]")], set()),
        ([ONE, ("(q, d + 1)", "(q, d)")], {"right"}),
        ([ONE, ("m = 4", "m = 4\nx_train = np.insert(x_train, 0, 1, axis=1)")], {"right"}),
        ([ONE, ("eta = 0.1", "eta = 0.1\nx_train = np.insert(x_train, 0, 1, axis=1)")], {"right"}),
        ([ONE, ("n, d = x_train.shape", "n, d = 600, 784")], {"right"}),
    ],
)  # fmt: skip
def test_a_1_that_nothing_puts_in_front_is_missed_where_W_has_a_column_for_it(
    tmp_path, edits, expected
):
    assert {c.verdict for c in checks(tmp_path, edited(*edits))} == expected


def test_minus_delta_added_is_the_same_step(tmp_path):
    opposite = [("delta2 = g - yi", "delta2 = yi - g")]
    plus = [(STEP_V, STEP_V.replace("- eta", "+ eta")), (STEP_W, STEP_W.replace("- eta", "+ eta"))]
    assert verdicts(tmp_path, edited(*opposite, *plus)) == ALL
    assert diagnoses(tmp_path, edited(*opposite)) == {"delta2": ["g-y-exchanged"]}


G = "g = softmax_(V @ z)"


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([(STEP_W, "")], {"delta2": "right", "dV": "right", "dW": "unfinished"}),
        ([(STEP_V, "")], {"delta1": "right", "dW": "right", "dV": "unfinished"}),
        ([(STEP_V, ""), (STEP_W, "")], {"update": "unfinished"}),
        ([(SCRIPT[SCRIPT.index("        z, dz") :], "        # ここに書く\n")], {"update": "unfinished"}),
        ([("V = V - eta_t * " + Z, "V = V -")], {"update": "unfinished"}),
        ([("V = V - eta_t * " + Z, "V = V - ) eta_t")], {"update": "crashed"}),
        ([(G, "g = np.softmaxx(V @ z)")], {"update": "crashed"}),
        ([(G, f"{G} if exit() else 0")], {"update": "crashed"}),
        ([(STEP_V, "        V = 'V'\n")], {"delta1": "right", "dW": "right", "dV": "unfinished"}),
    ],
)  # fmt: skip
def test_what_is_not_there_yet_or_breaks(tmp_path, edits, expected):
    assert verdicts(tmp_path, edited(*edits)) == expected


BATCH = """
import numpy as np
x_train, y_train = np.load("x.npy"), np.load("y.npy")
x_train = np.c_[np.ones(len(x_train)), x_train]
W, V = np.random.randn(200, 785), np.random.randn(4, 201)
batch_size = 100
lr = 0.05
for epoch in range(10):
    order = np.random.permutation(len(x_train))
    for start in range(0, len(x_train), batch_size):
        index = order[start:start + batch_size]
        x, t = x_train[index], y_train[index]
        U = x @ W.T
        Z = np.c_[np.ones(len(x)), np.maximum(U, 0)]
        E = np.exp(Z @ V.T)
        delta2 = (E / E.sum(axis=1, keepdims=True) - t) / len(x)
        delta1 = delta2 @ V[:, 1:] * (U > 0)
        V -= lr * delta2.T @ Z
        W -= lr * delta1.T @ x
"""


def test_a_batch(tmp_path):
    assert verdicts(tmp_path, BATCH) == ALL
    assert verdicts(tmp_path, BATCH.replace(" / len(x)\n", "\n")) == ALL  # the sum


@pytest.mark.parametrize(
    "size",
    [
        "m = x_train.shape[0]",
        "m = len(x_train)",
        "m, n = x_train.shape",
        "[m, n] = x_train.shape",
        "m = y_train.shape[0]",
    ],
)
def test_a_size_of_the_data_under_another_name(tmp_path, size):
    text = BATCH.replace("for epoch", f"{size}\nfor epoch")
    text = text.replace("index = order[start:start + batch_size]", "index = order[np.arange(m)]")
    assert verdicts(tmp_path, text.replace("/ len(x)\n", "/ m\n")) == ALL


COLUMNS = """
import numpy as np
HIDDEN = "tanh"
def train(X, Y, W1, b1, W2, b2, lr=0.5):
    m = X.shape[1]
    for epoch in range(1000):
        A1 = np.tanh(W1 @ X + b1)
        E = np.exp(W2 @ A1 + b2)
        dZ2 = E / E.sum(axis=0) - Y
        dZ1 = W2.T @ dZ2 * (1 - A1 ** 2)
        W2 -= lr * dZ2 @ A1.T / m
        b2 -= lr * dZ2.sum(axis=1, keepdims=True) / m
        W1 -= lr * dZ1 @ X.T / m
        b1 -= lr * dZ1.sum(axis=1, keepdims=True) / m
    return W1, b1, W2, b2
"""


@pytest.mark.costly
@pytest.mark.parametrize("size", ["X.shape[1]", "X.shape[-1]"])
def test_samples_as_columns(tmp_path, size):
    found = checks(tmp_path, COLUMNS.replace("X.shape[1]", size))
    assert {c.stage: c.verdict for c in found} == ALL
    wrong = COLUMNS.replace("X.shape[1]", size).replace(" * (1 - A1 ** 2)", "")
    assert diagnoses(tmp_path, wrong) == {"delta1": ["slope-missing"]}


BOOK = """
import numpy as np
from dataset.mnist import load_mnist
(x_train, t_train), _ = load_mnist(normalize=True, one_hot_label=True)
train_size = x_train.shape[0]
batch_size = 100
W1, b1 = 0.01 * np.random.randn(784, 50), np.zeros(50)
W2, b2 = 0.01 * np.random.randn(50, 10), np.zeros(10)
for i in range(10000):
    mask = np.random.choice(train_size, batch_size)
    x, t = x_train[mask], t_train[mask]
    a1 = x @ W1 + b1
    z1 = 1 / (1 + np.exp(-a1))
    e = np.exp(z1 @ W2 + b2)
    dy = (e / e.sum(axis=1, keepdims=True) - t) / batch_size
    dz1 = dy @ W2.T
    da1 = dz1 * z1 * (1 - z1)
    W1 -= 0.1 * x.T @ da1
    b1 -= 0.1 * da1.sum(axis=0)
    W2 -= 0.1 * z1.T @ dy
    b2 -= 0.1 * dy.sum(axis=0)
"""


def test_weights_to_the_right_of_the_samples_and_biases_of_their_own(tmp_path):
    assert verdicts(tmp_path, BOOK) == ALL
    wrong = BOOK.replace("* z1 * (1 - z1)", "")
    assert diagnoses(tmp_path, wrong) == {"delta1": ["slope-missing"]}


@pytest.mark.slow
def test_a_step_in_a_function_that_the_loop_calls(tmp_path):
    body = SCRIPT[SCRIPT.index("        z, dz") :]
    step = body.replace("        ", "    ").replace("xi", "x").replace("yi", "t")
    calls = {
        "W, V = step(W, V, xi, yi, eta_t)": f"def step(W, V, x, t, eta_t):\n{step}    return W, V\n",
        "step(xi, yi)": f"def step(x, t):\n    global W, V\n{step}",
        "step(W, V, xi, yi, eta_t)": "def step(W, V, x, t, eta_t):\n"
        + step.replace("V = V -", "V -=").replace("W = W -", "W -="),
    }
    for call, function in calls.items():
        text = SCRIPT.replace(body, f"        {call}\n").replace("\nW =", f"\n{function}\n\nW =")
        assert verdicts(tmp_path, text) == ALL, call
        path = tmp_path / "homework.py"
        path.write_text(text.replace("* dz", "* 1"), encoding="utf-8")
        ids = [note.id for check in verify_file(path).checks for note in check.diagnosis]
        assert set(ids) == {"slope-missing"}, call


@pytest.mark.costly
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("for epoch in", "def main(W, V):\n  for epoch in"),
        ("for epoch in", "if __name__ == '__main__':\n  for epoch in"),
        ("for epoch in", "def train(x_train, y_train, W, V, eta=0.1):\n  n = len(x_train)\n  for epoch in"),
        ("for epoch in", "try:\n  for epoch in"),
    ],
)  # fmt: skip
def test_a_loop_anywhere_is_found(tmp_path, old, new):
    head, tail = SCRIPT.split("for epoch in")
    tail = "for epoch in" + tail.replace("\n", "\n  ").rstrip() + "\n"
    end = "except KeyboardInterrupt:\n  pass\n" if "try" in new else ""
    text = head + new.removesuffix(old) + tail + end
    assert verdicts(tmp_path, text) == ALL


def test_while_loops(tmp_path):
    text = edited(
        ("for epoch in range(10):", "epoch = 0\nwhile epoch < 10:\n    epoch += 1"),
        (
            "    for i in np.random.permutation(n):",
            "    i = -1\n    while i < n - 1:\n        i += 1",
        ),
    )
    assert verdicts(tmp_path, text) == ALL


def test_loops_that_are_no_training_of_three_layers(tmp_path):
    perceptron = """
for i in range(n):
    xi = np.append(1, x_train[i])
    w = w - eta * (f(w @ xi) - y_train[i]) * xi
"""
    other = """
for i in range(100):
    x = np.random.rand(10, 784)
    y = net.predict(x)
    net.params["W1"] -= 0.1 * net.gradient(x, y)["W1"]
for line in open("w.txt"):
    w, v = line.split()
"""
    for text in (perceptron, other):
        path = tmp_path / "homework.py"
        path.write_text("import numpy as np\n" + text)
        assert verify_file(path).checks == ()


def test_each_update_may_have_a_number_of_its_own(tmp_path):
    text = edited(
        (STEP_V, STEP_V.replace("eta_t", "0.1")), (STEP_W, STEP_W.replace("eta_t", "0.01"))
    )
    assert set(verdicts(tmp_path, text).values()) == {"right"}


def test_what_works_on_one_hidden_unit_alone_is_not_judged(tmp_path):
    scalar = [("np.append(1, np.maximum(u, 0))", "np.append(1, u if u > 0 else 0 * u)")]
    path = tmp_path / "homework.py"
    path.write_text(edited(*scalar), encoding="utf-8")
    (note,) = [n for n in verify_file(path).remarks if n.id == "not-judged"]
    assert "truth value" in note.text.en


@pytest.mark.parametrize(
    ("made", "eta"),
    [
        (
            "import argparse\nap = argparse.ArgumentParser()\nap.add_argument('--lr', type=float, default=0.1)\nargs = ap.parse_args()\neta = args.lr",
            "eta_t",
        ),
        ("class C:\n    lr = 0.1\ncfg = C()\neta = 1", "cfg.lr"),
    ],
)
def test_a_step_size_from_the_command_line_or_an_object(tmp_path, made, eta):
    text = edited(("eta = 0.1", made), ("eta_t * np", f"{eta} * np"))
    assert verdicts(tmp_path, text) == ALL


@pytest.mark.costly
@pytest.mark.parametrize(
    "loop",
    ["for p, dp in zip([V, W], [dV, dW])", "for p, dp in [(V, dV), (W, dW)]"],
)
def test_parameters_changed_by_way_of_a_loop_variable(tmp_path, loop):
    step = f"        dV, dW = {Z}, {X}\n        {loop}:\n            p += -eta_t * dp\n"
    text = edited((STEP_V, ""), (STEP_W, step))
    assert verdicts(tmp_path, text) == ALL
    assert diagnoses(tmp_path, text.replace(" * dz", "")) == {"delta1": ["slope-missing"]}


@pytest.mark.slow
def test_a_step_in_a_function_of_a_function_is_not_called_unfinished(tmp_path):
    body = SCRIPT[SCRIPT.index("        z, dz") :].replace("        ", "        ")
    head = SCRIPT[: SCRIPT.index("\n\nW = ")]
    text = (
        f"{head}\n\ndef train(x_train, y_train, W, V, eta_t=0.1):\n"
        f"    def step(xi, yi):\n        nonlocal W, V\n{body}"
        "    for epoch in range(10):\n        for i in range(n):\n"
        "            xi, yi = np.append(1, x_train[i]), y_train[i]\n            step(xi, yi)\n"
        "    return W, V\n"
    )
    file = tmp_path / "nested.py"
    file.write_text(text)
    found = verify_file(file).checks
    assert {c.name for c in found} == {"dReLU", "softmax_", "training loop"}
    assert {c.verdict for c in found} == {"right"}
