"""What is public: the names for type checkers, the module as a command, the core by itself."""

import ast
import pydoc
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import numpy as np
import pytest

import jaxmlp
from jaxmlp import Model, Network, Params, load_data
from jaxmlp.data.scaling import Scaling

from .test_package import python

ROOT = Path(__file__).parents[1]


def test_type_checkers_know_the_names_and_where_they_are_from():
    tree = ast.parse((ROOT / "jaxmlp/__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    told = {(one.asname, node.module.removeprefix("jaxmlp."))
            for node in block.body for one in node.names if one.asname == one.name}  # fmt: skip
    assert told == {*jaxmlp._HOME.items()}
    assert (ROOT / "jaxmlp/py.typed").exists()


def test_an_editable_install_is_a_path_that_editors_follow():
    for path in Path(sysconfig.get_path("purelib")).glob("__editable__.jaxmlp-*.pth"):
        assert Path(path.read_text(encoding="utf-8").strip()).is_dir()


def test_the_command_is_also_a_module():
    done = [sys.executable, "-m", "jaxmlp", "--version"]
    assert subprocess.run(done, capture_output=True, text=True).stdout.startswith("jaxmlp 0")


CORE_ALONE = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {missing}:
            raise ModuleNotFoundError(f"No module named {{name!r}}")
sys.meta_path.insert(0, Missing())
"""


@pytest.mark.slow
def test_the_core_works_without_the_extra_app():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = [re.match(r"[\w-]+", one)[0] for one in project["optional-dependencies"]["app"]]
    missing = [{"scikit-learn": "sklearn"}.get(name, name) for name in extra]
    use = """
import jax, numpy as np
from jaxmlp import (Network, autodiff, backprop, check, check_gradient, difference, fit, init,
                    predict)
net = Network("tanh", "identity", "squared_error")
start = init(net, (1, 8, 1), key=jax.random.key(0))
X = np.linspace(-1, 1, 20)[:, None]
result = fit(net, start, X, X**2, epochs=5, eta=0.1, key=jax.random.key(1))
print(len(result.history), predict(net, result.params, X).shape)
print(difference(*(way(net, start, X, X**2) for way in (autodiff, backprop))).relative < 1e-4)
print(check_gradient(lambda w: (w**2).sum(), lambda w: 2 * w, (3,)).right)
def by_hand(W, V, x, y):
    f = np.tanh(W @ x)
    z = np.append(1, f)
    delta2 = 2 * (V @ z - y)
    return np.outer(V[:, 1:].T @ delta2 * (1 - f**2), x), np.outer(delta2, z)
print(check(by_hand, net).right)
"""
    code = CORE_ALONE.format(missing=missing) + use
    assert python(code).split() == ["5", "(20,", "1)", *["True"] * 3]
    command = "\nfrom jaxmlp.cli import main; raise SystemExit(main(['show', 'x']))"
    done = subprocess.run([sys.executable, "-c", CORE_ALONE.format(missing=missing) + command],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 2
    assert "pip install 'jaxmlp[app]'" in done.stderr


def test_help_fits_on_a_screen():
    for name in ("check", "check_gradient", "verify_file", "score", "split"):
        lines = pydoc.render_doc(getattr(jaxmlp, name), renderer=pydoc.plaintext).splitlines()
        assert len(lines) <= 60, name
        assert max(map(len, lines)) <= 400, name  # the signature: a few lines of a terminal


def test_a_data_set_and_a_model_are_a_few_lines():
    data = load_data("digits")
    assert len(repr(data).splitlines()) <= 5
    assert "10 classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in repr(data)
    scaling = Scaling(np.zeros(64), np.ones(64))
    params = Params(np.ones((3, 65)), np.ones((10, 4)))
    model = Model(Network(), params, scaling, None, data.classes, data.features)
    assert repr(model).splitlines()[0] == (
        "Model 64 → 3 → 10: relu, softmax, cross_entropy; 235 weights, float64"
    )
    assert len(repr(model).splitlines()) <= 4
