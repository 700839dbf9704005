"""What lies beside a file, and what its statements do alone: data, calls in no loop, imports left
out."""

import numpy as np
import pytest

from jaxmlp.verify.homework import Options, verify_file
from jaxmlp.verify.run.beside import LARGEST_FILE, data_file, data_files, module_file

TABLE = """
{read}
X, t = data[:, :-1], data[:, -1:]
assert data.shape == (6, 4) and abs(data[2, 1] - 2.25) < 1e-12, "these are not the data"
W, b = np.random.randn(3, 5), np.random.randn(5)
V, c = np.random.randn(5, 1), np.random.randn(1)
for epoch in range(100):
    z = np.tanh(X @ W + b)
    g = 1 / (1 + np.exp(-(z @ V + c)))
    top = g - t
    low = top @ V.T * (1 - z ** 2)
    V -= 0.1 * z.T @ top; c -= 0.1 * top.sum(0)
    W -= 0.1 * X.T @ low; b -= 0.1 * low.sum(0)
"""
READERS = {
    "loadtxt": 'import numpy as np\ndata = np.loadtxt("./data/table.csv", delimiter=",")',
    "csv": 'import csv\nimport numpy as np\n'
           'data = np.array(list(csv.reader(open("data/table.csv"))), dtype=float)',
    "lines": 'import numpy as np\nwith open("data/table.csv") as file:\n'
             '    data = np.array([[float(n) for n in line.split(",")] for line in file])',
    "elsewhere": 'import numpy as np\ndata = np.genfromtxt("/content/drive/table.csv", delimiter=",")',
    "npy": 'import numpy as np\ndata = np.load("table.npy")',
    "put together": 'import numpy as np\ndata = np.loadtxt("data" + ".csv", delimiter=",")',
    "pandas": 'import numpy as np\nimport pandas as pd\n'
              'data = pd.read_csv("data/table.csv", header=None).values',
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """With a table of six samples in it, by two ways."""
    made = np.arange(24.0).reshape(6, 4) / 4
    made[:, -1] = [0, 1, 1, 0, 1, 0]
    (tmp_path / "data").mkdir()
    for name in ("data/table.csv", "table.csv"):
        np.savetxt(tmp_path / name, made, delimiter=",")
    np.save(tmp_path / "table.npy", made)
    np.savetxt(tmp_path / "data.csv", made, delimiter=",")
    return tmp_path


def judged(folder, text):
    path = folder / "homework.py"
    path.write_text(text, encoding="utf-8")
    return verify_file(path, Options(limit=30.0, budget=200.0))


def verdicts(file):
    return {check.verdict for check in file.checks}


@pytest.mark.parametrize("way", READERS)
def test_data_beside_a_file_are_read(folder, way):
    text = TABLE.format(read=READERS[way])
    assert verdicts(judged(folder, text)) == {"right"}
    wrong = judged(folder, text.replace(" * (1 - z ** 2)", " * (1 - z)"))
    assert "wrong" in verdicts(wrong)


def test_data_that_make_no_step_have_stand_ins(folder):
    """A table with too few columns, say: what the file would do with its own is still judged."""
    np.savetxt(folder / "table.csv", np.ones((2, 1)), delimiter=",")
    read = 'import numpy as np\ndata = np.loadtxt("table.csv", delimiter=",")'
    text = TABLE.format(read=read).replace("assert", "# assert")
    assert verdicts(judged(folder, text)) == {"right"}


def test_what_data_may_be_read(folder):
    home, inner = folder / "data", folder / "data" / "of_one"
    inner.mkdir()
    (folder / "notes.py").write_text("secret = 1")
    (folder / "large.csv").write_bytes(b"1" * (LARGEST_FILE + 1))
    (home / "link.csv").symlink_to("/etc/hostname")
    assert data_file("table.csv", home) == (home / "table.csv").resolve()
    assert data_file(r"C:\Users\me\table.csv", home) == (home / "table.csv").resolve()
    (home / "loop.csv").symlink_to(home / "loop.csv")
    for name in ("table.npy", "../table.npy", "loop.csv", str(folder / "table.npy")):
        assert data_file(name, home) is None
    for name in (
        "table.npy",
        "../../table.npy",
        "/etc/passwd",
        "notes.py",
        "../notes.py",
        "",
        "x" * 999 + ".csv",
        "\0.csv",
        "\n.csv",
    ):
        assert data_file(name, inner) is None
    assert data_file("large.csv", home) is data_file("link.csv", home) is None
    named = {"table.csv", "table.npy", "not there.csv"}
    assert {one.name for one in data_files(named, folder)} == {"table.csv", "table.npy"}


ONCE = """
import random
class Unit:
    def __init__(self, size):
        self.w, self.b = [random.uniform(-1, 1) for _ in range(size)], 0.3
class Net:
    def __init__(self):
        self.low, self.top = [Unit(2) for _ in range(3)], Unit(3)
    def forward(self, x):
        self.x = x
        self.z = [sum(w * v for w, v in zip(u.w, x)) + u.b for u in self.low]
        self.g = sum(w * v ** 2 for w, v in zip(self.top.w, self.z)) + self.top.b
        return self.g
    def learn(self, t):
        d = t - self.g
        deltas = [d * w * 2 * z for w, z in zip(self.top.w, self.z)]
        self.top.w = [w + 0.1 * d * z ** 2 for w, z in zip(self.top.w, self.z)]
        self.top.b += 0.1 * d
        for u, e in zip(self.low, deltas):
            u.w = [w + 0.1 * e * v for w, v in zip(u.w, self.x)]
            u.b += 0.1 * e
net = Net()
print(net.forward([0.4, 0.7]))
net.learn(0.9)
net.forward([0.2, 0.5])
"""


def test_a_call_in_no_loop_may_be_a_step(folder):
    assert verdicts(judged(folder, ONCE)) == {"right"}
    wrong = judged(folder, ONCE.replace("d * w * 2 * z for", "d * w * 2 + z for"))
    assert "wrong" in verdicts(wrong)
    assert {c.place.line for c in wrong.checks if c.verdict == "wrong"} == {16}


@pytest.mark.slow
def test_the_steps_of_a_call_that_makes_several_are_not_taken_for_one(folder):
    """Right, but its sum is that of no gradient: nothing is called wrong."""
    twice = ONCE.replace("net.learn(0.9)\n", "").replace(
        "net.forward([0.2, 0.5])\n",
        "def both():\n    net.forward([0.4, 0.7]); net.learn(0.9)\n"
        "    net.forward([0.2, 0.5]); net.learn(0.1)\nboth()\n",
    )
    assert "wrong" not in verdicts(judged(folder, twice))


def test_numpy_by_its_usual_name_need_not_be_imported(folder):
    """A cell cut out of a notebook, where another imports it."""
    net = """
class Net:
    def __init__(self, sizes):
        self.W = np.random.uniform(-1, 1, size=(sizes[0], sizes[1]))
        self.V = np.random.uniform(-1, 1, size=(sizes[1], sizes[2]))
    def step(self, x, t):
        z = np.tanh(x.dot(self.W))
        d = z.dot(self.V) - t
        low = d.dot(self.V.T) * (1 - z * z)
        self.V -= 0.1 * z.T.dot(d)
        self.W -= 0.1 * x.T.dot(low)
"""
    right = judged(folder, net)
    assert verdicts(right) == {"right"}
    assert "not-imported" in {note.id for note in right.remarks}
    assert "wrong" in verdicts(judged(folder, net.replace("1 - z * z", "1 - z")))
    (folder / "helpers.py").write_text("import numpy as np\n", encoding="utf-8")
    given = judged(folder, f"from helpers import *{net}")
    assert verdicts(given) == {"right"}
    assert "not-imported" not in {note.id for note in given.remarks}


FRAME = """
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
frame = pd.read_csv("flowers.csv")
assert list(frame.columns) == ["width", "height", "kind"] and len(frame) == 30
frame["kind"] = LabelEncoder().fit_transform(frame["kind"])
T = pd.get_dummies(frame["kind"]).astype(float)
frame = frame.drop(columns="kind")
X, X_test, T, T_test = train_test_split(frame, T, test_size=0.2)
log = pd.DataFrame(columns=["epoch", "E"])
W, b = np.random.randn(2, 4), np.random.randn(1, 4)
V, c = np.random.randn(4, 3), np.random.randn(1, 3)
for epoch in range(100):
    z = 1 / (1 + np.exp(-(X @ W + b)))
    g = 1 / (1 + np.exp(-(np.dot(z, V) + c)))
    top = (g - T) * g * (1 - g)
    low = top.dot(V.T) * z * (1 - z)
    V -= 0.1 * z.T.dot(top); c -= 0.1 * top.sum(0)
    W -= 0.1 * X.T.dot(low); b -= 0.1 * low.sum(0)
    log.loc[len(log)] = [epoch, 0]
log.to_csv("nowhere/log.csv")
"""


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("", "", None),
        ("low = top.dot(V.T) * z * (1 - z)", "low = top.dot(V.T) * z", "f-for-slope"),
        ("V -= 0.1 * z.T.dot(top)", "V += 0.1 * z.T.dot(top)", "uphill"),
    ],
)
def test_pandas_reads_a_table_beside_a_file(tmp_path, old, new, wrong):
    rows = "\n".join(f"{0.3 * k % 2:.2f},{0.7 * k % 3:.2f},{'abc'[k % 3]}" for k in range(30))
    (tmp_path / "flowers.csv").write_text(f"width,height,kind\n{rows}\n", encoding="utf-8")
    file = judged(tmp_path, FRAME.replace(old, new) if old else FRAME)
    found = {note.id for check in file.checks for note in check.diagnosis}
    assert verdicts(file) == ({"right"} if wrong is None else {"right", "wrong"})
    assert found == ({wrong} if wrong else set())


def test_a_frame_that_is_not_there_has_a_stand_in(tmp_path):
    assert verdicts(
        judged(
            tmp_path,
            FRAME.split("assert")[0]
            + "\n"
            + """
data = frame.values
X, T = data[:, :3], data[:, 3:4]
W, V = np.random.randn(3, 4), np.random.randn(4, 1)
for epoch in range(100):
    z = np.tanh(X @ W)
    top = z @ V - T
    low = top @ V.T * (1 - z ** 2)
    V -= 0.1 * z.T @ top
    W -= 0.1 * X.T @ low
""",
        )
    ) == {"right"}


def test_data_that_are_scaled_are(tmp_path):
    rows = "\n".join(f"{300 * k % 1999},{700 * k % 2999},{k % 2}" for k in range(30))
    (tmp_path / "large.csv").write_text(f"a,b,kind\n{rows}\n", encoding="utf-8")
    text = """
import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler
table = pd.read_csv("large.csv")
T = table[["kind"]].values
X = StandardScaler().fit_transform(table[["a", "b"]])
W, V = np.random.randn(2, 4), np.random.randn(4, 1)
for epoch in range(100):
    z = 1 / (1 + np.exp(-(X @ W)))
    top = z @ V - T
    low = top @ V.T * z * (1 - z)
    V -= 0.01 * z.T @ top
    W -= 0.01 * X.T @ low
"""
    file = judged(tmp_path, text)
    assert verdicts(file) == {"right"}
    assert not any(note.id == "not-judged" for note in file.remarks)


def test_of_a_table_that_is_too_long_a_part_is_read(tmp_path):
    np.savetxt(tmp_path / "long.csv", np.random.default_rng(0).normal(size=(30_000, 4)))
    text = """
import numpy as np
data = np.loadtxt("long.csv")
X, T = data[:, :3], data[:, 3:]
W, V = np.random.randn(3, 300), np.random.randn(300, 1)
for epoch in range(100):
    z = np.tanh(X @ W)
    top = z @ V - T
    low = top @ V.T * (1 - z ** 2)
    V -= 1e-5 * z.T @ top
    W -= 1e-5 * X.T @ low
"""
    assert verdicts(judged(tmp_path, text)) == {"right"}
    wrong = judged(tmp_path, text.replace("(1 - z ** 2)", "(1 - z)"))
    assert "wrong" in verdicts(wrong)


PIXELS = {
    "struct": "struct.unpack('>II', file.read(8))",
    "bytes": "[int.from_bytes(file.read(4), 'big') for _ in range(2)]",
}


@pytest.mark.parametrize("way", PIXELS)
def test_files_of_mnist_that_are_not_there_have_heads(tmp_path, way):
    text = f"""
import os, struct
import numpy as np
def load(kind):
    with open(os.path.join("data", kind + "-labels.idx1-ubyte"), "rb") as file:
        magic, count = {PIXELS[way]}
        labels = np.fromfile(file, dtype=np.uint8)
    with open(os.path.join("data", kind + "-images.idx3-ubyte"), "rb") as file:
        magic, count = {PIXELS[way]}
        height, width = {PIXELS[way]}
        images = np.fromfile(file, dtype=np.uint8).reshape(count, height * width)
    return images / 255, labels
X, y = load("train")
T = np.eye(10)[y]
W, V = 0.1 * np.random.randn(784, 5), 0.1 * np.random.randn(5, 10)
for epoch in range(100):
    z = np.tanh(X @ W)
    e = np.exp(z @ V)
    top = e / e.sum(1, keepdims=True) - T
    low = top @ V.T * (1 - z ** 2)
    V -= 0.1 * z.T @ top
    W -= 0.1 * X.T @ low
"""
    assert verdicts(judged(tmp_path, text)) == {"right"}
    wrong = judged(tmp_path, text.replace("(1 - z ** 2)", "(1 - z)"))
    assert "wrong" in verdicts(wrong)


def test_a_file_that_is_asked_for_first_is_there(folder):
    text = TABLE.format(read="import os\nimport numpy as np\n"
                        "assert os.path.exists('table.npy') and not os.path.isfile('other.npy')\n"
                        "data = np.load('table.npy')")  # fmt: skip
    assert verdicts(judged(folder, text)) == {"right"}


def test_data_of_whose_name_only_the_ending_is_said_are_left_alone(tmp_path):
    for name in ("grades.csv", "iris.csv"):
        (tmp_path / name).write_text("1,2")
    found = lambda *texts: [one.name for one in data_files(texts, tmp_path)]  # noqa: E731
    assert found(".csv") == []
    assert found("iris", ".csv") == ["iris.csv"]
    assert found("grades") == []


ASKED = """
import numpy as np
rate = float(input("rate: "))
W = [np.array(input("weights: ").split(" ")).astype(float) for _ in range(2)]
V = np.array(input("weights: ").split(" ")).astype(float)
def f(u): return 1 / (1 + np.exp(-u))
data, results = [[1, 1], [1, 0], [0, 0], [0, 1]], [0, 1, 0, 1]
for epoch in range(9):
    for x, t in zip(data, results):
        z = [f(w[0] * x[0] + w[1] * x[1]) for w in W]
        g = f(z[0] * V[0] + z[1] * V[1])
        top = (float(t) - g) * g * (1 - g)
        for k in range(2):
            low = top * V[k] * z[k] * (1 - z[k])
            for j in range(2): W[k][j] = W[k][j] + rate * low * x[j]
        for k in range(2): V[k] = V[k] + rate * top * z[k]
while True:
    print(f(sum(np.array(input("try: ").split(" ")).astype(float))))
"""


def test_somebody_types_as_many_numbers_as_are_wanted_and_not_for_ever(tmp_path):
    assert verdicts(judged(tmp_path, ASKED)) == {"right"}
    assert "wrong" in verdicts(judged(tmp_path, ASKED.replace("low = top * V[k] *", "low = top *")))


SAVED = """
import numpy as np
import pandas as pd
df = pd.read_csv("fashion.csv").iloc[:2000]
Y, X = np.array(df["label"]).astype(int), np.array(df.drop("label", axis=1)) / 255
def show_image(k): print(X[k].reshape(28, 28))
show_image(1011)
W, b = np.random.randn(16, 784) * 0.01, np.zeros((16, 1))
V, c = np.random.randn(10, 16), np.zeros((10, 1))
data = np.load("weights.npz")
W, b = data["W"], data["b"]
V, c = data["V"], data["c"]
for i in range(250):
    z = np.maximum(W @ X.T + b, 0)
    a = V @ z + c
    e = np.exp(a - a.max(axis=0))
    top = e / e.sum(axis=0) - np.eye(10)[Y].T
    low = V.T @ top * (z > 0)
    V -= 0.03 * top @ z.T; c -= 0.03 * top.sum(axis=1, keepdims=True)
    W -= 0.03 * low @ X; b -= 0.03 * low.sum(axis=1, keepdims=True)
np.savez("weights.npz", W=W, b=b, V=V, c=c)
"""


def test_parameters_that_only_training_would_have_saved_are_those_before(tmp_path):
    assert verdicts(judged(tmp_path, SAVED)) == {"right"}
    assert "wrong" in verdicts(judged(tmp_path, SAVED.replace("* (z > 0)", "* z")))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["homework.py"]


ROWS = """
import numpy as np
class Net:
    def __init__(self, inputs: int, hidden: int, outputs: int):
        self.W, self.outputs = [np.random.randn(inputs, hidden), np.random.randn(hidden, outputs)], outputs
    def fit(self, X, y):
        for k, row in X.iterrows():
            x = row.values
            z = np.tanh(self.W[0].T @ x)
            g = np.tanh(self.W[1].T @ z)
            top = (g - np.array([j == y[k] for j in range(self.outputs)])) * (1 - g ** 2)
            low = self.W[1] @ top * (1 - z ** 2)
            self.W[1] -= 0.1 * np.outer(z, top)
            self.W[0] -= 0.1 * np.outer(x, low)
"""


def test_rows_of_a_frame_that_is_not_there(tmp_path):
    assert verdicts(judged(tmp_path, ROWS)) == {"right"}
    assert "wrong" in verdicts(judged(tmp_path, ROWS.replace("top * (1 - z ** 2)", "top * z")))


def test_a_part_of_a_library_is_no_module_beside_that_is_called_like_it(folder):
    (folder / "utils.py").write_text("raise RuntimeError('this is not asked for')\n")
    read = "import numpy as np\nfrom sklearn.utils import shuffle\n" + READERS["npy"]
    text = TABLE.format(read=read).replace("    z =", "    X, t = shuffle(X, t)\n    z =")
    assert verdicts(judged(folder, text)) == {"right"}
    assert module_file("common.utils", 0, folder, [folder]) == folder / "utils.py"


@pytest.mark.slow
def test_a_large_table_of_stated_numbers_is_one_array(folder):
    rows = [[0.5 * (k % 7), 0.25 * (k % 3), 1.0, float(k % 2)] for k in range(900)]
    (folder / "numbers_of.py").write_text(f"rows = {rows}\n")
    read = "import numpy as np\nfrom numbers_of import rows\ndata = np.array(rows)\ndata -= data.mean(0)"
    text = TABLE.format(read=read).replace("(6, 4)", "(900, 4)").replace("data[2, 1] - 2.25", "0")
    text = text.replace("t = data[:, :-1], data[:, -1:]", "t = data[:, :-1], data[:, -1:] + 0.5")
    assert verdicts(judged(folder, text)) == {"right"}
    assert "wrong" in verdicts(judged(folder, text.replace("(1 - z ** 2)", "(1 - z)")))
