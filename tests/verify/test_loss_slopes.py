"""∂E/∂g by name: right in any of its forms, and each slip has its name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmlp.verify import pieces
from jaxmlp.verify.homework import verify_file
from jaxmlp.verify.loss_slopes import RIGHT
from jaxmlp.verify.pieces import Piece
from jaxmlp.verify.slips import slips

RIGHT_ONES = """
mse_prime(g, y): 2 * (g - y) / g.size  #
mse_derivative(y_true, y_pred): 2 * (y_pred - y_true) / len(y_true)  #
d_squared_error(g, y): g - y  #
mean_squared_error_grad(y, out): y - out  # opposite
mse_prime(g, y): (g - y) * g * (1 - g)  # by-a
binary_cross_entropy_prime(y, p): ((1 - y) / (1 - p) - y / p) / np.size(y)  #
bce_derivative(p, y): (p - y) / (p * (1 - p))  #
cross_entropy_derivative(p, y): -y / p  #
cross_entropy_derivative(logits, y): np.exp(logits) / np.exp(logits).sum(-1, keepdims=True) - y  # by-a
grad_cross_entropy(p, y): p - y  # by-a
mse_prime(desired, actual): actual - desired  #
mse_prime(a, b): 2 * (b - a)  #
"""
WRONG_ONES = """
mse_prime(g, y): 2 * (g + y) / g.size  # plus-for-minus
mse_prime(g, y): (g - y) ** 2  # error-for-slope
mse_prime(y, p): np.sign(p - y)  # absolute
cross_entropy_prime(g, y): -y * np.log(g)  # error-for-slope
cross_entropy_prime(g, y): -y  # g-missing
cross_entropy_prime(g, y): -1 / g  # y-missing
bce_prime(y, p): -(y / p) - (1 - y) / (1 - p)  # second-term-sign
bce_prime(y, p): -y / p  # second-term-missing
bce_prime(y, p): -y / p + (1 - y) / p  # second-term-g
bce_prime(y, p): -(y * np.log(p) + (1 - y) * np.log(1 - p))  # error-for-slope
bce_prime(y, p): (p - y) / p  # g-missing
"""
UNKNOWN = ("mse_prime(g, y): np.mean(g - y)", "mse_prime(g, y): g[y]", "mse_prime(g, y): g * y * 3 + 1",
           "cross_entropy_grad(log_probs, y): -y", "mse_prime(g, y, layer): (g - y) * layer")  # fmt: skip


def lines(text):
    return [line.split("  #") for line in text.strip().split("\n")]


@pytest.fixture
def of(tmp_path):
    """The checks of a function of one line."""

    def judged(line):
        head, _, value = line.partition(": ")
        path = tmp_path / "losses.py"
        path.write_text(f"import numpy as np\ndef {head}:\n    return {value}\n")
        return verify_file(path).checks

    return judged


@pytest.mark.costly
@pytest.mark.parametrize(("line", "said"), lines(RIGHT_ONES))
def test_any_form_of_it_is_right(of, line, said):
    (check,) = of(line)
    assert (check.stage, check.verdict) == ("dE", "right")
    told = {note.id for note in check.remarks}
    assert told == set(said.split())


@pytest.mark.costly
@pytest.mark.parametrize(("line", "expected"), lines(WRONG_ONES))
def test_each_slip_has_its_name(of, line, expected):
    (check,) = of(line)
    assert check.verdict == "wrong"
    assert {note.id for note in check.diagnosis} == {expected.strip()}


@pytest.mark.parametrize("line", UNKNOWN)
def test_of_what_is_neither_nothing_is_said(of, line):
    assert not of(line)


def test_every_slip_is_written_out_above():
    kinds = [Piece("loss-slope", of) for of in pieces.LOSS_NAMES]
    written = {expected.strip() for _, expected in lines(WRONG_ONES)}
    assert {slip.id for kind in kinds for slip in slips(kind)} == written


def error(name, g, y):
    """Σ E, for autodiff."""
    if "squared" in name:
        return jnp.sum((g - y) ** 2)
    return -jnp.sum(y * jnp.log(g) + float(name[0] == "b") * (1 - y) * jnp.log(1 - g))


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_one_is_autodiffs(name):
    at = pieces.points(Piece("loss-slope", name))
    g, y = jnp.asarray(at["g"]), jnp.asarray(at["y"])
    true = jax.grad(lambda g: error(name, g, y))(g)
    near = [np.allclose(formula(at["g"], at["y"]), true) for formula, _ in RIGHT[name]]
    assert near.count(True) == 1
