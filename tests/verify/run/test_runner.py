"""A person's code in a child process: what it breaks is its own."""

import ast
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from jaxmlp.verify.clock import Clock
from jaxmlp.verify.reading import deep_trees
from jaxmlp.verify.run import runner as module
from jaxmlp.verify.run.box import Held
from jaxmlp.verify.run.child import portable
from jaxmlp.verify.run.outcome import BudgetSpent, Crashed, Died, TimedOut, Unfinished
from jaxmlp.verify.run.pieces import Pieces
from jaxmlp.verify.run.runner import Runner


def pieces(text, path="homework.py") -> Pieces:
    body = ast.parse(text).body
    return Pieces(
        path,
        [s for s in body if isinstance(s, ast.Import | ast.ImportFrom)],
        [s for s in body if isinstance(s, ast.Assign | ast.ClassDef)],
        [s for s in body if isinstance(s, ast.FunctionDef)],
    )


GOOD = """
import os
import sys
import numpy as np
import nothing_of_this_name
from nothing_of_this_name import gone as here
k = 2.0
q = 200
def double(x):
    return k * x
def change(x):
    x[0] = 7
def missing(x):
    return nothing_of_this_name.relu(x)
def missing_too(x):
    return here(x)
def fails(x):
    raise ValueError("two\\nlines")
def todo(x):
    raise NotImplementedError
def flood(x):
    for i in range(20000):
        print("x" * 100)
        sys.stderr.write("y" * 100)
    os.system("echo z")
    return x
def leaves(x):
    sys.exit(2)
def asks(x):
    return input("?")
def where(x):
    return os.getcwd()
def defaults(x, f=double):
    return f(x)
@nothing_of_this_name.decorator
def decorated(x):
    return x + 1
def deep(x):
    return deep(x)
def greedy(x):
    return np.ones((400000, 400000)).sum()
"""


@pytest.fixture(scope="module")
def good():
    with Runner(pieces(GOOD), limit=5.0) as runner:
        yield runner


X = np.array([1.0, 2.0])


def test_results_and_arguments_come_back(good):
    result, (after,) = good.call("double", [X])
    np.testing.assert_array_equal(result, 2 * X)
    np.testing.assert_array_equal(after, X)
    result, (after,) = good.call("change", [X])
    assert result is None
    np.testing.assert_array_equal(after, [7, 2])
    assert X[0] == 1
    assert good.call("defaults", [X])[0].tolist() == [2, 4]
    assert good.call("decorated", [X])[0].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("missing_too", "ModuleNotFoundError"),
        ("fails", "ValueError: two lines (line 18)"),
        ("leaves", "SystemExit: 2"),
        ("asks", "EOFError"),
        ("deep", "RecursionError"),
        ("greedy", "Unable to allocate"),
        ("not_there", "NameError"),
    ],
)
def test_an_exception_is_told_and_the_child_lives_on(good, name, why):
    good.call("double", [X])
    process = good.process
    with pytest.raises(Crashed) as told:
        good.call(name, [X])
    assert why in str(told.value)
    assert "\n" not in str(told.value)
    assert good.call("double", [X])[0].tolist() == [2, 4]
    assert good.process is process


def test_not_implemented_is_unfinished(good):
    with pytest.raises(Unfinished):
        good.call("todo", [X])


def test_output_goes_nowhere(good, capfd):
    assert good.call("flood", [X])[0].tolist() == X.tolist()
    assert capfd.readouterr() == ("", "")


def test_it_works_in_a_folder_of_its_own_that_goes_away():
    with Runner(pieces(GOOD)) as runner:
        folder = Path(runner.call("where", [X])[0])
        assert folder.is_dir()
        assert folder.resolve().parent == Path(tempfile.gettempdir()).resolve()
        (folder / "left").write_text("behind")
    assert not folder.exists()
    assert runner.process is None


HOSTILE = """
import os, time
def hangs(x):
    while True:
        pass
def sleeps(x):
    time.sleep(60)
def ends(x):
    os._exit(0)
def kills(x):
    os.kill(os.getpid(), 9)
def fine(x):
    return x
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_hangs_is_ended_in_time_and_what_dies_is_told():
    with Runner(pieces(HOSTILE), limit=0.3) as runner:
        for name in ("hangs", "sleeps"):
            runner.call("fine", [X])
            pid, start = runner.process.pid, time.monotonic()
            with pytest.raises(TimedOut, match="0.3"):
                runner.call(name, [X])
            assert 0.3 <= time.monotonic() - start < 2
            assert not alive(pid)
        for name, code in (("ends", "0"), ("kills", "137|-9")):
            with pytest.raises(Died, match=f"exit code ({code})"):
                runner.call(name, [X])
        assert runner.call("fine", [X])[0].tolist() == X.tolist()


def test_an_import_that_hangs_or_ends_all_is_not_tried_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "START", 3.0)
    text = "import bad_neighbour\ndef f(x):\n    return bad_neighbour.f(x)\n"
    for body, error in (("while True: pass", TimedOut), ("import os; os._exit(1)", Died)):
        (tmp_path / "bad_neighbour.py").write_text(body)
        beside = [str(tmp_path.resolve() / "bad_neighbour.py")]
        path = str(tmp_path / "homework.py")
        with Runner(pieces(text, path=path), visible=beside) as runner:
            start = time.monotonic()
            for _ in range(5):
                with pytest.raises(error):
                    runner.call("f", [X])
            assert time.monotonic() - start < 12
            assert runner.process is None


def test_memory_has_a_limit():
    text = "import numpy as np\ndef f(x):\n    return np.zeros(5 << 30, np.int8)[:2]\n"
    if sys.platform != "linux":
        pytest.skip("the limit is Linux's")
    with (
        Runner(pieces(text), limit=20.0) as runner,
        pytest.raises(Crashed, match="Unable to allocate"),
    ):
        runner.call("f", [X])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), (3, 3), (True, True), ("a", "a"), (np.float32(2), np.float32(2)),
        ([1, 2.5], np.array([1, 2.5])), ((1, 2), (1, 2)), ({"a": [1]}, {"a": np.array([1])}),
        ([np.ones(2), np.ones(3)], (np.ones(2), np.ones(3))),
    ],
)  # fmt: skip
def test_plain_results_are_carried(value, expected):
    np.testing.assert_equal(portable(value), expected)


@pytest.mark.parametrize(
    "value", [object(), print, np.array(["a"]), iter([]), {1, 2}, np.array([None])]
)
def test_other_results_are_refused(value):
    with pytest.raises(TypeError, match="expected arrays"):
        portable(value)


def test_a_named_tuple_is_its_names():
    class Pair(tuple):
        def _asdict(self):
            return {"dW": 1, "dV": 2}

    assert portable(Pair()) == {"dW": 1, "dV": 2}


def test_jax_counts_in_float64_and_takes_numpy_arrays():
    text = (
        "import jax\nimport jax.numpy as jnp\n"
        "def f(x):\n    return x.at[0].set(1 / 3)\n"
        "@jax.jit\ndef g(x):\n    return jnp.sum(x)\n"
    )
    with Runner(pieces(text), limit=20.0) as runner:
        assert runner.call("f", [X])[0][0] == 1 / 3
        assert runner.call("g", [X])[0].dtype == np.float64


ODD = """
import os, struct
class Number(float):
    def __reduce__(self):
        return os.system, ("touch /tmp/litter.jaxmlp",)
def number(x):
    return Number(2.5)
def forged(x):
    text = b'["done", 7, [null]]'
    for fd in range(3, 20):
        try:
            os.write(fd, struct.pack(">II", len(text), 0) + text)
        except OSError:
            pass
    return x
def noise(x):
    for fd in range(3, 20):
        try:
            os.write(fd, b"\\xff" * 8)
        except OSError:
            pass
def large(x):
    return "x" * (17 << 20)
"""


def test_what_is_no_message_is_a_crash_and_an_object_is_what_it_holds():
    with Runner(pieces(ODD)) as runner:
        assert runner.call("number", [X])[0] == 2.5
        assert runner.call("forged", [X])[0] == 7  # it could as well have returned that
    with Runner(pieces(ODD)) as runner:
        with pytest.raises(Crashed, match="expected arrays"):
            runner.call("noise", [X])
        with pytest.raises(Crashed, match="at most 128 MB"):
            runner.call("large", [X])
    assert not os.path.exists("/tmp/litter.jaxmlp")


def test_all_calls_together_have_a_budget():
    found = []
    with Runner(pieces(HOSTILE), limit=0.3, clock=Clock(1.5)) as runner:
        for _ in range(9):
            with pytest.raises((TimedOut, BudgetSpent)) as late:
                runner.call("sleeps", [X])
            found.append(str(late.value))
    assert found == sorted(found, key=["0.3", "1.5"].index)
    assert {"0.3", "1.5"} == set(found)


def test_deep_expressions_and_what_python_refuses():
    text = f"def total(x):\n    return {' + '.join(['x'] * 950)}\n"
    text += "def outside(x):\n    return x\n"
    taken = pieces(text)
    taken.functions[1].body.append(ast.Break())
    ast.fix_missing_locations(taken.functions[1])
    with deep_trees(), Runner(taken) as runner:
        np.testing.assert_allclose(runner.call("total", [X])[0], 950 * X)
        with pytest.raises(Crashed, match="SyntaxError: 'break' outside loop"):
            runner.call("outside", [X])


SEES = """
import os, sys
def listed(x, path):
    return ", ".join(sorted(os.listdir(path)))
def content(x, path):
    return open(path).read()
def written(x, path):
    open(path, "w").write("x")
def environment(x):
    return " ".join(sorted(os.environ))
def imported(x, name):
    return __import__(name).__file__
"""


@pytest.fixture
def shut_in(tmp_path, monkeypatch):
    """A runner of one of four files of a folder, which may see another of them."""
    monkeypatch.setenv("SECRET", "1")
    for name in ("mine", "other", "helper", "json"):
        (tmp_path / f"{name}.py").write_text(f"name = {name!r}\n")
    if not module.held().disk:
        pytest.skip("this machine has no namespaces")
    visible = [str(tmp_path.resolve() / "helper.py")]
    with Runner(pieces(SEES, path=str(tmp_path / "mine.py")), visible=visible) as runner:
        yield runner


def test_it_sees_python_and_its_own_folder_alone(shut_in, tmp_path):
    def asked(name, *args):
        return shut_in.call(name, [X, *args])[0]

    assert asked("content", str(tmp_path / "helper.py")) == "name = 'helper'\n"
    assert asked("listed", str(tmp_path)) == "helper.py"
    assert asked("listed", str(tmp_path.parent)) == tmp_path.name
    assert asked("imported", "helper") == str(tmp_path.resolve() / "helper.py")
    assert asked("imported", "json") != str(tmp_path / "json.py")  # no file replaces a library
    for place in ("/etc/passwd", "/proc/1/environ", __file__, str(tmp_path / "other.py")):
        with pytest.raises(Crashed, match="No such file"):
            asked("content", place)
    for place in (tmp_path, Path("/tmp"), Path("/usr"), Path(module.__file__).parent):
        with pytest.raises(Crashed, match="Read-only|denied"):
            asked("written", str(place / "litter"))
    assert "SECRET" not in asked("environment").split()


@pytest.fixture
def not_tried_before():
    """What this machine holds is found out anew, and again after the test."""
    module.held.cache_clear()
    yield
    module.held.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_where_there_are_no_namespaces_the_rest_is_held_and_said(monkeypatch, not_tried_before):
    """As in most containers, where they are refused."""
    without = module.BOOT.replace("box.main()", "box.NEW_USER = 1; box.main()")
    monkeypatch.setattr(module, "BOOT", without)
    assert not module.held().disk
    with Runner(pieces(GOOD)) as runner:
        assert runner.call("double", [X])[0].tolist() == [2, 4]
    with (
        Runner(pieces(GOOD), wanted=Held()) as runner,
        pytest.raises(Died, match="not what this machine can hold"),
    ):
        runner.call("double", [X])


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
def test_without_the_library_no_filter_is_claimed(monkeypatch, not_tried_before):
    nothing = "box.filter_calls.__globals__['_library'] = lambda: ctypes.CDLL('nothing')"
    monkeypatch.setattr(
        module,
        "BOOT",
        f"import ctypes; {module.BOOT}".replace("box.main()", f"{nothing}; box.main()"),
    )
    assert module.held() == Held(False, False, False, True)


def test_what_cannot_be_shown_is_not_run(tmp_path):
    """A path that is too long to be shown in the sandbox: refused, and no other file suffers."""
    if not module.held().disk:
        pytest.skip("this machine has no namespaces")
    long = ["/" + "/".join(["x" * 200] * 21)]
    with Runner(pieces(GOOD), visible=["/usr", *long]) as runner:
        assert runner.call("double", [X])[0].tolist() == [2, 4]  # it isn't there
    with Runner(pieces(GOOD)) as runner:
        runner.call("double", [X])


def test_what_a_child_imports_is_compiled_where_python_may_keep_it(monkeypatch):
    asked = []
    monkeypatch.setattr(module.compileall, "compile_dir", lambda path, **_: asked.append(path))
    for never in (True, False):
        monkeypatch.setattr(sys, "dont_write_bytecode", never)
        module._compile.cache_clear()
        module._compile()
    assert asked == [str(Path(module.__file__).parent)]
