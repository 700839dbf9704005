"""Programs as other people write them: each is judged right, and wrong with a mistake in it."""

import pytest

from jaxmlp.verify.homework import verify_file

LAYERS = """
import numpy as np
F = {"logistic": lambda u: 1 / (1 + np.exp(-u)), "tanh": np.tanh}
SLOPE = {"logistic": lambda a: a * (1 - a), "tanh": lambda a: 1 - a ** 2}
"""
SETTINGS = {
    "sizes, and words": """
import numpy as np
class Net:
    def __init__(self, sizes, hows, eta=0.1):
        self.hows, self.eta, self.L = hows, eta, len(sizes) - 1
        self.W = [np.random.randn(sizes[k], sizes[k + 1]) for k in range(self.L)]
    def f(self, u, how):
        if how == "logistic": return 1 / (1 + np.exp(-u))
        elif how == "tanh": return np.tanh(u)
        raise ValueError(f"no {how}")
    def slope(self, a, how):
        return a * (1 - a) if how == "logistic" else 1 - a ** 2
    def fit(self, X, T):
        for epoch in range(5):
            z = [X]
            for W, how in zip(self.W, self.hows): z.append(self.f(z[-1] @ W, how))
            d = (z[-1] - T) * self.slope(z[-1], self.hows[-1])
            for k in reversed(range(self.L)):
                below = d @ self.W[k].T
                self.W[k] -= self.eta * z[k].T @ d
                if k: d = below * self.slope(z[k], self.hows[k - 1])
            yield ((z[-1] - T) ** 2).sum()
""",
    "pairs": LAYERS
    + """
class Net:
    def __init__(self, inputs, outputs, hidden):
        self.layers = list(hidden)
        self.layers.append((outputs, "tanh"))
        self.W = []
        for size, _ in self.layers:
            self.W.append(np.random.randn(inputs, size)); inputs = size
    def fit(self, X, T):
        for epoch in range(5):
            z = [X]
            for W, (_, how) in zip(self.W, self.layers): z.append(F[how](z[-1] @ W))
            d = (z[-1] - T) * SLOPE[self.layers[-1][1]](z[-1])
            for k in reversed(range(len(self.W))):
                below = d @ self.W[k].T
                self.W[k] -= 0.1 * z[k].T @ d
                if k: d = below * SLOPE[self.layers[k - 1][1]](z[k])
""",
    "a flag, and a list that grows": """
import numpy as np
def train(X, T, hidden, biased, eta):
    hidden.insert(0, X.shape[1])
    hidden.append(T.shape[1])
    W = [np.random.randn(a, b) for a, b in zip(hidden, hidden[1:])]
    b = [np.zeros(n) for n in hidden[1:]]
    for epoch in range(5):
        z = [X]
        for A, c in zip(W, b): z.append(np.tanh(z[-1] @ A + c))
        d = (z[-1] - T) * (1 - z[-1] ** 2)
        for k in reversed(range(len(W))):
            below, by = d @ W[k].T, d.sum(0)
            W[k] = W[k] - eta * z[k].T @ d
            if biased == True: b[k] = b[k] - eta * by
            if k: d = below * (1 - z[k] ** 2)
    return W, b
""",
    "by their names alone": """
import numpy as np
class Net:
    def __init__(self, *, inputs, hidden, outputs):
        self.V, self.W = np.random.randn(inputs, hidden), np.random.randn(hidden, outputs)
    def fit(self, *, X, T, eta):
        for epoch in range(5):
            z = np.tanh(X @ self.V)
            d = z @ self.W - T
            below = d @ self.W.T * (1 - z ** 2)
            self.W -= eta * z.T @ d
            self.V -= eta * X.T @ below
""",
    "its settings in an object, samples as columns": """
import json
from dataclasses import dataclass
import numpy as np
@dataclass
class Settings:
    inputs: int
    hidden: int
    outputs: int
    eta: float
    steepness: float
    @staticmethod
    def read(path):
        with open(path) as file: return Settings(**json.load(file))
class Net:
    def __init__(self, settings: Settings):
        self.settings = settings
        self.V = np.random.randn(settings.hidden, settings.inputs)
        self.W = np.random.randn(settings.outputs, settings.hidden)
    def fit(self, X, T):
        for k in range(X.shape[1]):
            x, t = X[:, k:k + 1], T[:, k:k + 1]
            z = np.tanh(self.settings.steepness * self.V @ x)
            d = self.W @ z - t
            below = (d.T @ self.W).T * (1 - z ** 2)
            self.W -= self.settings.eta * d @ z.T
            self.V -= self.settings.eta * self.settings.steepness * below @ x.T
""",
}
SLOPES = (
    "self.slope(z[k], self.hows[k - 1])", "SLOPE[self.layers[k - 1][1]](z[k])",
    "(1 - z[k] ** 2)", "(1 - z ** 2)",
)  # fmt: skip
DATA = {
    "pickled": """
import pickle
import numpy as np
data = {"x": np.random.rand(20, 3), "t": np.random.rand(20, 2)}
with open("kept.pkl", "wb") as file: pickle.dump(data, file)
with open("kept.pkl", "rb") as file: kept = pickle.load(file)
X, T = kept["x"], kept["t"]
assert X.shape == (20, 3)
""",
    "of MNIST, byte by byte": """
import struct
from array import array
import numpy as np
def read(images, labels):
    with open(labels, "rb") as file:
        magic, size = struct.unpack(">II", file.read(8))
        if magic != 2049: raise ValueError("no labels")
        t = array("B", file.read())
    with open(images, "rb") as file:
        magic, size, rows, columns = struct.unpack(">IIII", file.read(16))
        if magic != 2051: raise ValueError("no images")
        pixels = array("B", file.read())
    return np.array(pixels).reshape(size, rows * columns) / 255, np.array(t)
X, t = read("train-images", "train-labels")
X, T = X[:, :3] + 0.1, np.eye(10)[t][:, :2]
""",
    "of a head that counts its axes": """
import gzip, struct
from pathlib import Path
import numpy as np
folder = Path("data"); folder.mkdir(exist_ok=True)
def read(path):
    with gzip.open(path) as file:
        _, _, axes = struct.unpack(">HBB", file.read(4))
        shape = struct.unpack(f">{axes}I", file.read(4 * axes))
        return np.frombuffer(file.read(), dtype=np.uint8).reshape(shape)
X, t = read(folder / "train-images.gz"), read(folder / "train-labels.gz")
X, T = X.reshape(len(X), -1)[:, :3] / 255, np.eye(10)[t][:, :2]
""",
    "of as many samples as it says": """
from keras.datasets import mnist
import numpy as np
(x, t), _ = mnist.load_data()
T = np.zeros((60000, 10))
T[np.arange(60000), t] = 1
X = x.reshape(60000, 784)[:, :3] / 255
T = T[:, :2]
""",
    "that are split": """
import numpy as np
import pandas as pd
table = pd.read_csv("nowhere.csv").values
X, X_test, T, T_test = train_test_split(table[:, :3], table[:, 3:5])
""",
    "of scikit-learn's, with pictures": """
import numpy as np
import sklearn.datasets
from sklearn.linear_model import LogisticRegression
read = sklearn.datasets.load_digits()
X, t = read.images.reshape(-1, 64) / 16, read.target
guessed = LogisticRegression().fit(X, t).predict(X)
print(sum([1 for one, other in zip(t, guessed) if one == other]) / len(t))
X, T = X[:, :3], np.eye(10)[t][:, :2]
""",
    "of PyTorch's": """
import numpy as np
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
for x, t in DataLoader(MNIST("data"), batch_size=20):
    X = x.view(x.shape[0], -1).numpy()
    X, T = X[:, :3], np.eye(10)[t.numpy()[:, 0].astype(int) % 10][:, :2]
""",
}  # fmt: skip
TRAINS = """
W, V = np.random.randn(3, 5), np.random.randn(5, 2)
for epoch in range(9):
    z = np.tanh(X @ W)
    d = z @ V - T
    below = d @ V.T * (1 - z ** 2)
    V -= 0.1 * z.T @ d
    W -= 0.1 * X.T @ below
"""
COST = """
import numpy as np
from scipy.optimize import minimize, fmin_tnc
X, T = np.random.rand(20, 4), np.eye(3)[np.random.randint(0, 3, 20)]
def f(u): return 1 / (1 + np.exp(-u))
def cost(v, X, T, share):
    m = len(X)
    A, B = v[:25].reshape(5, 5), v[25:].reshape(3, 6)
    X1 = np.hstack([np.ones((m, 1)), X])
    Z1 = np.hstack([np.ones((m, 1)), f(X1 @ A.T)])
    G = f(Z1 @ B.T)
    E = -np.sum(T * np.log(G) + (1 - T) * np.log(1 - G)) / m
    E += share / (2 * m) * (np.sum(A[:, 1:] ** 2) + np.sum(B[:, 1:] ** 2))
    top = G - T
    low = (top @ B * Z1 * (1 - Z1))[:, 1:]
    a, b = low.T @ X1 / m, top.T @ Z1 / m
    a[:, 1:] += share / m * A[:, 1:]
    b[:, 1:] += share / m * B[:, 1:]
    return E, np.r_[a.ravel(), b.ravel()]
start = np.random.rand(25 + 18) - 0.5
"""
CALLS = ("found = minimize(cost, start, args=(X, T, 1.0), jac=True)\nA = found.x[:25]\n",
         "A = fmin_tnc(func=cost, x0=start, args=(X, T, 1.0))[0]\n",
         "found = minimize(lambda v: cost(v, X, T, 1.0)[0], start, jac=lambda v: cost(v, X, T, 1.0)[1])\n")  # fmt: skip
ARGUED = """
import argparse
import numpy as np
def parsed():
    made = argparse.ArgumentParser()
    commands = made.add_subparsers(dest="what", required=True)
    commands.add_parser("show").add_argument("file")
    train = commands.add_parser("train")
    train.add_argument("file")
    train.add_argument("--hidden", type=int, nargs="+", required=True)
    train.add_argument("--eta", type=float, required=True)
    train.add_argument("--f", choices=["tanh", "none"], required=True)
    return made.parse_args()
asked = parsed()
assert asked.what == "train" and asked.f == "tanh" and len(asked.hidden) > 1
table = np.loadtxt(asked.file, delimiter=",")
X, T = table[:, :3], table[:, 3:5]
"""


def verdicts(folder, text):
    path = folder / "homework.py"
    path.write_text(text)
    return {check.verdict for check in verify_file(path).checks}


@pytest.mark.parametrize("form", SETTINGS)
def test_what_an_object_is_made_with_is_found(tmp_path, form):
    text = SETTINGS[form]
    assert verdicts(tmp_path, text) == {"right"}
    slope = next(one for one in SLOPES if f"below * {one}" in text or f"* {one}" in text)
    wrong = text.replace(f"d = below * {slope}", "d = below").replace(f".T * {slope}", ".T")
    assert "wrong" in verdicts(tmp_path, wrong)


@pytest.mark.parametrize("form", DATA)
def test_data_are_read_as_they_would_be(tmp_path, form):
    text = DATA[form] + TRAINS
    assert verdicts(tmp_path, text) == {"right"}
    assert "wrong" in verdicts(tmp_path, text.replace(" * (1 - z ** 2)", " * (1 - z)"))
    assert [one.name for one in tmp_path.iterdir()] == ["homework.py"]


def test_epochs_of_a_network_that_is_trained_again_and_again_are_no_steps(tmp_path):
    text = """
import numpy as np
X, T = np.random.rand(9, 3), np.eye(2)[np.arange(9) % 2]
def train(epochs):
    W, V = np.random.randn(3, 5), np.random.randn(5, 2)
    for epoch in range(epochs):
        total = 0
        for x, t in zip(X, T):
            z = np.tanh(x @ W)
            d = z @ V - t
            total += (d ** 2).sum() / 2
            below = d @ V.T * (1 - z ** 2)
            V = V - 0.1 * np.outer(z, d)
            W = W - 0.1 * np.outer(x, below)
for epochs in (1, 10, 2, 3): train(epochs)
"""
    assert verdicts(tmp_path, text) == {"right"}
    assert "wrong" in verdicts(tmp_path, text.replace(" * (1 - z ** 2)", " * (1 - z)"))


@pytest.mark.parametrize("call", CALLS)
def test_what_is_handed_to_an_optimiser_is_judged(tmp_path, call):
    assert verdicts(tmp_path, COST + call) == {"right"}
    assert "wrong" in verdicts(tmp_path, COST.replace("* Z1 * (1 - Z1)", "* Z1") + call)
    assert "wrong" in verdicts(tmp_path, COST.replace("b[:, 1:] +=", "b[:, 1:] += 0 *") + call)


def test_a_command_line_is_typed_as_it_is_asked_for(tmp_path):
    assert verdicts(tmp_path, ARGUED + TRAINS) == {"right"}
    assert "wrong" in verdicts(tmp_path, (ARGUED + TRAINS).replace("z.T @ d", "z.T @ d * d.sum()"))


@pytest.mark.parametrize(
    "swap", [("np.r_[a.ravel(), b.ravel()]", "-np.r_[a.ravel(), b.ravel()]"),
             ("top = G - T", "top = 2 * (G - T)"), ("return E,", "return -E,"),
             ("E += share", "E += 2 * share")]
)  # fmt: skip
def test_an_optimiser_gets_the_gradient_of_the_e_beside_it(tmp_path, swap):
    assert "wrong" in verdicts(tmp_path, COST.replace(*swap) + CALLS[0])


def test_each_function_handed_to_an_optimiser_is_judged(tmp_path):
    other = COST.replace("def cost(", "def loss(").replace("* Z1 * (1 - Z1)", "* Z1")
    assert verdicts(tmp_path, COST + CALLS[0] + other + CALLS[0].replace("cost", "loss")) == {
        "right", "wrong"}  # fmt: skip


def test_an_optimiser_may_get_a_method_in_part_and_a_list(tmp_path):
    method = COST.replace("\n", "\n    ").replace("def cost(v,", "def cost(self, v,")
    parts = method.split("def cost")[0].replace("\n    ", "\n"), method.split("def cost")[1]
    body, start = parts[1].split("start =")
    text = f"{parts[0]}class Net:\n    def cost{body}\nstart = {start.strip()}\nnet = Net()\n"
    text = f"import functools\n{text}".replace("return E, np", "return [E, np").replace(
        "b.ravel()]", "b.ravel()]]")  # fmt: skip
    call = "found = minimize(functools.partial(net.cost, X=X, T=T, share=1.0), start, jac=True)\n"
    assert verdicts(tmp_path, text + call) == {"right"}
    assert "wrong" in verdicts(tmp_path, text.replace("* Z1 * (1 - Z1)", "* Z1") + call)


@pytest.mark.parametrize("parse", ["sys.argv[1:]", "args=sys.argv[1:]"])
def test_a_command_line_may_be_handed_over(tmp_path, parse):
    text = ARGUED.replace("parse_args()", f"parse_args({parse})").replace(
        "import argparse", "import argparse, sys")  # fmt: skip
    one = "    chosen = train.add_mutually_exclusive_group(required=True)\n"
    one += '    chosen.add_argument("--fit", action="store_true")\n'
    one += '    chosen.add_argument("--other")\n    return made'
    text = text.replace("    return made", one) + "assert asked.fit or asked.other\n" + TRAINS
    assert verdicts(tmp_path, text) == {"right"}
    assert "wrong" in verdicts(tmp_path, text.replace(" * (1 - z ** 2)", ""))


def test_a_program_that_ends_by_itself_has_not_crashed(tmp_path):
    assert verdicts(tmp_path, "import sys\nsys.exit(1)\n" + TRAINS) == set()


RESTING = """
import numpy as np
X, T = np.random.rand(9, 4), np.random.rand(9, 2)
more = np.random.rand(9, 3)
W, b = np.random.randn(4, 3), np.zeros(3)
V, c = np.random.randn(3, 2), np.zeros(2)
for epoch in range(900):
    z = np.tanh(X @ W + b + more)
    top = z @ V + c - T
    low = top @ V.T * (1 - z ** 2)
    dc, db, dmore = top.sum(0), low.sum(0), low.copy()
    V -= 0.1 * z.T @ top
    W -= 0.1 * X.T @ low
    if epoch % 2 == 1:
        c -= 0.1 * dc; b -= 0.1 * db
"""


def test_what_moves_in_another_step_is_no_mistake_and_is_said(tmp_path):
    path = tmp_path / "homework.py"
    path.write_text(RESTING)
    found = verify_file(path)
    assert {check.verdict for check in found.checks} == {"right"}
    assert any("b, c" in note.text.en for note in found.remarks)
    assert "wrong" in verdicts(tmp_path, RESTING.split("    if epoch")[0])


def test_beside_a_softmax_a_cross_entropy_is_not_the_binary_one(tmp_path):
    softmax = """
import numpy as np
def softmax(u):
    e = np.exp(u - u.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
"""
    loss = "import numpy as np\ndef cross_entropy(p, t):\n"
    loss += "    return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p))\n"
    assert verdicts(tmp_path, softmax + loss) == {"right", "wrong"}
    assert verdicts(tmp_path, loss) == {"right"}


LOGGED = """
import logging
import numpy as np
from colorama import Fore
from pathlib import Path
class Net:
    def __init__(self, folder):
        Path(folder).mkdir()
        self.log = logging.getLogger("net")
        self.log.setLevel(logging.INFO)
        self.log.addHandler(logging.FileHandler(f"{folder}/net.txt"))
        self.W, self.V = np.random.randn(3, 5), np.random.randn(5, 2)
    def fit(self, X, T):
        for epoch in range(9):
            z = np.tanh(X @ self.W)
            d = z @ self.V - T
            below = d @ self.V.T * (1 - z ** 2)
            self.V -= 0.1 * z.T @ d
            self.W -= 0.1 * X.T @ below
            self.log.info(Fore.RED + str((d ** 2).sum()))
Net("logs").fit(np.random.randn(9, 3), np.random.randn(9, 2))
"""


def test_a_log_is_not_written(tmp_path):
    assert verdicts(tmp_path, LOGGED) == {"right"}
    assert "wrong" in verdicts(tmp_path, LOGGED.replace("1 - z ** 2", "1 - z"))
    assert [one.name for one in tmp_path.iterdir()] == ["homework.py"]


FRAME = """
import numpy as np
import pandas as pd
table = pd.DataFrame([[8, 8, 1], [7, 9, 1], [6, 10, 0]], columns=["a", "b", "kind"])
W, V = np.random.randn(2, 2) * 0.1, np.random.randn(2, 1) * 0.1
for epoch in range(5):
    for k in range(len(table)):
        x, y = table[["a", "b"]].values[k].reshape(2, 1), table[["kind"]].to_numpy()[k][0]
        z = 1 / (1 + np.exp(-(W.T @ x)))
        g = (1 / (1 + np.exp(-(V.T @ z))))[0][0]
        low = [0.1 * (y - g) * V[j][0] * z[j][0] * (1 - z[j][0]) for j in range(2)]
        V[0][0] = V[0][0] + 0.1 * (y - g) * z[0][0]
        V[1][0] = V[1][0] + 0.1 * (y - g) * z[1][0]
        W[0][0] = W[0][0] + low[0] * x[0][0]
        W[0][1] = W[0][1] + low[1] * x[0][0]
        W[1][0] = W[1][0] + low[0] * x[1][0]
        W[1][1] = W[1][1] + low[1] * x[1][0]
"""


def test_what_is_read_of_a_frame_again_and_again_is_one_target(tmp_path):
    assert verdicts(tmp_path, FRAME) == {"right"}
    assert "wrong" in verdicts(tmp_path, FRAME.replace("* (1 - z[j][0])", ""))


def test_the_way_back_through_a_linear_layer_gives_what_it_is_given(tmp_path):
    assert verdicts(tmp_path, "def linear_backward(dA):\n    return dA\n") == set()
    assert verdicts(tmp_path, "def linear_derivative(x):\n    return x\n") == {"wrong"}


OPTIMISED = """
import numpy as np
from scipy import optimize
class Net:
    m = 0
    def __init__(self, inputs, hidden, outputs):
        self.inputs, self.hidden, self.outputs = inputs, hidden, outputs
    def f(self, u): return 1 / (1 + np.exp(-u))
    def data(self, X, y):
        self.X, self.y, self.m = X, y, X.shape[0]
        self.T = np.zeros((self.m, self.outputs), dtype=int)
        for k in range(self.m):
            self.T[k, int(y[k]) % self.outputs] = 1
    def cost(self, v):
        cut = self.hidden * (self.inputs + 1)
        A = v[:cut].reshape((self.hidden, self.inputs + 1))
        B = v[cut:].reshape((self.outputs, self.hidden + 1))
        x = np.append(np.ones((self.m, 1)), self.X, axis=1)
        z = np.append(np.ones((self.m, 1)), self.f(x.dot(A.T)), axis=1)
        g = self.f(z.dot(B.T))
        E = -np.sum(self.T * np.log(g) + (1 - self.T) * np.log(1 - g)) / self.m
        top = (g - self.T) / self.m
        low = top.dot(B[:, 1:]) * z[:, 1:] * (1 - z[:, 1:])
        return E, np.append(low.T.dot(x).reshape(-1), top.T.dot(z).reshape(-1), axis=0)
    def train(self):
        size = self.hidden * (self.inputs + 1) + self.outputs * (self.hidden + 1)
        start = np.random.rand(size) - 0.5
        self.v = optimize.minimize(fun=self.cost, x0=start, jac=True, method="TNC").x
"""


@pytest.mark.slow
def test_the_cost_of_an_object_that_nothing_makes_is_what_its_optimiser_gets(tmp_path):
    assert verdicts(tmp_path, OPTIMISED) == {"right"}
    assert "wrong" in verdicts(tmp_path, OPTIMISED.replace("* (1 - z[:, 1:])", ""))


LISTS = """
import math, random
low = [[random.uniform(-1, 1) for _ in range(3)] for _ in range(3)]
top = [[random.uniform(-1, 1) for _ in range(4)] for _ in range(2)]
data = [([0.2, 0.7], [0.9, 0.1]), ([0.4, 0.3], [0.2, 0.6])]
def f(weights, x):
    return [1 / (1 + math.exp(-(w[0] + sum(a * b for a, b in zip(w[1:], x))))) for w in weights]
for epoch in range(100):
    for x, y in data:
        z = f(low, x)
        g = f(top, z)
        d2 = [(a - b) * a * (1 - a) for a, b in zip(g, y)]
        d1 = [sum(d2[k] * top[k][j + 1] for k in range(2)) * z[j] * (1 - z[j]) for j in range(3)]
        for k, weights in enumerate(top):
            for j in range(4):
                weights[j] -= 0.5 * d2[k] * ([1] + z)[j]
        for k, weights in enumerate(low):
            for j in range(3):
                weights[j] -= 0.5 * d1[k] * ([1] + x)[j]
"""


def test_lists_that_are_numbered_and_written_to_are_the_programs_own(tmp_path):
    assert verdicts(tmp_path, LISTS) == {"right"}
    assert "wrong" in verdicts(tmp_path, LISTS.replace("top[k][j + 1]", "top[k][j]"))


def test_the_half_of_the_sum_is_a_mean_squared_error_as_a_book_has_it(tmp_path):
    text = (
        "import numpy as np\ndef mean_squared_error(y, t):\n    return 0.5 * np.sum((y - t)**2)\n"
    )
    assert verdicts(tmp_path, text) == {"right"}
    assert verdicts(tmp_path, text.replace("0.5 * ", "")) == {"wrong"}
    assert verdicts(tmp_path, text.replace("0.5 * ", "0.25 * ")) == {"wrong"}


OWN_LAYERS = """
import numpy as np
class Layer:
    def forward(self, x): raise NotImplementedError
    def backward(self, d, eta): raise NotImplementedError
class Dense(Layer):
    def __init__(self, inputs, units):
        self.W, self.b = np.random.randn(inputs, units), np.random.randn(units)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, d, eta):
        low = d @ self.W.T
        self.W -= eta * self.x.T @ d
        self.b -= eta * d.sum(0)
        return low
class Tanh(Layer):
    def forward(self, x):
        self.z = np.tanh(x)
        return self.z
    def backward(self, d, eta):
        return d * (1 - self.z ** 2)
"""
FIT = """
    def fit(self, X, T, epochs, eta):
        for epoch in range(epochs):
            z = X
            for layer in self.layers: z = layer.forward(z)
            d = z - T
            for layer in reversed(self.layers): d = layer.backward(d, eta)
"""
NETS = {
    "added": """
class Net:
    def __init__(self):
        self.layers = []
    def add(self, layer):
        self.layers.append(layer)
"""
    + FIT,
    "in a list": """
class Net:
    def __init__(self, layers):
        self.layers = layers
"""
    + FIT,
    "by an annotation": """
class Net:
    def __init__(self, eta, first: Dense):
        self.first, self.eta = first, eta
    def fit(self, X, T):
        z = np.tanh(self.first.forward(X))
        self.first.backward((z - T) * (1 - z ** 2), self.eta)
""",
}
SIZES_ADDED = """
import numpy as np
class Layer:
    def __init__(self, inputs, units):
        self.W = np.random.randn(units, inputs)
        self.units = units
class Net:
    def __init__(self, inputs, eta):
        self.inputs, self.eta, self.layers = inputs, eta, []
    def add(self, units):
        last = self.layers[-1].units if self.layers else self.inputs
        self.layers.append(Layer(last, units))
    def train(self, X, T, epochs):
        self._epochs(X, T, epochs, 0)
    def _epochs(self, X, T, epochs, k):
        if epochs > k:
            z = X
            below = []
            for layer in self.layers:
                below.append(z)
                z = np.tanh(z @ layer.W.T)
            d = (z - T) * (1 - z ** 2)
            for layer, x in zip(reversed(self.layers), reversed(below)):
                low = d @ layer.W * (1 - x ** 2)
                layer.W -= self.eta * d.T @ x
                d = low
            self._epochs(X, T, epochs, k + 1)
"""


@pytest.mark.parametrize("net", NETS)
def test_layers_that_an_object_is_given_are_the_programs_own(tmp_path, net):
    text = OWN_LAYERS + NETS[net]
    assert verdicts(tmp_path, text) == {"right"}
    assert "wrong" in verdicts(tmp_path, text.replace("z ** 2)", "z)"))


def test_layers_are_added_by_their_sizes_and_epochs_are_counted(tmp_path):
    assert verdicts(tmp_path, SIZES_ADDED) == {"right"}
    assert "wrong" in verdicts(tmp_path, SIZES_ADDED.replace("* (1 - x ** 2)", "* (1 - x)"))
