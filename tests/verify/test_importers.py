"""Programs beside a file that import it: found, and what they make of it judged at its own lines."""

import json
from pathlib import Path

import pytest

from jaxmlp.verify.homework import Options, verify_file
from jaxmlp.verify.importers import MOST_IMPORTERS, importers

NET = """
import numpy as np
from dataclasses import dataclass
from slopes import of_tanh

@dataclass
class Rates:
    eta: float = 0.1

class Net:
    def __init__(self, sizes, how):
        self.feed, self.rates = {}, Rates()
        self.W = [np.random.randn(a, b) for a, b in zip(sizes, sizes[1:])]
        self.how = {"curved": np.tanh}[how]
    def give(self, feed):
        for key in feed: self.feed[key] = feed[key].copy()
    def there(self):
        self.z = self.how(self.feed["x"] @ self.W[0])
        self.g = self.z @ self.W[1]
    def back(self):
        self.top = self.g - self.feed["t"]
        self.low = self.top @ self.W[1].T * of_tanh(self.z)
    def move(self):
        self.W[1] -= self.rates.eta * self.z.T @ self.top
        self.W[0] -= self.rates.eta * self.feed["x"].T @ self.low
"""
SLOPES = "def of_tanh(z): return 1 - z * z\n"
MAIN = """
import numpy as np
import pandas as pd
from net import Net
data = pd.read_csv("there_is_no_such_file.csv").values
net = Net([3, 4, 2], "curved")
for epoch in range(9):
    net.give({"x": data[:, :3], "t": data[:, 3:5]})
    net.there(); net.back(); net.move()
"""
SLOPE = "* of_tanh(self.z)"


@pytest.fixture
def beside(tmp_path):
    """Writes files, in folders or not, and gives the first one's path."""

    def write(**files):
        for name, text in files.items():
            path = tmp_path.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return tmp_path.joinpath(*next(iter(files)).split("__")).with_suffix(".py")

    return write


def judged(path):
    found = verify_file(path, Options(budget=300.0, limit=60.0))
    return found, [check.verdict for check in found.checks]


def test_the_program_that_imports_a_file_runs_its_step(beside):
    found, verdicts = judged(beside(net=NET, slopes=SLOPES, main=MAIN))
    assert set(verdicts) == {"right"}
    assert "was run by main.py" in " ".join(note.text.en for note in found.remarks)
    assert "main.py" in " ".join(note.text.ja for note in found.remarks)


def test_what_is_wrong_is_at_the_files_own_line(beside):
    found, verdicts = judged(beside(net=NET.replace(SLOPE, ""), slopes=SLOPES, main=MAIN))
    (wrong,) = [check for check in found.checks if check.verdict != "right"]
    assert [cause.id for cause in wrong.diagnosis] == ["slope-missing"]
    assert (wrong.place.text, verdicts.count("wrong")) == ("self.top @ self.W[1].T", 1)
    assert "self.low = " in NET.split("\n")[wrong.place.line - 1]


def test_a_file_without_one_is_tried_by_itself(beside):
    alone = beside(net=NET, slopes=SLOPES)
    assert importers(alone) == []
    assert "run-by" not in {note.id for note in verify_file(alone).remarks}


def test_a_program_that_fails_leaves_it_to_the_next(beside):
    broken = MAIN.replace("\nfor ", "\nnothing = 1 / 0\nfor ").replace(
        "import pandas as pd\n", "import pandas as pd\n", 1
    )
    found, verdicts = judged(
        beside(net=NET, slopes=SLOPES, a=broken, main=f"{MAIN}# the longer one\n" * 1)
    )
    assert set(verdicts) == {"right"}
    assert "was run by main.py" in " ".join(note.text.en for note in found.remarks)


def test_one_in_the_folder_above_and_a_notebook_count(beside, tmp_path):
    path = beside(parts__net=NET, parts__slopes=SLOPES)
    cells = MAIN.replace("from net", "from parts.net").split("net = ")
    cells = [{"cell_type": "code", "source": text} for text in (cells[0], "net = " + cells[1])]
    (tmp_path / "try.ipynb").write_text(json.dumps({"cells": cells}))
    assert set(judged(path)[1]) == {"right"}


def test_what_only_defines_or_imports_something_else_is_none(beside):
    defines = "from net import Net\ndef run(): return Net([1, 2, 3], 'curved')\n"
    others = {f"main{k}": MAIN + f"# {k}\n" for k in range(MOST_IMPORTERS + 2)}
    path = beside(net=NET, defines=defines, test_net=MAIN, other="import nets\nnets.net()\n")
    assert importers(path) == []
    beside(**others)
    assert len(importers(path)) == MOST_IMPORTERS


def test_a_file_that_trains_by_itself_needs_none(beside):
    own = MAIN.replace("import pandas as pd\n", "import pandas as pd\nimport net\n")
    found, verdicts = judged(
        beside(main=own, net=NET, slopes=SLOPES, another=f"import main\n{MAIN}")
    )
    assert set(verdicts) == {"right"}
    assert "run-by" not in {note.id for note in found.remarks}


@pytest.mark.parametrize("asks", ["if len(sys.argv) != 3: sys.exit('two files')",
                                  "import argparse\nmade = argparse.ArgumentParser()\n"
                                  "made.add_argument('n', type=int)\nmade.parse_args()"])  # fmt: skip
def test_arguments_on_the_command_line_are_given_where_a_program_ends_without(beside, asks):
    program = MAIN.replace("import numpy as np\n", f"import sys\nimport numpy as np\n{asks}\n", 1)
    assert set(judged(beside(net=NET, slopes=SLOPES, main=program))[1]) == {"right"}


LISTS = """
import math
def step(x, t, W, b, V, c, rate):
    z = [math.tanh(sum(w[j] * x[j] for j in range(3)) + b[i]) for i, w in enumerate(W)]
    g = [sum(v[i] * z[i] for i in range(2)) + c[k] for k, v in enumerate(V)]
    top = [g[k] - t[k] for k in range(2)]
    low = [sum(top[k] * V[k][i] for k in range(2)) * (1 - z[i] * z[i]) for i in range(2)]
    for k in range(2):
        for i in range(2):
            V[k][i] -= rate * top[k] * z[i]
        c[k] -= rate * top[k]
    for i in range(2):
        for j in range(3):
            W[i][j] -= rate * low[i] * x[j]
        b[i] -= rate * low[i]
"""


@pytest.mark.parametrize(("sign", "verdicts"), [("-=", {"right"}), ("+=", {"right", "wrong"})])
def test_numbers_of_a_list_that_began_as_one_are_several(beside, sign, verdicts):
    program = """
from step import step
W, b = [[0.3, -0.2, 0.4], [0.5, 0.7, -0.6]], [0.1] * 2
V, c = [[0.4, -0.3], [0.8, 0.2]], [0.2] * 2
for epoch in range(3):
    for x, t in zip([[0.5, 0.25, 0.3], [0.75, 0.2, 0.9]], [[0.3, 0.6], [0.7, 0.1]]):
        step(x, t, W, b, V, c, 0.1)
"""
    found = judged(beside(step=LISTS.replace("b[i] -=", f"b[i] {sign}"), main=program))
    assert set(found[1]) == verdicts


@pytest.mark.parametrize("part", ["0.1 * net.feed['x'].T @ net.low", "0.1 * net.z.T @ net.top"])
def test_a_mistake_of_the_importing_program_is_none_of_the_file(beside, part):
    net = NET.split("    def move")[0]
    moved = (
        "    net.W[1] -= 0.1 * net.z.T @ net.top\n    net.W[0] -= 0.1 * net.feed['x'].T @ net.low\n"
    )
    program = MAIN.replace("; net.move()\n", f"\n{moved}")
    assert set(judged(beside(net=net, slopes=SLOPES, main=program))[1]) == {"right"}
    found, verdicts = judged(beside(main=program.replace(f"-= {part}", f"+= {part}"), net=net)
                             .with_name("net.py"))  # fmt: skip
    assert "wrong" not in verdicts
    assert any("or in the program that runs it" in note.text.en for note in found.remarks)


def test_the_loops_of_a_program_are_counted_apart(beside):
    first = "shown = []\nfor k in range(9): shown.append(k)\n"
    program = MAIN.replace("net = Net", f"{first}net = Net")
    assert set(judged(beside(net=NET, slopes=SLOPES, main=program))[1]) == {"right"}


def test_a_program_that_changes_the_file_or_ends_says_nothing_of_it(beside):
    for line in ("Net.back = print", "setattr(Net, 'back', print)"):
        path = beside(net=NET, slopes=SLOPES, main=MAIN.replace("net = Net", f"{line}\nnet = Net"))
        assert importers(path) == []
    alone = [(c.name, c.verdict) for c in verify_file(beside(slopes=SLOPES)).checks]
    ends = "import os\nimport slopes\nos._exit(0)\n"
    assert [
        (c.name, c.verdict) for c in verify_file(beside(slopes=SLOPES, main=ends)).checks
    ] == alone


def test_large_files_and_links_are_not_looked_into(beside, tmp_path):
    path = beside(net=NET, slopes=SLOPES)
    with (tmp_path / "large.py").open("w") as file:
        file.write(MAIN)
        file.truncate(1 << 36)  # sparse
    elsewhere = tmp_path / "elsewhere" / "main.txt"
    elsewhere.parent.mkdir()
    elsewhere.write_text(MAIN)
    (tmp_path / "link.py").symlink_to(elsewhere)
    assert importers(path) == []


def test_a_file_that_only_calls_its_layers_is_run_by_the_program_too(beside):
    layers = NET.replace("class Net", "class Layers")
    chain = """
from layers import Layers
class Net:
    def __init__(self, sizes, how): self.inner = Layers(sizes, how)
    def give(self, feed): self.inner.give(feed)
    def there(self): self.inner.there()
    def back(self): self.inner.back()
    def move(self): self.inner.move()
"""
    assert set(judged(beside(net=chain, layers=layers, slopes=SLOPES, main=MAIN))[1]) == {"right"}


def test_a_right_delta_from_the_program_is_no_mistake_of_its_own(beside):
    """What the program hands to the file's backward pass is right: what is wrong is the file's."""
    main = MAIN.replace("net.back()", "net.top = net.g - net.feed['t']; net.back()")
    own = NET.replace('        self.top = self.g - self.feed["t"]\n', "")
    assert own != NET
    assert main != MAIN
    assert set(judged(beside(net=own, slopes=SLOPES, main=main))[1]) == {"right"}
    assert "wrong" in judged(beside(net=own.replace(SLOPE, ""), slopes=SLOPES, main=main))[1]


def test_labels_that_a_folder_of_plain_lists_writes_are_targets(beside):
    net = """
from math import exp
def forward(W, V, row):
    z = [1 / (1 + exp(-sum(w * x for w, x in zip(unit, row)))) for unit in W]
    return z, [1 / (1 + exp(-sum(v * one for v, one in zip(unit, z)))) for unit in V]
def learn(W, V, row, classes):
    z, g = forward(W, V, row)
    expected = [0] * classes
    expected[row[-1]] = 1
    top = [(g[k] - expected[k]) * g[k] * (1 - g[k]) for k in range(classes)]
    low = [sum(top[k] * V[k][j] for k in range(classes)) * z[j] * (1 - z[j])
           for j in range(len(z))]
    for k in range(classes):
        for j in range(len(z)): V[k][j] -= 0.1 * top[k] * z[j]
    for j in range(len(W)):
        for i in range(len(W[j])): W[j][i] -= 0.1 * low[j] * row[i]
"""
    main = """
import random
from net import learn
rows = [[0.3, -0.4, 0], [1.2, 0.7, 1], [-0.6, 0.9, 2]]
W = [[random.uniform(-1, 1) for _ in range(2)] for _ in range(4)]
V = [[random.uniform(-1, 1) for _ in range(4)] for _ in range(3)]
for epoch in range(20):
    for row in rows: learn(W, V, row, 3)
"""
    assert set(judged(beside(net=net, main=main))[1]) == {"right"}
    wrong = net.replace("* z[j] * (1 - z[j])", "* (1 - z[j])")
    assert "wrong" in judged(beside(net=wrong, main=main))[1]


STEPS = SLOPE.replace("of_tanh", "Slopes.of_tanh")


@pytest.mark.parametrize("way", ["in other letters", "in a folder that sys.path gets"])
def test_modules_are_found_as_on_the_machine_that_the_code_is_from(beside, way):
    if way == "in other letters":
        path = beside(net=NET, main=MAIN, Slopes=SLOPES)
    else:
        text = "import sys\nsys.path.append(sys.path[0] + '\\\\' + 'tools')\n" + NET
        path = beside(net=text, main=MAIN, tools__slopes=SLOPES)
    assert {check.verdict for check in verify_file(path).checks} == {"right"}
    path.write_text(path.read_text().replace(SLOPE, "* self.z"))
    assert "wrong" in {check.verdict for check in verify_file(path).checks}


def test_a_program_in_a_folder_beside_a_package_runs_it(beside):
    net, main = (
        NET.replace("from slopes", "from .slopes"),
        MAIN.replace("net import", "nn.net import"),
    )
    path = beside(nn__net=net, nn__slopes=SLOPES, experiments__main=main)
    path.with_name("__init__.py").touch()
    file = verify_file(path)
    assert {check.verdict for check in file.checks} == {"right"}
    assert "run-by" in {note.id for note in file.remarks}


XOR_NET = """
import numpy as np
class Net:
    def __init__(self, f, cost):
        self.f, self.cost = f, cost
        self.W, self.V = np.random.rand(3, 2), np.random.rand(1, 3)
    def step(self, x, y):
        u = np.dot(x, self.W.T)
        z = self.f(u)
        a = np.dot(z, self.V.T)
        g = self.f(a)
        top = self.cost.derivative(y, g) * self.f.derivative(a)
        low = np.dot(top, self.V) * self.f.derivative(u)
        self.V -= 0.1 * np.dot(top.T, z)
        self.W -= 0.1 * np.dot(low.T, x)
        return self.cost(y, g)
"""
COSTS = """
import numpy as np
class Sigmoid:
    def __call__(self, u): return 1 / (1 + np.exp(-u))
    def derivative(self, u): return self(u) * (1 - self(u))
class BCE:
    def __call__(self, y, g): return -np.mean(y * np.log(g) + (1 - y) * np.log(1 - g))
    def derivative(self, y, g): return (g - y) / (g * (1 - g))
"""
XOR_MAIN = """
import numpy as np
from costs import BCE, Sigmoid
from net import Net
X, Y = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]), np.array([[0], [1], [1], [0]])
net = Net(Sigmoid(), BCE())
for _ in range(100): net.step(X, Y)
"""


def test_the_loss_of_a_module_beside_is_what_the_step_is_meant_to_go_down(beside):
    path = beside(net=XOR_NET, costs=COSTS, main=XOR_MAIN)
    assert {check.verdict for check in verify_file(path).checks} == {"right"}
    path.with_name("costs.py").write_text(COSTS.replace("(g - y) / (g * (1 - g))", "g - y"))
    assert "wrong" in {check.verdict for check in verify_file(path).checks}


FAR = """
import numpy as np
from net import Net
X = np.random.rand(20, 5)
"""


def test_what_only_imports_what_imports_the_file_is_found(beside):
    path = beside(net=NET, slopes=SLOPES, model="from net import Net\n", train=MAIN.replace(
        "from net import", "from model import"))  # fmt: skip
    assert [Path(one.path).stem for one in importers(path)] == ["train"]
    assert set(judged(path)[1]) == {"right"}


def test_what_is_called_after_training_comes_first(beside):
    path = beside(net=NET, slopes=SLOPES, show=FAR, a=FAR, b=FAR, training=MAIN + "# long\n" * 50)
    assert Path(importers(path)[0].path).stem == "training"


def test_a_name_after_a_dot_is_no_library(beside):
    net = NET.replace("from slopes import", "from .random import")
    main = MAIN.replace("from net import", "from pack.net import")
    path = beside(pack__net=net, pack__random=SLOPES, main=main)
    assert set(judged(path)[1]) == {"right"}


def test_folders_that_the_path_names_beside_the_programs_own(beside):
    main = "import sys\nsys.path.append('..\\\\src')\n" + MAIN
    path = beside(src__net=NET, src__slopes=SLOPES, example__main=main)
    (path.parent / "__init__.py").write_text("")
    assert set(judged(path)[1]) == {"right"}
