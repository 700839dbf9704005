"""Small functions as people write them: right ones are right, and each slip has its name."""

import ast
import math

import numpy as np
import pytest

from jaxmlp.verify import pieces
from jaxmlp.verify.calling import Subject
from jaxmlp.verify.homework import verify_file
from jaxmlp.verify.pieces import Piece, piece
from jaxmlp.verify.run.outcome import Crashed, TimedOut, Unfinished
from jaxmlp.verify.slips import slips
from jaxmlp.verify.small import check_piece


def checks(text, kind=None, **beside):
    """The checks of the last function of a text, called in this process."""
    names = {"np": np, "math": math}
    exec(text, names)
    made = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)][-1]

    def call(args):
        try:
            with np.errstate(all="ignore"):
                return names[made.name](*args), args
        except Exception as error:
            raise Crashed(f"{type(error).__name__}: {error}") from None

    required = len(made.args.args) - len(made.args.defaults)
    parameters = tuple(a.arg for a in made.args.args[:required])
    subject = Subject(made.name, call, parameters, line=made.lineno)
    return check_piece(subject, kind or piece(made.name), **beside)


def only(text, kind=None, **beside):
    (check,) = checks(text, kind, **beside)
    return check


def ids(check):
    return {note.id for note in check.diagnosis}


def said(check):
    return {note.id for note in check.remarks}


RIGHT = """
def ReLU(x): return np.maximum(0, x)
def ReLU(x): return np.where(x > 0, x, 0)
def relu(x): return x * (x > 0)
def relu(x): return (x + np.abs(x)) / 2
def relu(x): return np.clip(x, 0, None)
def re_lu(x): return np.array([max(0, t) for t in x])
def Relu(x): return [t if t > 0 else 0 for t in x]
def relu_function(x): return np.vectorize(lambda t: max(t, 0.0))(x)
def relu(x): y = x.copy(); y[y < 0] = 0; return y
def relu(x): x[x < 0] = 0; return x
def dReLU(x): return np.where(x > 0, 1, 0)
def d_relu(x): return (x > 0).astype(np.float64)
def relu_grad(x): return 1 * (x > 0)
def grad_relu(x): return np.heaviside(x, 0)
def relu_prime(x): return np.sign(np.maximum(x, 0))
def derivative_of_relu(x): return x > 0
def relu_derivative(x): return np.array([1 if t > 0 else 0 for t in x])
def ReLU_dash(x): return np.ceil(np.clip(x, 0, 1e-300) * 1e300)
def sigmoid(x): return np.where(x < 0, np.exp(-abs(x)), 1) / (1 + np.exp(-abs(x)))
def sigmoid(x): return (np.tanh(x / 2) + 1) / 2
def logistic(x): return 1 / (1 + np.exp(-x))
def sigmoid(x): return 1 / (1 + np.exp(-np.clip(x, -700, 700)))
def sigmoid_prime(x): return 0.25 / np.cosh(np.clip(x, -300, 300) / 2) ** 2
def dsigmoid(x): s = 1 / (1 + np.exp(-x)); return s * (1 - s)
def d_sigmoid(x): s = 1 / (1 + np.exp(-x)); return s - s**2
def diff_sigmoid(y): return y * (1 - y)
def tanh(x): return np.tanh(x)
def tanh(x): return 1 - 2 / (np.exp(2 * x) + 1)
def hyperbolic_tangent(x): return 2 / (1 + np.exp(-2 * x)) - 1
def d_tanh(x): return 1 - np.tanh(x) ** 2
def tanh_gradient(x): return 1 / np.cosh(x) ** 2
def dtanh(z): return (1 - z) * (1 + z)
def relu_backward(dA, cache): Z = cache; dZ = np.array(dA, copy=True); dZ[Z <= 0] = 0; assert dZ.shape == Z.shape; return dZ
def d_relu(x, upstream): return upstream * (x > 0)
def relu_backward(dout, out): return dout * np.sign(out)
def tanh_derivative(x=0.0, a=1.0): return 1 - np.tanh(x) ** 2
def relu_backward(d, u): return d if u > 0 else 0.0
def sigmoid_backward(dA, Z): s = 1 / (1 + np.exp(-Z)); return dA * s * (1 - s)
def tanh_backward(A, dA): return dA * (1 - A ** 2)
def identity(x): return x
def d_identity(x): return np.ones_like(x)
def identity_grad(x): return np.ones(x.shape)
def softmax(x): e = np.exp(x - np.max(x)); return e / np.sum(e)
def softmax(x): return np.exp(x - max(x)) / sum(np.exp(x - max(x)))
def softmax(a): return np.exp(a - a.max() - np.log(np.exp(a - a.max()).sum()))
def softmax(X): e = np.exp(X - X.max(axis=1, keepdims=True)); return e / e.sum(axis=1, keepdims=True)
def softmax(Z): e = np.exp(Z - Z.max(axis=0)); return e / e.sum(axis=0)
def softmax(x): e = np.exp(x - x.max(-1, keepdims=True)); return e / e.sum(-1, keepdims=True)
def my_softmax(x): e = [math.exp(t - max(x)) for t in x]; return [t / sum(e) for t in e]
def softmax(x): return np.array([1 / np.sum(np.exp(x - t)) for t in x])
def CrossEntoropy(g, y): return -np.sum(y * np.log(g))
def CrossEntoropy(g, y): return -np.dot(y, np.log(g))
def CrossEntoropy(g, y): return -np.log(g[np.argmax(y)])
def CrossEntoropy(g, y): return -sum(t * math.log(p) for t, p in zip(y, g))
def CrossEntoropy(g, y): return -np.log(g[y == 1])
def CrossEntoropy(g, y): return -math.log(np.prod(g ** y))
def cross_entropy(t, y): return -np.sum(t * np.log(y))
def cross_entropy(y, y_hat): return -(y * np.log(y_hat)).sum()
def cross_entropy_error(Y, T): return -np.sum(T * np.log(Y)) / len(Y)
def cross_entropy_loss(P, Y): return -np.sum(Y * np.log(P), axis=1)
def cross_entropy(G, Y): return np.mean(-np.log(G[np.arange(len(G)), Y.argmax(axis=1)]))
def log_loss(y_true, y_pred): return -np.mean(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))
def binary_cross_entropy(y, t): return -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y))
def bce(p, y): return -(y * np.log(p) + (1 - y) * np.log(1 - p))
def squared_error(g, y): return np.sum((g - y) ** 2)
def mse(y, g): return g - y, np.mean((g - y) ** 2)
def l2_loss(y, g): return np.linalg.norm(y - g) ** 2
def sse(y, t): return (y - t) @ (y - t)
def mse(y, t): return np.mean((y - t) ** 2)
def mean_squared_error(y_true, y_pred): return np.sum(np.square(y_true - y_pred)) / y_true.size
""".strip().split("\n")


@pytest.mark.parametrize("text", RIGHT)
def test_right_functions_are_right(text):
    check = only(text.replace("; ", "\n    ").replace("): ", "):\n    ", 1))
    assert (check.verdict, ids(check), check.line) == ("right", set(), 1)


def test_a_log_loss_is_of_classes_where_there_is_a_softmax():
    text = "def log_loss(g, y):\n    return -np.sum(y * np.log(g))"
    assert ids(only(text, softmax=False)) == {"second-term-missing"}
    assert only(text, softmax=True).verdict == "right"


def test_right_but_it_overflows():
    for text in (
        "def tanh(x): return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))",
        "def sigmoid(x): return math.exp(x) / (1 + math.exp(x))",
        "def sigmoid(x): return np.exp(x) / (1 + np.exp(x))",
        "def d_sigmoid(x): return np.exp(-x) / (1 + np.exp(-x)) ** 2",
        "def tanh_prime(x): return 4 / (np.exp(x) + np.exp(-x)) ** 2 * np.exp(x) / np.exp(x)",
    ):
        check = only(text)
        assert (check.verdict, ids(check)) == ("imprecise", {"overflow"}), text
    check = only("def softmax(x): return np.exp(x) / np.sum(np.exp(x))")
    assert (check.verdict, ids(check)) == ("imprecise", {"softmax-not-shifted"})
    check = only("def softmax(X): return np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)")
    assert (check.verdict, ids(check)) == ("imprecise", {"softmax-not-shifted"})


SLIPS = """
relu: np.abs(x)  # relu-abs
relu: np.vectorize(lambda t: t if t > 0 else 0)(x)  # relu-integers
relu: np.minimum(0, x)  # relu-min
relu: np.where(x > 0, x, x * 0.01)  # relu-leaky
relu: np.maximum(1, x)  # relu-of-1
relu: -np.maximum(0, x)  # sign
relu: np.where(x > 0, 1, 0)  # derivative-for-value
relu: 1 / (1 + np.exp(-x))  # of-another
relu: np.where(x > 0, 2 * x, 0)  # times-2
relu: np.where(x > 0, x / 2, 0)  # times-half
drelu: np.where(x > 0, 0, 1)  # relu-slope-reversed
drelu: np.where(x > 0, 1, -1)  # relu-slope-sign
drelu: x  # relu-slope-x
drelu: np.where(x > 1, 1, 0)  # relu-slope-of-1
drelu: np.where(x > 0, 1, 0.01)  # relu-slope-leaky
drelu: np.where(x > 0, x, 0)  # value-for-derivative
drelu: 1 - np.tanh(x) ** 2  # of-another
sigmoid: 1 / (1 + np.exp(x))  # sigmoid-of-minus
sigmoid: 1 / (1 - np.exp(-x))  # sigmoid-minus
sigmoid: 1 / 1 + np.exp(-x)  # sigmoid-1-outside sigmoid-inverse
sigmoid: 1 + np.exp(-x)  # sigmoid-1-outside sigmoid-inverse
sigmoid: np.tanh(x)  # of-another
dsigmoid: x * (1 - x)  # sigmoid-slope-of-x
dsigmoid: (s := 1 / (1 + np.exp(-x))) * (1 + s)  # sigmoid-slope-plus
dsigmoid: 1 - (1 / (1 + np.exp(-x))) ** 2  # sigmoid-slope-square
dsigmoid: (1 / (1 + np.exp(-x))) ** 2  # sigmoid-slope-f2
dsigmoid: 1 - 1 / (1 + np.exp(-x))  # sigmoid-slope-1-f sigmoid-slope-exp
dsigmoid: np.exp(-x) / (1 + np.exp(-x))  # sigmoid-slope-1-f sigmoid-slope-exp
dsigmoid: (t := 1 / (1 + np.exp(-1 / (1 + np.exp(-x))))) * (1 - t)  # slope-twice
dsigmoid: 1 / (1 + np.exp(-x))  # value-for-derivative
tanh: (np.exp(x) + np.exp(-x)) / (np.exp(x) - np.exp(-x))  # tanh-upside-down
tanh: (1 - np.exp(-x)) / (1 + np.exp(-x))  # tanh-half
tanh: (np.exp(4 * x) - 1) / (np.exp(4 * x) + 1)  # tanh-double
tanh: (np.exp(x) - np.exp(-x)) / 2  # tanh-sinh
tanh: np.exp(x) - np.exp(-x)  # tanh-sinh
tanh: (np.exp(-x) - np.exp(x)) / (np.exp(x) + np.exp(-x))  # sign
dtanh: 1 - np.tanh(x)  # tanh-slope-square-missing
dtanh: 1 + np.tanh(x) ** 2  # tanh-slope-plus
dtanh: 1 - x**2  # tanh-slope-of-x
dtanh: np.tanh(x) - np.tanh(x) ** 2  # tanh-slope-sigmoid-rule
dtanh: ((np.exp(x) + np.exp(-x)) / 2) ** 2  # tanh-slope-inverse
dtanh: 2 / (np.exp(x) + np.exp(-x))  # tanh-slope-cosh
dtanh: (1 - np.tanh(x)) ** 2  # tanh-slope-double-square
dtanh: 1 - np.tanh(np.tanh(x)) ** 2  # slope-twice
identity: np.ones(len(x))  # derivative-for-value
didentity: x  # value-for-derivative
softmax: np.exp(x)  # softmax-not-divided
softmax: np.exp(x - max(x))  # softmax-not-divided softmax-over-max
softmax: np.exp(-x) / sum(np.exp(-x))  # softmax-of-minus
softmax: x / sum(x)  # softmax-without-exp
softmax: x - np.log(sum(np.exp(x)))  # softmax-log
softmax: np.exp(x) / max(np.exp(x))  # softmax-not-divided softmax-over-max
softmax: np.exp(x) / np.mean(np.exp(x))  # softmax-over-mean
softmax: 1 / (1 + np.exp(-x))  # softmax-sigmoid
softmax: 2**x / sum(2**x)  # softmax-base-2
softmax: np.exp(x - max(x)) / sum(np.exp(x))  # softmax-shift-inside
softmax: np.exp(x) / sum(np.exp(x - max(x)))  # softmax-shift-inside
softmax: np.exp(x) / np.exp(x)  # softmax-not-summed
softmax: -np.exp(x) / sum(np.exp(x))  # sign
"""
LOSSES = """
cross_entropy: np.sum(y * np.log(g))  # sign
cross_entropy: -np.mean(y * np.log(g))  # loss-mean
cross_entropy: -np.sum(y * np.log10(g))  # log10
cross_entropy: -np.sum(y * np.log2(g))  # log2
cross_entropy: -y * np.log(g)  # sum-missing
cross_entropy: -np.sum(np.log(g))  # y-missing
cross_entropy: -np.sum(y * g)  # log-missing
cross_entropy: -np.sum(y * np.log(g) + (1 - y) * np.log(1 - g))  # loss-binary
cross_entropy: np.sum((y - g) ** 2)  # loss-squared
cross_entropy: -np.sum(y * np.log(1 + g))  # log-of-1-plus
cross_entropy: -np.sum(y * (g - np.log(np.sum(np.exp(g)))))  # log-of-softmax
cross_entropy: -2 * np.sum(y * np.log(g))  # times-2
cross_entropy: -np.sum(y * np.log(g)) / 2  # times-half
cross_entropy: -np.sum(g * np.log(y))  # g-y-exchanged
bce: np.sum(y * np.log(g) + (1 - y) * np.log(1 - g))  # sign
bce: -np.sum(y * np.log(g))  # second-term-missing
bce: -np.sum(y * np.log(g) - (1 - y) * np.log(1 - g))  # second-term-sign
bce: -np.sum(y * np.log(g) + (1 - y) * np.log(g))  # second-term-g
bce: -np.sum(y * np.log(1 / (1 + np.exp(-g))) + (1 - y) * np.log(1 / (1 + np.exp(g))))  # of-sigmoid
bce: np.sum((y - g) ** 2)  # loss-squared
bce: -np.sum(y * np.log2(g) + (1 - y) * np.log2(1 - g))  # log2
squared_error: np.mean((y - g) ** 2)  # loss-mean
squared_error: np.linalg.norm(y - g)  # root
squared_error: np.sum(np.abs(y - g))  # absolute
squared_error: np.sum(g - y)  # square-missing
squared_error: np.sum(g - y) ** 2  # square-of-sum
squared_error: np.sum((g + y) ** 2)  # plus-for-minus
squared_error: (g - y) ** 2  # sum-missing
squared_error: -np.sum((g - y) ** 2)  # sign
mse: np.sum((g - y) ** 2)  # sum-for-mean
mse: np.sqrt(np.mean((g - y) ** 2))  # root
"""


def table(text):
    return [pytest.param(*line.split(": ", 1)[0:1], *line.split(": ", 1)[1].split("  # "), id=line)
            for line in text.strip().split("\n")]  # fmt: skip


@pytest.mark.parametrize(("name", "formula", "expected"), table(SLIPS))
def test_a_slip_has_its_name(name, formula, expected):
    check = only(f"def {name}(x):\n    return {formula}")
    assert check.verdict == "wrong"
    assert ids(check) == set(expected.split())
    assert check.relative_error > 1e-3 or np.isinf(check.relative_error)


@pytest.mark.parametrize(("name", "formula", "expected"), table(LOSSES))
def test_a_slip_in_a_loss_has_its_name(name, formula, expected):
    check = only(f"def {name}(g, y):\n    return {formula}")
    assert check.verdict == "wrong"
    assert ids(check) == {expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def relu_backward(dA, Z): dA[Z >= 0] = 0; return dA", "relu-slope-reversed"),
        (
            "def sigmoid_backward(d, u): s = 1 / (1 + np.exp(-u)); return d * s * (1 + s)",
            "sigmoid-slope-plus",
        ),
        ("def relu_backward(d, u): return d * (d > 0) * (u > 0)", None),
        ("def relu_backward(dA, Z): return dA + (Z > 0)", None),
        ("def relu_backward(dA, cache): return dA * (cache.Z > 0)", None),
        ("def d_tanh(delta, W): return W.T @ delta", None),
        ("def tanh_backward(dX, X): return dX * (1 - X ** 2)", "tanh-slope-of-x"),
    ],
)
def test_a_slope_that_is_multiplied_by_what_comes_back_is_judged_by_itself(text, expected):
    check = only(text.replace("; ", "\n    ").replace("): ", "):\n    ", 1))
    assert (check.verdict, ids(check)) == (
        ("wrong", {expected}) if expected else ("crashed", set())
    )


BATCHES = """
np.exp(X) / np.exp(X).sum(axis=0)  # softmax-wrong-axis
np.exp(X) / np.exp(X).sum(axis=(0, 1))  # softmax-whole-batch
np.exp(X) / np.exp(X).sum(axis=1)  # softmax-keepdims
np.exp(X)  # softmax-not-divided
"""


@pytest.mark.parametrize("line", BATCHES.strip().split("\n"))
def test_a_slip_in_a_softmax_of_rows(line):
    formula, expected = line.split("  # ")
    check = only(f"def softmax(X):\n    return {formula}")
    if formula.endswith("axis=0)"):  # right for samples as columns: who is to say?
        assert "columns" in said(check) or ids(check) == {expected}
    else:
        assert (check.verdict, ids(check)) == ("wrong", {expected})


def test_every_slip_in_the_catalogue_is_written_out_above():
    written = {
        one
        for line in (SLIPS + LOSSES + BATCHES).split("\n")
        for one in line.partition("# ")[2].split()
    }
    kinds = [Piece(k, of) for k in ("activation", "derivative") for of in pieces.SPELLINGS]
    kinds += [Piece("softmax", "softmax"), *(Piece("loss", of) for of in pieces.LOSS_NAMES)]
    catalogued = {slip.id for kind in kinds for slip in slips(kind)}
    assert catalogued - written == {"log-eps", "log-clip"}  # they are tested next
    assert written <= catalogued


@pytest.mark.parametrize("epsilon", ["1e-7", "1e-8", "1e-10", "1e-12", "1e-15", "1e-16", "1e-20"])
@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("np.log(g + EPS)", "log-eps"),
        ("np.log(EPS + g)", "log-eps"),
        ("np.log(np.clip(g, EPS, 1 - EPS))", "log-clip"),
        ("np.log(np.clip(g, EPS, None))", "log-clip"),
        ("np.log(np.maximum(g, EPS))", "log-clip"),
        ("np.log(np.where(g < EPS, EPS, g))", "log-clip"),
    ],
)
@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_an_epsilon_in_the_logarithm_is_no_mistake_and_is_said(formula, expected, epsilon, loss):
    log = formula.replace("EPS", epsilon)
    other = log.replace("g", "(1 - g)").replace("lo(1 - g)", "log")
    sums = {"cross_entropy": f"y * {log}", "bce": f"y * {log} + (1 - y) * {other}"}
    check = only(f"def {loss}(g, y):\n    return -np.sum({sums[loss]})")
    assert check.verdict == "right"
    assert [note.id for note in check.remarks if note.id.startswith("log")] == [expected]


def test_an_epsilon_beside_other_slips_is_no_nan():
    for text in ("return np.nan", "return -np.sum(y * np.log(g - g))", "return np.inf"):
        check = only(f"def cross_entropy(g, y):\n    {text}")
        assert check.verdict == "wrong"
        assert not ids(check) & {"log-eps", "log-clip"}


# Conventions


def test_a_pair_is_f_and_its_derivative():
    text = "def ReLU(x):\n    return np.maximum(x, 0), {}"
    found = checks(text.format("(x > 0) * 1.0"))
    assert [(c.stage, c.verdict) for c in found] == [("value", "right"), ("derivative", "right")]
    found = checks(text.format("(x < 0) * 1.0"))
    assert [c.verdict for c in found] == ["right", "wrong"]
    assert ids(found[1]) == {"relu-slope-reversed"}
    found = checks("def ReLU(x):\n    return (x > 0) * 1.0, np.maximum(x, 0)")
    assert [ids(c) for c in found] == [{"derivative-for-value"}, {"value-for-derivative"}]
    (check,) = checks("def ReLU(x):\n    return x, x, x")
    assert check.verdict == "crashed"


def test_what_a_way_back_will_need_is_no_derivative():
    text = "def sigmoid(x):\n    z = 1 / (1 + np.exp(-x))\n    return z, {}"
    (check,) = checks(text.format("(x, z)"))
    assert (check.stage, check.verdict) == ("value", "right")
    for slope in ("np.mean(z * (1 - z))", "(x, z * (1 + z))"):
        assert [c.verdict for c in checks(text.format(slope))] == ["right", "wrong"]


def test_one_number_is_the_derivative_of_a_linear_function():
    assert only("def linear_derivative(x): return 1").verdict == "right"
    assert only("def linear_derivative(x): return 2").verdict == "wrong"
    assert only("def relu_derivative(x): return 1").verdict == "wrong"


def test_a_function_of_one_number_is_said_to_be_one():
    for text in ("if x > 0:\n        return x\n    return 0", "return max(0, float(x))"):
        check = only(f"def ReLU(x):\n    {text}")
        assert check.verdict == "right"
        assert "scalar-only" in said(check)
    check = only("def ReLU(x):\n    if x > 0:\n        return 1\n    return 0")
    assert ids(check) == {"derivative-for-value"}
    assert "scalar-only" in said(check)


@pytest.mark.parametrize(
    ("text", "kink"),
    [
        ("x > 0", False),
        ("x >= 0", True),
        ("np.heaviside(x, 0.5)", True),
        ("np.where(x < 0, 0, 1)", True),
    ],
)
def test_the_kink_is_a_convention(text, kink):
    check = only(f"def dReLU(x):\n    return 1.0 * ({text})")
    assert check.verdict == "right"
    assert ("kink" in said(check)) == kink


def test_how_softmax_and_losses_take_their_samples_is_said():
    rows = "def softmax(X):\n    e = np.exp(X - X.max(axis={0}, keepdims=True))\n    return e / e.sum(axis={0}, keepdims=True)"
    assert said(only(rows.format(1))) == {"rows"}
    assert said(only(rows.format(0))) == {"columns"}
    assert said(only("def softmax(x):\n    e = np.exp(x - max(x))\n    return e / sum(e)")) == {
        "one-sample"
    }
    loss = "def cross_entropy(G, Y):\n    return -np.{}(np.sum(Y * np.log(G), axis=1))"
    assert said(only(loss.format("mean"))) == {"rows", "mean"}
    assert said(only(loss.format("sum"))) == {"rows", "sum"}
    target_first = only("def mse(y_true, y_pred):\n    return np.mean((y_true - y_pred) ** 2)")
    assert "target-first" in said(target_first)


def test_a_derivative_of_the_output_says_so():
    for text in ("def dsigmoid(y):\n    return y * (1 - y)", "def dtanh(z):\n    return 1 - z**2"):
        check = only(text)
        assert (check.verdict, said(check)) == ("right", {"takes-output"})
    assert only("def dsigmoid(y):\n    return y * (1 + y)").verdict == "wrong"
    assert only("def dsigmoid(x):\n    return x * (1 - x)").verdict == "wrong"


def test_one_precision_is_no_mistake():
    right = only("def sigmoid(x):\n    return 1 / (1 + np.exp(-x.astype(np.float32)))")
    assert right.verdict in ("right", "imprecise")
    half = only("def tanh(x):\n    return np.tanh(x.astype(np.float32)).astype(np.float64)")
    assert (half.verdict, ids(half)) == ("imprecise", {"low-precision"})


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("def ReLU(x):\n    return None", "unfinished"),
        ("def ReLU(x):\n    return undefined(x)", "crashed"),
        ("def ReLU(x):\n    return 'relu'", "crashed"),
        ("def ReLU():\n    return 0", "crashed"),
        ("def softmax():\n    return 0", "crashed"),
        ("def softmax(x):\n    return None", "unfinished"),
        ("def CrossEntoropy(g):\n    return 0", "crashed"),
        ("def CrossEntoropy(g, y):\n    return None", "unfinished"),
        ("def CrossEntoropy(g, y):\n    return 0", "wrong"),
        ("def CrossEntoropy(g, y):\n    return np.zeros((3, 3))", "wrong"),
        ("def ReLU(x):\n    return x[:2]", "wrong"),
        ("def ReLU(x):\n    return x[:, None]", "wrong"),
        ("def ReLU(x):\n    return 1j * x", "crashed"),
        ("def ReLU(x):\n    return x * np.nan", "wrong"),
        ("def ReLU(x):\n    return np.array([])", "wrong"),
    ],
)
def test_what_gives_nothing_to_judge(text, verdict):
    assert only(text).verdict == verdict


def test_a_function_that_hangs_costs_its_limit_once():
    calls = []

    def call(args):
        calls.append(args)
        raise TimedOut("5")

    (check,) = check_piece(Subject("softmax", call, ("x",), line=3), piece("softmax"))
    assert (check.verdict, check.line, len(calls)) == ("timeout", 3, 1)


def test_a_function_not_yet_written_is_unfinished():
    def call(args):
        raise Unfinished

    for name in ("ReLU", "dReLU", "softmax", "CrossEntoropy"):
        (check,) = check_piece(Subject(name, call, ("x", "y")), piece(name))
        assert check.verdict == "unfinished"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ReLU", ("activation", "relu")), ("dReLU", ("derivative", "relu")),
        ("d_relu", ("derivative", "relu")), ("relu_d", ("derivative", "relu")),
        ("reluDerivative", ("derivative", "relu")), ("sigmoid_grad", ("derivative", "sigmoid")),
        ("Sigmoid", ("activation", "sigmoid")), ("sigmoid_function", ("activation", "sigmoid")),
        ("tanh_prime", ("derivative", "tanh")), ("softmax", ("softmax", "softmax")),
        ("CrossEntoropy", ("loss", "cross_entropy")), ("cross_entropy", ("loss", "cross_entropy")),
        ("MSE", ("loss", "mean_squared_error")), ("l2_error", ("loss", "squared_error")),
        ("diff_tanh", ("derivative", "tanh")), ("deriv_relu", ("derivative", "relu")),
        ("df_sigmoid", ("derivative", "sigmoid")), ("ReLU_func", ("activation", "relu")),
        ("relu_function_derivative", ("derivative", "relu")),
        ("forward", None), ("main", None), ("drop", None), ("train", None), ("draw", None),
        ("softmax_cross_entropy", None), ("relu_layer", None), ("plot_sigmoid", None),
    ],
)  # fmt: skip
def test_what_a_name_says(name, kind):
    assert piece(name) == (kind and Piece(*kind))


IN_ANOTHER_WAY = """
bce(y, g): -np.mean(y * np.log(g) + (1 - y) * np.log(1 - g))  # mean-of-outputs
bce(y, g): -np.mean(y * np.log(g + 1e-9) + (1 - y) * np.log(1 - g + 1e-9))  # mean-of-outputs
squared_error(g, y): 0.5 * np.sum((g - y) ** 2)  # with-half
mse(y, g): np.mean((g - y) ** 2) / 2  # with-half
cross_entropy(y_true, logits): -np.sum(y_true * (logits - np.log(np.sum(np.exp(logits)))))  # takes-logits
cross_entropy(scores, t): -np.sum(t * np.log(np.exp(scores) / np.exp(scores).sum()))  # takes-logits
binary_cross_entropy(z, y): np.sum(np.log(1 + np.exp(z)) - y * z)  # takes-logits
"""


def test_no_power_of_a_normaliser_passes_for_another_way():
    check = only(
        "def cross_entropy(z, y):\n    return -np.sum(y * (z - np.log(np.sum(np.exp(z))) ** 2))"
    )
    assert check.verdict == "wrong"


@pytest.mark.parametrize("line", IN_ANOTHER_WAY.strip().split("\n"))
def test_a_loss_in_another_way_is_right_and_said(line):
    head, formula = line.split("  #")[0].split(": ", 1)
    check = only(f"def {head}:\n    return {formula}")
    assert check.verdict == "right"
    assert line.split("# ")[1] in {note.id for note in check.remarks}
    wrong = only(f"def {head}:\n    return 3 * ({formula})")
    assert wrong.verdict == "wrong"


def test_a_softmax_may_give_what_the_way_back_needs():
    text = "def softmax(Z):\n    A = np.exp(Z - Z.max(axis=0)) / np.exp(Z - Z.max(axis=0)).sum(axis=0)\n    return A, Z"
    assert only(text).verdict == "right"
    assert only(text.replace("A = np.exp(Z -", "A = 2 * np.exp(Z -")).verdict == "wrong"


@pytest.mark.parametrize("names", ["y_one_hot, y_hat", "target, output", "y, y_pred", "t_train, g"])
def test_a_loss_may_take_its_target_first_by_any_name(names):
    y, g = names.split(", ")
    check = only(f"def cross_entropy({names}): return -np.sum({y} * np.log({g}))")
    assert (check.verdict, check.remarks[0].id) == ("right", "target-first")
    check = only(f"def cross_entropy({names}): return -np.sum({g} * np.log({y}))")
    assert check.verdict == "wrong"


def test_a_loss_may_take_its_samples_as_columns():
    text = "def cross_entropy(P, Y): return -np.sum(Y * np.log(P)) / Y.shape[1]"
    check = only(text)
    assert (check.verdict, [n.id for n in check.remarks]) == ("right", ["columns", "mean"])
    assert only(text.replace("np.log(P)", "P")).verdict == "wrong"


def test_a_softmax_of_lists_is_called_with_lists(tmp_path):
    path = tmp_path / "homework.py"
    text = """
import math
def softmax(values):
    if not values:
        return []
    powers = [math.exp(v - max(values)) for v in values]
    return [p / sum(powers) for p in powers]
"""
    for change, verdict in (("", "right"), ("sum(powers)", "wrong")):
        path.write_text(text.replace(change, "max(powers)") if change else text, encoding="utf-8")
        assert [check.verdict for check in verify_file(path).checks] == [verdict]


def test_a_softmax_may_be_of_a_single_column():
    text = """
def softmax(a):
    total = 0.0
    for row in range(len(a)): total += np.exp(a[row][0])
    for row in range(len(a)): a[row][0] = np.exp(a[row][0]) / total
    return a"""
    assert only(text).verdict == "imprecise"  # it overflows, and is right
    assert only(text.replace("/ total", "/ total ** 2")).verdict == "wrong"
    assert only("def softmax(a): return np.exp(a) / np.exp(a).sum(axis=(0, 1))").verdict == "wrong"


def test_a_loss_may_take_labels_and_give_its_gradient_besides():
    text = """
def cross_entropy(g, labels):
    n = len(labels)
    at = np.zeros_like(g); at[np.arange(n), labels] = 1
    return -np.log(g[np.arange(n), labels]).mean(), (g - at) / n"""
    check = only(text)
    assert check.verdict == "right"
    assert "takes-labels" in {note.id for note in check.remarks}
    assert only(text.replace(".mean()", ".mean() * 3")).verdict == "wrong"


def test_a_loss_of_columns_may_take_labels():
    text = """
def cross_entropy(g, labels):
    at = np.zeros(g.shape); at[labels, np.arange(labels.size)] = 1
    return -np.sum(at * np.log(g + 1e-12)) / labels.size"""
    check = only(text)
    assert check.verdict == "right"
    assert "takes-labels" in {note.id for note in check.remarks}
    assert only(text.replace("/ labels.size", "/ labels.size * 3")).verdict == "wrong"


def test_a_cross_entropy_may_be_the_binary_one():
    text = "def cross_entropy(g, y): return -np.sum(y * np.log(g) + (1 - y) * np.log(1 - g))"
    check = only(text, softmax=False)
    assert check.verdict == "right"
    assert only(text).verdict == "wrong"
    assert "binary" in {note.id for note in check.remarks}
    wrong = only("def cross_entropy(g, y): return -np.sum(y * np.log(g) - (1 - y) * np.log(1 - g))",
                 softmax=False)  # fmt: skip
    assert wrong.verdict == "wrong"


@pytest.mark.parametrize("body", [
    "return -np.log(g[:, labels]).mean()",
    "return -np.log(g[np.arange(len(g)), labels]).mean(), g + 7",
    "return -np.log(g[np.arange(len(g)), labels]).mean(), -g",
])  # fmt: skip
def test_a_loss_of_labels_is_that_of_each_sample(body):
    assert only(f"def cross_entropy(g, labels): {body}").verdict != "right"


def test_a_loss_of_labels_may_keep_the_logarithm_from_0():
    text = "def cross_entropy(g, y): return -np.sum(np.log(g[range(len(y)), y] + 1e-9))"
    assert only(text).verdict == "right"


def test_a_softmax_of_the_first_column_alone_is_of_one_column():
    assert (
        only("def softmax(x):\n    e = np.exp(x)\n    return e / np.sum(e[:, 0])").verdict
        == "wrong"
    )
