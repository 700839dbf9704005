"""The name by which an operation reads a value is that of the variable that held it."""

import ast

import numpy as np

from jaxmlp.verify.judge.called import Called
from jaxmlp.verify.run.record import record
from jaxmlp.verify.run.recording import recording_from_data

SCRIPT = """import numpy as np
X = np.random.randn(7, 6); Y = np.random.randn(7, 2); rate = 0.1
A = np.random.randn(6, 4); B = np.random.randn(4, 2)
n, k = 7, 6
for t in range(3):
    x = X.reshape(n, -1)
    u = np.dot(x, A).reshape(n, 4)
    z = np.tanh(u)
    top = np.subtract(z @ B, Y)
    s = top.sum(axis=0)
    low = top.dot(B.T) * (1 - z ** 2)
    B -= rate * z.T.dot(top) + 0 * s
    A -= rate * np.reshape(x, (n, k)).T @ low
"""


def test_what_is_read_by_a_name_has_the_shape_of_the_variable():
    ran: dict = {}
    exec(SCRIPT, ran)
    found = record([SCRIPT], path="<script>", seconds=5.0, seed=0)
    recording = recording_from_data(found["recordings"][0][0])
    called = Called(recording, ast.parse(SCRIPT).body, [])
    assert {name for _, name in called.reads} >= {"X", "x", "u", "z", "top", "A", "B", "low"}
    for (_, name), uses in called.reads.items():
        for line, number in uses:
            value = recording.nodes[number].value
            assert np.shape(value) == np.shape(ran[name]), (name, line)
