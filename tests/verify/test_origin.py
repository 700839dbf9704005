"""What was not derived by hand is said, at every level, and earns no exit code of 0."""

import textwrap

import pytest

from jaxmlp.verify.finding import BOUGHT, ORIGINS, Report
from jaxmlp.verify.grading import Options
from jaxmlp.verify.homework import verify_file
from jaxmlp.verify.origin import Origins
from jaxmlp.verify.reading import code_of
from jaxmlp.verify.report import as_csv, as_html, as_json, as_text
from jaxmlp.verify.source import read

PLAIN = "import numpy as np\n"
HEAD = """
import numpy as np
import jax, jax.numpy as jnp
from jax import grad as g, value_and_grad
def loss(W, V, x, y):
    a = V @ jnp.append(1.0, jnp.maximum(W @ x, 0))
    return -jnp.sum(y * (a - jax.scipy.special.logsumexp(a)))
"""
BY_HAND = """
def backprop(W, V, x, y):
    u = W @ x
    z = np.append(1, np.maximum(u, 0))
    e = np.exp(V @ z - np.max(V @ z))
    delta2 = e / e.sum() - y
    delta1 = V[:, 1:].T @ delta2 * (u > 0)
    return np.outer(delta1, x), np.outer(delta2, z)
"""
HELPERS = {
    "helper": BY_HAND,
    "numpy": "raise SystemExit\n",
    "chain": "from helper import backprop\n",
}


def checked(tmp_path, text):
    path = tmp_path / "homework.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return verify_file(path, Options(limit=30.0))


def said(file):
    return {n.id for c in file.checks for n in c.remarks if n.id in ORIGINS}


ELSEWHERE = [
    ("def backprop(W, V, x, y):\n    return jax.grad(loss, (0, 1))(W, V, x, y)", "autodiff"),
    ("def backprop(W, V, x, y):\n    return g(loss, (0, 1))(W, V, x, y)", "autodiff"),
    ("def f(*a):\n    return value_and_grad(loss, (0, 1))(*a)\ndef backprop(W, V, x, y):\n    return f(W, V, x, y)[1]", "autodiff"),
    ("both = jax.grad(loss, (0, 1))\ndef backprop(W, V, x, y):\n    return both(W, V, x, y)", "autodiff"),
    ("from jaxmlp import autodiff, Network, Params\ndef backprop(W, V, x, y):\n    return autodiff(Network(), Params(W, V), x[1:], y)[:2]", "library"),
    ("import jaxmlp as j\ndef backprop(W, V, x, y):\n    return j.backprop(j.Network(), j.Params(W, V), x[1:], y)[:2]", "library"),
    (BY_HAND + "def dReLU(u):\n    return np.imag(np.maximum(u + 1e-20j, 0)) / 1e-20", "complex-step"),
    ("def dtanh(u):\n    return np.tanh(u + 1e-20j).imag / 1e-20", "complex-step"),
    ("def backprop(W, V, x, y):\n    return getattr(jax, 'grad')(loss, (0, 1))(W, V, x, y)", "autodiff"),
    ("J = jax\ndef backprop(W, V, x, y):\n    return J.grad(loss, (0, 1))(W, V, x, y)", "autodiff"),
    ("from jax import *\ndef backprop(W, V, x, y):\n    return grad(loss, (0, 1))(W, V, x, y)", "autodiff"),
    ("def backprop(W, V, x, y):\n    return vars(jax)['gr' + 'ad'](loss, (0, 1))(W, V, x, y)", "hidden-code"),
    ("def backprop(W, V, x, y):\n    return jax.__dict__['gr' + 'ad'](loss, (0, 1))(W, V, x, y)", "hidden-code"),
    ("import sys\ndef backprop(W, V, x, y):\n    return sys.modules['jax'].grad(loss, (0, 1))(W, V, x, y)", "hidden-code"),
    ("def dtanh(u):\n    return np.tanh(np.asarray(u) + 1e-20j).view(float)[..., 1::2].reshape(np.shape(u)) / 1e-20", "complex-step"),
    ("def dtanh(u):\n    u = np.asarray(u)\n    return eval('1 - np.tanh(u) ** 2')", "hidden-code"),
    ("import importlib\ndef dtanh(u):\n    return importlib.import_module('numpy').cosh(u) ** -2.0", "hidden-code"),
    ("def ReLU(x):\n    return np.maximum(x, 0)\nfrom helper import backprop as b\ndef backprop(W, V, x, y):\n    return b(W, V, x, y)", "other-file"),
    ("def backprop(W, V, x, y):\n    from folder.helper import backprop as b\n    return b(W, V, x, y)", "other-file"),
]  # fmt: skip


def beginning(text, id):
    return HEAD if ("jax" in text and id != "library") or id == "autodiff" else PLAIN


@pytest.mark.parametrize(("text", "id"), ELSEWHERE)
def test_what_comes_from_elsewhere_is_said(text, id, tmp_path):
    (tmp_path / "folder").mkdir()
    for name, other in HELPERS.items():
        (tmp_path / f"{name}.py").write_text("import numpy as np\n" + other)
        (tmp_path / "folder" / f"{name}.py").write_text("import numpy as np\n" + other)
    file = checked(tmp_path, beginning(text, id) + text)
    notes = [n for c in file.checks for n in c.remarks if n.id in ORIGINS]
    assert {n.id for n in notes} <= {id}
    notes += [n for n in file.remarks if n.id == "not-looked-at"]
    (words,) = {n.text for n in notes}
    report = Report((file,))
    assert set(verdicts(file)) <= {"right"}
    assert not (report.right and file.checks and id in BOUGHT)
    for explain in ("full", "hint", "verdict"):
        for way in (as_text, as_json, as_csv, as_html):
            for lang in ("en", "ja"):
                assert getattr(words, lang).split(" (")[0] in way(report, lang, explain)


def test_each_way_to_have_it_from_elsewhere_is_read(tmp_path):
    """All of them, by the names in the file alone."""
    (tmp_path / "helper.py").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/helper.py").touch()
    path = tmp_path / "homework.py"
    for text, id in ELSEWHERE:
        path.write_text(beginning(text, id) + text)
        origins = Origins(path, read(code_of(path)))
        notes = [n for name in origins.found.functions for n in origins.of(name, None)]
        assert {note.id for note in notes} == {id}, text


def test_what_is_derived_by_hand_is_not_accused(tmp_path):
    check = "def check():\n    return jax.grad(loss)(1, 2, 3, 4), eval('1'), (1j).imag\n"
    file = checked(tmp_path, HEAD + BY_HAND + check)
    assert said(file) == set()
    assert Report((file,)).right


def test_a_method_called_as_a_file_beside_it_is_none_of_it(tmp_path):
    (tmp_path / "sum.py").write_text("")
    assert said(checked(tmp_path, PLAIN + BY_HAND)) == set()


def test_files_that_are_imported_and_those_that_they_import_are_seen(tmp_path):
    for name, text in HELPERS.items():
        (tmp_path / f"{name}.py").write_text(text)
    path = tmp_path / "homework.py"
    path.write_text("import numpy, os\nfrom chain import backprop\n")
    found = Origins(path, read(code_of(path)))
    assert found.files == [str(tmp_path.resolve() / name) for name in ("chain.py", "helper.py")]
    assert [note.text.en for note in found.notes] == [
        "can see what it imports beside it: chain.py, helper.py"
    ]


@pytest.mark.slow
def test_the_network_that_a_file_declares_is_told_everywhere(tmp_path):
    report = Report((checked(tmp_path, 'HIDDEN = "tanh"\n' + PLAIN + BY_HAND),))
    for explain in ("full", "hint", "verdict"):
        for way in (as_text, as_json, as_csv, as_html):
            assert "tanh, softmax, cross_entropy, as the file itself declares (HIDDEN)" in way(
                report, "en", explain
            )
            assert "(ファイル自身の指定 HIDDEN)" in way(report, "ja", explain)
    plain = Report((checked(tmp_path, PLAIN + BY_HAND),))
    assert "declares" not in as_text(plain)


ZEROS = {
    "zeros": "np.zeros_like(W), np.zeros_like(V)",
    "NaN": "W * np.nan, V * np.nan",
}


def verdicts(file):
    return [check.verdict for check in file.checks]


@pytest.mark.slow
@pytest.mark.parametrize("given", ZEROS)
def test_zeros_and_nan_earn_nothing(given, tmp_path):
    text = f"def backprop(W, V, x, y):\n    dW, dV = {ZEROS[given]}\n    return dW, dV\n"
    assert "right" not in verdicts(checked(tmp_path, PLAIN + text))
    deltas = (
        "np.zeros(len(W)), np.zeros(len(V))" if given == "zeros" else "x[0] * np.nan, y * np.nan"
    )
    text = f"""
def backprop(W, V, x, y):
    delta1, delta2 = {deltas}
    dW, dV = {ZEROS[given]}
    return {{"dW": dW, "dV": dV, "delta1": delta1 + np.zeros(len(W)), "delta2": delta2}}
"""
    assert "right" not in verdicts(checked(tmp_path, PLAIN + text))
