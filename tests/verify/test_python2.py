"""Python 2 as Python 3: what it becomes parses, stays on its lines, and prints the same."""

import ast
import contextlib
import io

import pytest

from jaxmlp.verify.python2 import as_python_3
from jaxmlp.verify.reading import Flaw, parsed

OLD = {
    "print 'a', 1 + 2": "a 3\n",
    "print 'a'; print 'b'": "a\nb\n",
    "print('a')": "a\n",
    "print ('a'), ('b')": "a b\n",
    "print 'a: {0}'.format(\n    3)": "a: 3\n",
    "if True: print 'yes'": "yes\n",
    "for k in range(2):\n    print k  # with a remark": "0\n1\n",
    "print 017": "15\n",
    "try:\n    raise ValueError, 'no'\nexcept ValueError, e:\n    print e": "no\n",
    "s = 'print 1'\nprint s": "print 1\n",
    "a = [1, 2]\nprint 'a:' + `a` + `len(a)`, 3L": "a:[1, 2]2 3\n",
    "import sys\nif 1 <> 2:\n    print >>sys.stdout, 'other'": "other\n",
    "a = {'b': 1}\nif not a.has_key('c'):\n    print 'none'": "none\n",
    "for k in {'a': 1}.iterkeys():\n\tprint k\n        print 2": "a\n2\n",
}


@pytest.mark.parametrize("text", OLD)
def test_it_prints_what_it_printed(text):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(as_python_3(text), "old", "exec"), {})
    assert out.getvalue() == OLD[text]


@pytest.mark.parametrize("text", OLD)
def test_lines_keep_their_numbers(text):
    assert as_python_3(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text", ["x = 1\nprint(x)", "printed = 3", "print = len\nprint('a')", "f(print, 1)", "0.1 + 10"]
)
def test_python_3_is_left_alone(text):
    assert ast.dump(ast.parse(as_python_3(text))) == ast.dump(ast.parse(text))


def test_what_is_neither_is_said():
    (flaw,) = parsed("class A:\n    def f(self):\n        return 1 +* 2\n")
    assert isinstance(flaw, Flaw)
    assert flaw.name == "A"
    assert "SyntaxError" in flaw.why
