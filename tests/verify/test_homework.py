"""Files as students hand them in, each with what a fair teacher says of it; and bad company."""

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from jaxmlp.verify import kinds
from jaxmlp.verify.finding import VERDICTS
from jaxmlp.verify.homework import NOTHING, Options, settings, verify_file
from jaxmlp.verify.source import Source

FOLDER = Path(__file__).parent / "homework"
STEPS = FOLDER / "steps"  # what comes after the beginning that these files have in common

# Files that are newer_done.py but for a few lines: what stands there, and what stands here.
BACK = "        delta_1 = backward(V[:, 1:], delta_2, u_deriv)\n"
V_STEP = "        V = V - eta_t * np.outer(delta_2, z)\n"
W_STEP = "        W = W - eta_t * np.outer(delta_1, xi)\n"
FORWARD = "        z, u_deriv = forward(xi, W, ReLU, dReLU)\n        g = softmax(np.dot(V, z))\n\n"
EDITED = {
    "half_a_line.py": {BACK: "        delta_1 = backward(V[:, 1:],\n"},
    "only_v.py": {BACK: "", W_STEP: ""},
    "v_first.py": {BACK + "\n" + V_STEP: V_STEP + BACK},
    "loop_missing.py": {
        FORWARD + "        # 誤差\n        e[i] = CrossEntoropy(g, yi)\n\n": "\n",
        "        delta_2 = g - yi\n" + BACK: "",
        V_STEP + W_STEP: "",
    },
    "slope_inside.py": {
        "(x > 0).astype(int)": "np.where(x < 0, 0, 1)",
        "np.dot(V_tilde.T, delta) * derivative": "np.dot(V_tilde.T, delta * derivative)",
    },
}


# Others that differ from a file in so little.
ALIKE = {
    "bias_over_wrong_axis.py": ("gradients_and_cost.py", {
        "def propagate": "def backprop", "dZ2, axis=1": "dZ2, axis=0", "grads, cost": "grads"}),
    "sample_as_column_half.py": ("sample_as_column.py", {"2*(a2 - y)": "(a2 - y)"}),
    "slope_of_output_wrong.py": ("slope_of_output.py", {"derivative(h)": "derivative(W @ x)"}),
}  # fmt: skip


def homework(name: str, folder: Path) -> Path:
    """A file of the corpus; one that is made of another is written to the folder."""
    if (FOLDER / name).exists():
        return FOLDER / name
    if (STEPS / name).exists():
        parts = [STEPS / "beginning.txt", STEPS / name]
        text = "".join(part.read_text(encoding="utf-8") for part in parts)
    else:
        base, edits = ALIKE.get(name) or ("newer_done.py", EDITED[name])
        text = (FOLDER / base).read_text(encoding="utf-8")
        for old, new in edits.items():
            assert text.count(old) == 1
            text = text.replace(old, new)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# A file and what is remarked on it as a whole ("!" where nothing can be checked), then its checks:
# those that are right, and the others one by one with the diagnosis that there has to be.
EXPECTED = """
accumulated.py
  right ReLU.value dReLU.derivative softmax.value forward.z forward.slope backward.delta1 loop.dV
  right loop.dW
all_columns.py
  right ReLU.value dReLU.derivative softmax.value forward.z forward.slope backward.delta1
  right loop.delta2 loop.dV loop.delta1 loop.dW
bad_manners.py not-looked-at not-judged
  right ReLU.value
  timeout dReLU.derivative
  crashed softmax.value
  crashed CrossEntoropy.loss
  crashed sigmoid.value
  crashed d_sigmoid.derivative
  crashed tanh.value
  crashed identity.value
batch_number.py
  right ReLU.value dReLU.derivative softmax.value forward.z forward.slope backward.delta1
  right loop.delta2 loop.dV loop.delta1 loop.dW
bias_over_wrong_axis.py
  right sigmoid.value backprop.delta2 backprop.dV backprop.delta1 backprop.dW
  wrong backprop.∂E/∂b2 bias-over-units
c_outside.py
  right ReLU.value dReLU.derivative softmax.value loop.delta2 loop.dV loop.delta1 loop.dW
class_net.py
  right sigmoid.value sigmoid_grad.derivative softmax.value loop.delta2 loop.dV loop.delta1 loop.dW
  right mean_squared_error.loss
colab.ipynb
  right ReLU.value dReLU.derivative backward.delta1 CrossEntoropy.loss
  unfinished softmax.value
column_vectors.py
  right ReLU.value dReLU.derivative softmax.value forward.z forward.slope backward.delta1
  right loop.delta2 loop.dV loop.delta1 loop.dW
columns.py
  right sigmoid.value backward_propagation.delta2 backward_propagation.dV
  right backward_propagation.delta1 backward_propagation.dW
constants_only.py !
four_layers.py
  right relu.value softmax.value loop.∂E/∂W1 loop.∂E/∂W2 loop.∂E/∂W3
global_step.py
  right ReLU.value dReLU.derivative softmax.value forward.z forward.slope backward.delta1
  right loop.delta2 loop.dV loop.delta1 loop.dW
gradients_and_cost.py
  right sigmoid.value propagate.delta2 propagate.dV propagate.delta1 propagate.dW
gradients_by_parameter.py
  right sigmoid.value softmax.value gradient.delta2 gradient.dV gradient.delta1 gradient.dW
globals_used.py not-looked-at not-judged
  right softmax.value
half_a_line.py
  right ReLU.value dReLU.derivative softmax.value CrossEntoropy.loss forward.z forward.slope
  right backward.delta1
  unfinished loop.update
jax_own.py
  right relu.value drelu.derivative softmax.value update.delta2 update.dV update.delta1 update.dW
keras_only.py !
keras_used.py
  right softmax.value
  crashed ReLU.value
  crashed sigmoid.value
loop_missing.py
  right ReLU.value dReLU.derivative softmax.value CrossEntoropy.loss forward.z forward.slope
  right backward.delta1
  unfinished loop.update
main_function.py
  right relu.value relu_prime.derivative softmax.value loop.delta2 loop.dV loop.delta1 loop.dW
minibatch.py
  right relu.value softmax.value loop.delta2 loop.dV loop.delta1 loop.dW
  right cross_entropy_error.loss
minibatch_permutation.py
  right softmax.value loop.delta2 loop.dV loop.delta1 loop.dW
mistakes_functions.py
  right ReLU.value dReLU.derivative forward.slope
  imprecise sigmoid.value overflow
  wrong d_sigmoid.derivative sigmoid-slope-of-x
  imprecise tanh.value overflow
  wrong d_tanh.derivative tanh-slope-square-missing
  wrong softmax.value softmax-not-divided
  right CrossEntoropy.loss
  wrong forward.z z-without-1
  wrong backward.delta1 V-not-transposed
nested.py
  right ReLU.value dReLU.derivative softmax.value forward.z forward.slope backward.delta1
  right tanh.value
newer_blank.py
  unfinished ReLU.value
  unfinished dReLU.derivative
  unfinished softmax.value
  unfinished CrossEntoropy.loss
  unfinished forward.z
  unfinished backward.delta1
  unfinished loop.update
newer_done.py
  right ReLU.value dReLU.derivative softmax.value CrossEntoropy.loss forward.z forward.slope
  right backward.delta1 loop.delta2 loop.dV loop.delta1 loop.dW
odd_results.py not-looked-at
  crashed ReLU.value
  crashed sigmoid.value
  crashed tanh.value
  crashed d_tanh.derivative
  crashed identity.value
  crashed forward.z
  crashed d_identity.derivative
  crashed binary_cross_entropy.loss
  wrong dReLU.derivative
  wrong CrossEntoropy.loss
  wrong backward.delta1
  wrong d_sigmoid.derivative
  wrong mse.loss
  unfinished softmax.value
  unfinished predict.z
odd_signatures.py not-looked-at not-judged not-judged
  right sigmoid.value
  crashed softmax.value
  wrong dReLU.derivative of-another
  wrong mse.loss
older_blank.py
  unfinished ReLU.value
  unfinished softmax.value
  unfinished CrossEntoropy.loss
  unfinished forward.z
  unfinished backward.delta1
  unfinished loop.update
older_done.py
  right ReLU.value ReLU.derivative softmax.value CrossEntoropy.loss forward.z forward.slope
  right backward.delta1 loop.delta2 loop.dV loop.delta1 loop.dW
older_sizes_written_in.py
  right ReLU.value ReLU.derivative sigmoid.value sigmoid.derivative tanh.value CrossEntoropy.loss forward.z forward.slope
  wrong tanh.derivative tanh-slope-square-missing
  imprecise softmax.value softmax-not-shifted
  right backward.delta1 loop.delta2 loop.dV loop.delta1 loop.dW
only_v.py
  right ReLU.value dReLU.derivative softmax.value CrossEntoropy.loss forward.z forward.slope
  right backward.delta1 loop.delta2 loop.dV
  unfinished loop.dW
other_settings.py
  right relu.value
overflow.py
  right relu.value relu_grad.derivative sigmoid.value
  imprecise softmax.value softmax-not-shifted
  right cross_entropy.loss
partly_done.py
  right ReLU.value dReLU.derivative forward.z
  unfinished softmax.value
  unfinished forward.slope
  unfinished backward.delta1
params_in_a_dict.py
  right sigmoid.value loop.delta2 loop.dV loop.dW
  wrong loop.delta1 slope-rule-at-u
perceptron.py
  right sigmoid.value loop.∂E/∂w
plots.py
  right d_tanh.derivative ReLU.value
regression_loop.py
  right loop.delta2 loop.dV loop.delta1 loop.dW
sample_as_column.py
  right sigmoid.value sigmoid_prime.derivative backprop.delta2 backprop.dV backprop.delta1
  right backprop.dW
sample_as_column_half.py
  right sigmoid.value sigmoid_prime.derivative backprop.delta2 backprop.dV backprop.delta1
  right backprop.dW
scaled_by_library.py
  right softmax.value loop.delta2 loop.dV loop.delta1 loop.dW
slope_inside.py not-looked-at not-judged
  right ReLU.value dReLU.derivative softmax.value CrossEntoropy.loss forward.z forward.slope
  wrong backward.delta1 slope-inside
slope_of_output.py
  right sigmoid.value sigmoid_derivative.derivative dtanh.derivative softmax.value
  right loop.delta2 loop.dV loop.delta1 loop.dW
slope_of_output_wrong.py
  right sigmoid.value dtanh.derivative softmax.value loop.delta2 loop.dV loop.dW
  wrong sigmoid_derivative.derivative sigmoid-slope-of-x
  wrong loop.delta1 slope-rule-at-u
spellings.py
  right relu.value drelu.derivative sigmoid.value sigmoid_derivative.derivative softmax.value
  right mse.loss
  imprecise Tanh.value overflow
  right cross_entropy.loss
step_in_place.py
  right ReLU.value dReLU.derivative softmax.value forward.z forward.slope backward.delta1
  right loop.delta2 loop.dV loop.delta1 loop.dW
sum_of_batch.py
  right sigmoid.value softmax.value update.delta2 update.dV update.delta1 update.dW sgd_step.delta2
  right sgd_step.dV sgd_step.delta1 sgd_step.dW
syntax_errors.py
  right sigmoid.value
  unfinished ReLU.value
  crashed dReLU.derivative
  crashed softmax.value
  crashed CrossEntoropy.loss
  crashed tanh.value
  unfinished forward.z
  crashed backward.delta1
tanh_regression.py
  right tanh.value tanh_dash.derivative identity.value squared_error.loss backprop.delta2
  right backprop.dV backprop.delta1 backprop.dW backprop_dict.delta2 backprop_dict.dV
  right backprop_dict.delta1 backprop_dict.dW gradients.delta2 gradients.dV gradients.dW
  right gradient_all.delta2 gradient_all.dV gradient_all.delta1 gradient_all.dW
  wrong gradients.delta1 slope-at-z
train_while.py
  right softmax.value loop.delta2 loop.dV loop.delta1 loop.dW
two.py
  right sigmoid.value dsigmoid.derivative softmax.value CrossEntoropy.loss
trained_in_a_class.py not-looked-at
  right relu.value
two_synapses.py
  right loop.delta2 loop.dV loop.delta1 loop.dW
unit_loops.py not-looked-at not-judged
  right ReLU.value softmax.value
unknown_network.py !
update_called.py
  right relu.value softmax.value loop.delta2 loop.dV loop.delta1 loop.dW
v_first.py
  right ReLU.value dReLU.derivative softmax.value CrossEntoropy.loss forward.z forward.slope
  right backward.delta1 loop.delta2 loop.dV loop.dW
  wrong loop.delta1 updated-V
wrong_in_loop.py
  right ReLU.value ReLU.derivative softmax.value forward.z forward.slope backward.delta1 loop.dV
  right loop.dW
  wrong loop.delta2 g-y-exchanged
  wrong loop.delta1 V-last-dropped
xor_sigmoid.py
  right sigmoid.value sigmoid_prime.derivative binary_cross_entropy.loss
  right loop.delta2 loop.dV loop.delta1 loop.dW
zip_loop.py
  right relu.value relu_d.derivative softmax.value loop.delta2 loop.dV loop.delta1 loop.dW
"""


# What there is to say where the step is found in which the shapes do not fit, before time is over.
SOONER = {"slope_inside.py": ([], sorted([
    "crashed loop.update shapes", "right CrossEntoropy.loss", "right ReLU.value",
    "right dReLU.derivative", "right forward.slope", "right forward.z", "right softmax.value",
]))}  # fmt: skip


def expectations() -> dict[str, tuple[list[str], list[str]]]:
    found, now = {}, None
    for line in EXPECTED.strip().split("\n"):
        if not line.startswith(" "):
            name, *remarks = line.split()
            now = found[name] = (remarks, [])
        elif line.split()[0] == "right":
            now[1].extend(f"right {one}" for one in line.split()[1:])
        else:
            now[1].append(line.strip())
    return found


def told(check) -> str:
    """A check as a line of the table, without what is unrecognised."""
    explained = {}
    for note in check.diagnosis:
        explained.setdefault(note.explanation, []).append(note.id)
    ids = " / ".join(map("+".join, explained.values()))
    name = "loop" if check.name == "training loop" else check.name
    line = f"{check.verdict} {name}.{check.stage}"
    return line if ids in ("", "unrecognised") else f"{line} {ids}"


def test_the_table_has_every_file():
    files = [path.name for place in (FOLDER, STEPS) for path in place.iterdir()
             if path.suffix in (".py", ".ipynb") and path.name != "conftest.py"]  # fmt: skip
    assert sorted([*files, *EDITED, *ALIKE]) == sorted(expectations())


@pytest.mark.costly
@pytest.mark.parametrize("name", expectations())
def test_what_a_teacher_says(name, tmp_path):
    remarks, checks = expectations()[name]
    file = verify_file(homework(name, tmp_path))
    said = ["!"] * bool(file.problem) + [n.id for n in file.remarks if n.id != "network"]
    found = sorted(map(told, file.checks))
    assert (said, found) in [(remarks, sorted(checks)), SOONER.get(name)]
    lines = [check.line for check in file.checks]
    if name.endswith(".py"):
        assert lines == sorted(lines)
    else:
        assert set(lines) == {None}
    for check in file.checks:
        assert check.verdict in VERDICTS
        for note in (*check.diagnosis, *check.remarks):
            assert all(note.text)


def said_of(tmp_path, text, **options):
    path = tmp_path / "homework.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return verify_file(path, Options(**options))


# What is in the file is taken out, not run


def test_nothing_at_the_top_level_is_run(tmp_path):
    marks = [tmp_path / name for name in ("top", "main", "class", "default", "helper")]
    (tmp_path / "helper.py").write_text(f"open({str(marks[4])!r}, 'w')\n")
    file = said_of(
        tmp_path,
        f"""
        import numpy as np
        import helper
        open({str(marks[0])!r}, "w")
        class Net:
            open({str(marks[2])!r}, "w")
        def unused(x=open({str(marks[3])!r}, "w")):
            return x
        def ReLU(x):
            return np.maximum(x, 0)
        if __name__ == "__main__":
            open({str(marks[1])!r}, "w")
        while True:
            pass
        """,
        limit=1.0,
    )
    assert [c.verdict for c in file.checks] == ["right"]
    assert not any(mark.exists() for mark in marks)


def test_a_module_beside_the_file_is_imported_where_it_is_used(tmp_path):
    (tmp_path / "my_tools.py").write_text("import numpy as np\ndef top(x):\n    return np.max(x)\n")
    file = said_of(
        tmp_path,
        """
        import numpy as np
        from my_tools import top
        def softmax(x):
            e = np.exp(x - top(x))
            return e / e.sum()
        """,
    )
    assert [c.verdict for c in file.checks] == ["right"]


def test_a_name_given_to_something_else_after_its_definition_is_that(tmp_path):
    file = said_of(
        tmp_path,
        """
        import numpy as np
        def ReLU(x):
            return x if x > 0 else 0.0
        ReLU = np.vectorize(ReLU)
        """,
    )
    assert [(c.verdict, c.remarks) for c in file.checks] == [("right", ())]


def test_bad_company_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    mark = tmp_path / "still-there"
    file = said_of(
        tmp_path,
        f"""
        import os, subprocess, sys, time
        import numpy as np
        def ReLU(x):
            open("litter.txt", "w").write("x")
            os.mkdir("folder")
            os._exit(3)
        def dReLU(x):
            open("litter.txt", "w").write("x")
            subprocess.Popen(["sh", "-c", "sleep 3; touch {mark}"])
            time.sleep(60)
        def softmax(x):
            open("litter.txt", "w").write("x")
            return x
        """,
        limit=0.5,
    )
    assert [c.verdict for c in file.checks] in (
        ["crashed", "crashed", "wrong"],  # no process may be started
        ["crashed", "timeout", "wrong"],
    )
    assert list((tmp_path / "temporary").iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"temporary", "homework.py"}
    if sys.platform == "linux":
        deadline = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        assert "sleep 3; touch" not in deadline.stdout


def test_a_script_without_a_guard_can_check_a_file(tmp_path):
    script = tmp_path / "check_all.py"
    script.write_text(
        "from jaxmlp.verify.homework import verify_file\n"
        f"file = verify_file({str(FOLDER / 'perceptron.py')!r})\n"
        "print([c.verdict for c in file.checks])\n"
    )
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert ran.stdout == "['right', 'right']\n"
    assert ran.stderr == ""


# What cannot be checked


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.py", b""),
        ("comments.py", "# まだ\n".encode()),
        ("binary.py", bytes(range(256))),
        ("zeros.py", b"import numpy\0"),
        ("odd.py", b"\xff\xfeabc"),
        ("text.ipynb", b"{}"),
        ("list.ipynb", b"[1, 2]"),
        ("cells.ipynb", b'{"cells": [{"cell_type": "code", "source": 3}]}'),
        ("none.ipynb", b'{"cells": null}'),
        ("broken.ipynb", b'{"cells": ['),
        ("prose.py", b"Dear teacher, I could not do it."),
        ("deep.py", b"x = " + b"(" * 5000),
        ("codec.py", b"# coding: nonsense\n"),
    ],
)
def test_what_is_no_homework_has_a_problem_that_says_why(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    file = verify_file(path)
    assert file.checks == ()
    assert file.problem.en
    assert file.problem.ja
    assert "\n" not in file.problem.en


def test_a_directory_and_a_missing_file_have_a_problem(tmp_path):
    assert "irectory" in verify_file(tmp_path).problem.en or os.name == "nt"
    assert "No such file" in verify_file(tmp_path / "no.py").problem.en
    assert verify_file(FOLDER / "keras_only.py").problem == NOTHING


def test_an_unknown_name_is_said_with_those_that_there_are():
    problem = verify_file(FOLDER / "unknown_network.py").problem
    assert "leaky_relu" in problem.en
    assert "relu, sigmoid, tanh, identity" in problem.en
    assert "HIDDEN" in problem.ja


@pytest.mark.parametrize(
    ("said", "options", "names"),
    [
        ({}, {}, ("relu", "softmax", "cross_entropy")),
        ({"LOSS": "squared_error"}, {}, ("relu", "identity", "squared_error")),
        ({"OUTPUT": "sigmoid"}, {}, ("relu", "sigmoid", "binary_cross_entropy")),
        ({"OUTPUT": "tanh"}, {}, ("relu", "tanh", "squared_error")),
        ({"HIDDEN": "tanh", "REDUCTION": "sum"}, {}, ("tanh", "softmax", "cross_entropy")),
        ({"HIDDEN": "tanh"}, {"hidden": "sigmoid"}, ("sigmoid", "softmax", "cross_entropy")),
    ],
)
def test_the_network_is_as_the_options_say_or_the_file_or_the_lecture(said, options, names):
    network = settings(Source(settings=said), Options(**options))
    assert (network.hidden.name, network.output.name, network.loss.name) == names
    assert network.bias


def test_biases_are_there_unless_the_options_or_the_file_say_otherwise():
    without = Source(settings={"BIAS": False})
    assert not settings(without, Options()).bias
    assert settings(without, Options(bias=True)).bias
    assert not settings(Source(), Options(bias=False)).bias


@pytest.mark.parametrize("said", [{"REDUCTION": "max"}, {"OUTPUT": "softplus"}, {"LOSS": "l2"}])
def test_an_unknown_setting_is_refused(said):
    with pytest.raises(ValueError, match="unknown"):
        settings(Source(settings=said), Options())


def test_a_mistake_of_the_checker_itself_does_not_end_the_rest(tmp_path, monkeypatch):

    def broken(subject, kind):
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(kinds, "check_piece", broken)
    file = said_of(
        tmp_path,
        """
        import numpy as np
        def ReLU(x):
            return np.maximum(x, 0)
        def backward(V_tilde, delta, derivative):
            return V_tilde.T @ delta * derivative
        """,
    )
    assert [c.verdict for c in file.checks] == ["crashed", "right"]
    assert [n.id for n in file.checks[0].remarks] == ["not-judged"]


@pytest.mark.slow
def test_sizes_that_a_file_has_are_those_of_its_functions(tmp_path):
    file = said_of(
        tmp_path,
        """
        import numpy as np
        n, d = np.load("x.npy").shape
        q, m = 20, 4
        def backprop(W, V, x, y):
            z = np.ones(q + 1)
            z[1:] = np.maximum(W @ x, 0)
            e = np.exp(V @ z)
            delta2 = e / e.sum() - y
            dW, dV = np.zeros((q, d + 1)), np.zeros((m, q + 1))
            for k in range(m):
                dV[k] = delta2[k] * z
            for j in range(q):
                dW[j] = (W[j] @ x > 0) * (V[:, j + 1] @ delta2) * x
            return dW, dV
        """,
    )
    assert [(c.stage, c.verdict) for c in file.checks] == [("dV", "right"), ("dW", "right")]


@pytest.mark.slow
def test_what_looks_like_training_and_was_not_looked_at_is_said_with_the_reason(tmp_path):
    file = said_of(
        tmp_path,
        """
        import numpy as np
        def ReLU(x):
            delta = 1e-7
            return np.maximum(x, 0)
        def load(path, n):
            W1 = np.load(path)["W1"]
            return W1, n - 1
        def backprop(W, V, x, y):
            def delta1(V, delta2, slope):
                return V[:, 1:].T @ delta2 * slope
            u = W @ x
            z = np.append(1, ReLU(u))
            e = np.exp(V @ z)
            delta2 = e / e.sum() - y
            return np.outer(delta1(V, delta2, u > 0), x), np.outer(delta2, z)
        def gradient(params, x, y):
            return {"W1": x}
        def step(params, dW, lr):
            params["W1"] = params["W1"] - lr * dW
        class Net:
            def backward(self, dout):
                return dout @ self.W.T
        class Plot:
            def show(self, x):
                self.b = x
        for epoch in range(10):
            weights -= 0.1 * weights
        for i in range(9):
            w_output += rate * i
        """,
    )
    assert {c.verdict for c in file.checks} == {"right"}
    (note,) = [n for n in file.remarks if n.id == "not-looked-at"]
    assert note.text.en == (
        "not looked at: step (line 19; parameters in a dict or an object), "
        "class Net (line 21; parameters in a dict or an object), "
        "a loop (line 29; in a form that is not known)"
    )
    assert note.text.ja.count("行目、") == 3
    assert note.text.ja.startswith("調べていません: step (19 行目、パラメータが辞書や")


@pytest.mark.parametrize(
    "head",
    ["backward(params, x, t)", "backward(x, t, y)", "backward(cache, grads, dout)",
     "forward(params, x, f)", "forward(X, parameters)", "backprop(net, x, y)"],
)  # fmt: skip
def test_a_pass_through_a_whole_network_in_a_dict_is_not_taken_for_the_exercise(tmp_path, head):
    assert said_of(tmp_path, f"def {head}:\n    return 0\n").problem == NOTHING
