"""A file taken apart: encodings, notebooks, broken places, constants, loops, the names they need."""

import ast
import json
import os
import time

import pytest

from jaxmlp.verify.names import imports_of, loads, names_used, stores
from jaxmlp.verify.overlooked import idle_loops
from jaxmlp.verify.reading import code_of, decoded, notebook_cells, parsed
from jaxmlp.verify.source import empty, read, take_apart

TEXT = "# 活性化関数\ndef ReLU(x):\n    return x * (x > 0)  # ∇ も\n"


def apart(text):
    return take_apart(parsed(text))


def statement(text):
    (only,) = ast.parse(text).body
    return only


# Decoding


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp932", "shift_jis", "euc_jp", "utf-16", "iso2022_jp"]
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_any_encoding_a_japanese_editor_writes_is_read(encoding, ends):
    declared = "# -*- coding: iso2022_jp -*-\n" if encoding == "iso2022_jp" else ""
    text = declared + TEXT
    assert decoded(text.replace("\n", ends).encode(encoding)) == text


def test_a_declared_encoding_that_is_wrong_or_unknown_is_not_believed():
    for declared in ("euc_jp", "nonsense", "utf-8"):
        text = f"# coding: {declared}\n{TEXT}"
        assert "def ReLU" in decoded(text.encode("utf-8"))
    assert decoded(("# coding: utf-8\n" + TEXT).encode("cp932")).endswith(TEXT)


def test_a_codec_that_takes_for_ever_is_not_believed():
    assert decoded(b"# coding: punycode\n" + TEXT.encode() * 1000).count("def ReLU") == 1000


@pytest.mark.parametrize("data", [b"\0\1\2", bytes(range(128, 256)), b"\xff\xfeabc", b"a\0b\0"])
def test_what_is_no_text_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011 -- a UnicodeDecodeError is one, too
        decoded(data)


# What is read at all


def opened(path):
    return read(code_of(path), numbered=path.suffix != ".ipynb")


def test_a_file_that_is_none_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    for name in ("fifo.py", "zero.py"):
        with pytest.raises(ValueError, match="expected a regular file"):
            code_of(tmp_path / name)
    with pytest.raises(OSError, match="directory"):
        code_of(tmp_path)


def test_a_large_file_is_not_read(tmp_path):
    for size in (3 << 30, (10 << 20) + 1):
        with open(tmp_path / "sparse.py", "wb") as file:
            file.truncate(size)
        with pytest.raises(ValueError, match="at most 10 MB, got a larger one"):
            code_of(tmp_path / "sparse.py")


@pytest.mark.parametrize(
    "text", ["a = 1\n" * 300_000, "a = 1\n" * 20_001, f"a = '{'x' * (1 << 20)}'"]
)
def test_more_code_than_anybody_writes_is_refused(text, tmp_path):
    for name, whole in (("a.py", text), ("a.ipynb", notebook(text))):
        (tmp_path / name).write_text(whole)
        with pytest.raises(ValueError, match="code of at most 20000 lines and 256 kB, got"):
            opened(tmp_path / name)


def test_what_is_nested_too_deeply_is_said(tmp_path):
    (tmp_path / "a.ipynb").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="Jupyter notebook"):
        opened(tmp_path / "a.ipynb")
    terms = " + ".join(["x"] * 20_000)
    (tmp_path / "a.py").write_text(f"def f(x):\n    return {terms}\ndef g(x):\n    return x\n")
    found = opened(tmp_path / "a.py")
    assert found.broken == {"f": (1, "SyntaxError: nested too deeply (line 1)")}
    assert list(found.functions) == ["g"]


CHAIN = "".join(f"def f{k}(x):\n    return f{k + 1}(x)\n" for k in range(3000))
NEST = "".join("    " * k + f"for i{k} in x:\n" for k in range(90)) + "    " * 90 + "W = W - x\n"
BLANK = "\n" * 19_000 + "x = (\n"


@pytest.mark.slow
@pytest.mark.parametrize("text", [CHAIN, NEST, BLANK], ids=["chain", "nest", "blank"])
def test_reading_has_an_end(text, tmp_path):
    path = tmp_path / "a.py"
    path.write_text(text)
    began = time.process_time()
    read(code_of(path))
    assert time.process_time() - began < 10


# Notebooks


def notebook(*cells, **more):
    made = [{"cell_type": "code", "source": cell, "outputs": [], **more} for cell in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": ["x = 1"]}, *made]})


def test_cells_lose_their_magics_and_nothing_else():
    text = notebook(
        ["%matplotlib inline\n", "import numpy as np\n", "!pip install x\n", "?np.dot\n"],
        "s = ('%d'\n% 3)",
        "%%time\nx = 1\n",
        "%%bash\nrm -r data\n",
    )
    cells = notebook_cells(text)
    assert [ast.unparse(ast.parse(cell)) for cell in cells] == [
        "import numpy as np",
        "s = '%d' % 3",
        "x = 1",
    ]


def test_one_broken_cell_spoils_no_other_and_lines_count_on(tmp_path):
    path = tmp_path / "a.ipynb"
    loop = "for i in range(n):\n    x, t = X[i], T[i]\n    W = W - x\n    V = V - t * {}\n"
    path.write_text(
        notebook("def f(x):\n    return x", "def g(x:\n  return", loop.format(1), loop.format(2))
    )
    found = opened(path)
    assert list(found.functions) == ["f"]
    assert found.unfinished == {"g": 3}
    assert not found.numbered
    loops = [node for node in found.module.body if isinstance(node, ast.For)]
    assert [loop.lineno for loop in loops] == [5, 10]


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", '{"cells": 3}', '{"cells": [{}]}', "{"])
def test_what_is_no_notebook_is_refused(text):
    with pytest.raises(ValueError, match="expected a Jupyter notebook"):
        notebook_cells(text)


# What cannot be parsed

BROKEN = {
    "def f(x):\n    # ここに書く\n": "",
    'def f(x):\n    """value"""\n    y =\n': "",
    "def f(x):\n    return np.maximum(0, x\n": "",
    "def f(x):\n    y = x +\n    return y\n": "",
    "def f(x):\n    retrun x\n": "invalid syntax",
    "def f(x)\n    return x\n": "expected ':'",
    "def f(x):\n    return x)\n": "unmatched",
    "def f(x):\n    y = x　* 2\n    return y\n": "non-printable",
    "def f(x):\n    y = 1\n\treturn y\n": "TabError",
    "@np.vectorize\ndef f(x):\n    if x > 0\n        return x\n": "expected ':'",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_function_is_told_from_an_unfinished_one_and_spoils_no_other(text):
    before, after = (
        "import numpy as np\n\n\ndef a(x):\n    return x\n\n",
        "\n\ndef b(x):\n    return x\n",
    )
    found = apart(before + text + after)
    assert list(found.functions) == ["a", "b"]
    assert found.functions["b"].lineno == (before + text + after).split("\n").index("def b(x):") + 1
    if BROKEN[text]:
        line, why = found.broken["f"]
        assert BROKEN[text] in why
        assert found.unfinished == {}
    else:
        line = found.unfinished["f"]
        assert found.broken == {}
    assert line == 7


def test_a_later_whole_definition_takes_the_place_of_a_broken_one():
    found = apart("def f(x):\n    # TODO\n\ndef f(x):\n    return x\n")
    assert found.unfinished == {}
    assert list(found.functions) == ["f"]


def test_a_broken_loop_is_a_training_loop_only_if_it_looks_like_one():
    assert apart("for i in index:\n    xi = x_train[i\n").unfinished == {"training loop": 1}
    assert apart("for i in index:\n    xi = x_train[i])\n").broken.keys() == {"training loop"}
    assert apart("for i in range(3):\n    print(i))\n").broken == {}


def test_python_2_is_understood_as_far_as_its_prints():
    found = apart('print "start"\ndef f(x):\n    print "x =", x\n    return x\n')
    assert list(found.functions) == ["f"]
    assert found.broken == found.unfinished == {}


@pytest.mark.parametrize(
    "body",
    ["pass", "...", "return", "return None", "return None, None", '"""what it does"""', "return ...",
     "raise NotImplementedError", 'raise NotImplementedError("write me")'],
)  # fmt: skip
def test_a_function_without_a_body_is_unfinished(body):
    assert empty(statement(f"def f(x):\n    {body}"))
    assert apart(f"def f(x):\n    {body}").unfinished == {"f": 1}


@pytest.mark.parametrize("body", ["return x", "return 0", "raise ValueError", "y = 1", "print(x)"])
def test_a_function_with_something_in_it_is_not(body):
    assert not empty(statement(f"def f(x):\n    {body}"))


# Constants and settings


def test_simple_values_are_kept_and_nothing_that_does_something():
    found = apart(
        "import numpy as np\nd = 28 * 28\nn, m = 5, 4\neta = -0.1\nnames = ['a', 'b']\nI = np.eye(m)\n"
        "f = lambda x: x\nfs = {'f': f}\nx = np.load('x.npy')\ny = open('y')\nW = np.random.randn(3)\n"
        "z = unknown\nk = x.shape[0]\nq = len(names)\n() = ()\nwith_call = print('a')\n"
    )
    kept = [ast.unparse(one) for one in found.constants]
    assert kept == [
        "d = 28 * 28", "n, m = (5, 4)", "eta = -0.1", "names = ['a', 'b']", "I = np.eye(m)",
        "f = lambda x: x", "fs = {'f': f}", "q = len(names)",
    ]  # fmt: skip


def test_classes_that_hold_results_are_kept_and_no_others():
    found = apart(
        "class Grads(NamedTuple):\n    dW: object\n@dataclass\nclass R:\n    dV: object\n"
        "class Net:\n    def relu(self, x):\n        return x\nT = namedtuple('T', 'dW dV')\n"
    )
    assert [getattr(one, "name", "T") for one in found.constants] == ["Grads", "R", "T"]
    assert found.functions == {}


def test_settings_are_names():
    found = apart(
        "HIDDEN = 'tanh'\nLOSS = 0.5\nOUTPUT = 10\nREDUCTION = 'sum'\nEPOCHS = 'x'\nBIAS = False\n"
    )
    assert found.settings == {"HIDDEN": "tanh", "REDUCTION": "sum", "BIAS": False}
    assert apart("BIAS = 1\nHIDDEN = True\n").settings == {}


def test_lambdas_and_made_functions_are_functions():
    found = apart(
        "import scipy\nimport numpy as np\nrelu = lambda x: x\nsigmoid = np.vectorize(relu)\n"
        "softmax = scipy.special.softmax\nk = np.abs\ntanh = table[0]\n"
    )
    assert [ast.unparse(one) for one in found.functions.values()] == [
        "def relu(x):\n    return x",
        "def sigmoid(x):\n    return np.vectorize(relu)(x)",
        "def softmax(x):\n    return scipy.special.softmax(x)",
    ]


def test_functions_inside_functions_are_taken_out_unless_they_use_what_is_local_there():
    found = apart(
        "def main():\n    k = 1\n    def f(x):\n        return k * x\n    def g(x):\n        return x\n"
    )
    assert list(found.functions) == ["main", "g"]


def test_annotations_are_left_out_but_for_the_fields_of_results():
    found = apart(
        "eta: Rate = 0.1\nlater: Rate\n@dataclass\nclass R:\n    dV: Arr\n"
        "def f(x: Arr, *, k: Int = 1) -> Arr:\n    y: Arr = x\n    z: Arr\n    return y\n"
    )
    assert [ast.unparse(one) for one in found.constants] == [
        "eta = 0.1",
        "@dataclass\nclass R:\n    dV: 'object'",
    ]
    assert ast.unparse(found.functions["f"]) == (
        "def f(x, *, k=1):\n    y = x\n    pass\n    return y"
    )


# Loops

HEAD = "W = make()\nV = make()\n"


def test_loops_that_update_nothing_yet():
    loop = "for i in r:\n    xi = X[i]; yi = Y[i]\n"
    assert idle_loops(apart(HEAD + loop).module) == [3]
    assert idle_loops(apart(loop).module) == []
    assert idle_loops(apart(HEAD + loop + "    W = W - xi\n").module) == []
    assert idle_loops(apart(HEAD + loop + "    weights = weights - 0.1 * xi\n").module) == []
    assert idle_loops(apart(HEAD + loop + "    weights -= step(xi, yi)\n").module) == []
    assert idle_loops(apart(HEAD + loop + "    E += (W @ xi - yi) ** 2\n").module) == [3]
    assert idle_loops(apart(HEAD + loop + "    g = np.tanh(V @ np.tanh(W @ xi))\n").module) == [3]
    assert idle_loops(apart(HEAD + loop.replace("X", "x_test")).module) == []


# Names


@pytest.mark.parametrize(
    ("text", "stored", "loaded"),
    [
        ("a = b", {"a"}, {"b"}),
        ("a, b = c", {"a", "b"}, {"c"}),
        ("a += b", {"a"}, {"a", "b"}),
        ("a[i] = b", {"a"}, {"a", "i", "b"}),
        ("a.b.c = d", {"a"}, {"a", "d"}),
        ("a[0][1] += b", {"a"}, {"a", "b"}),
        ("f(a)", set(), {"f", "a"}),
        ("a = [x for x in b]", {"a", "x"}, {"b"}),
        ("a = lambda x: x + b", {"a"}, {"b"}),
        ("if a:\n    b = c", {"b"}, {"a", "c"}),
    ],
)
def test_names_stored_and_loaded(text, stored, loaded):
    one = statement(text)
    assert stores(one) == stored
    assert loads(one) == loaded


def test_names_used_through_functions_and_their_imports():
    found = apart("import os\nimport numpy as np\nfrom a import b as c, d\ndef f(x):\n    return g(x)\n"
                  "def g(x):\n    return np.abs(c(x))\ndef h(x):\n    return os.name\n")  # fmt: skip
    used = names_used([found.functions["f"]], found.functions)
    assert {"g", "np", "c"} <= used
    assert "os" not in used
    kept = [ast.unparse(one) for one in imports_of(found.imports, used)]
    assert kept == ["import numpy as np", "from a import b as c, d"]
    star = ast.parse("from numpy import *").body
    assert imports_of(star, set()) == star
