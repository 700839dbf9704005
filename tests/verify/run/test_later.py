"""What follows a step on the tape: the use of the new parameters, and which data are of one kin."""

import numpy as np
import pytest

from jaxmlp.verify.run import later
from jaxmlp.verify.run.record import record
from jaxmlp.verify.run.recording import Recording, recording_from_data

HEAD = """import numpy as np
both = np.arange(60.0).reshape(12, 5)
X, other, alone = both[:8] / 9, both[8:], np.ones((4, 5))
Y = np.arange(16.0).reshape(8, 2)
A, B = np.sin(np.arange(15.0)).reshape(5, 3), np.cos(np.arange(6.0)).reshape(3, 2)
"""
LOOP = """for t in range(5):
    Z = np.tanh(X @ A); d = Z @ B - Y
    A, B = A - 0.1 * X.T @ (d @ B.T * (1 - Z ** 2)), B - 0.1 * Z.T @ d
"""


def step(text: str) -> Recording:
    found = record([HEAD + text], path="<script>", seconds=9.0, seed=0)
    return next(
        one
        for worlds in found["recordings"]
        for one in map(recording_from_data, worlds)
        if one.moves
    )


def test_after_a_step_its_new_parameters_are_used():
    recording = step(LOOP + "G = np.tanh(other @ A) @ B\nH = other.sum()\n")
    after = recording.later
    newest = dict(after.params)  # after one more pass
    assert newest.keys() == {old for _, old, _ in recording.moves}
    assert not {*newest.values()} & {new for _, _, new in recording.moves}
    made = [node for node in after.nodes.values() if node.op != "leaf"]
    assert [node.op for node in made] == ["matmul", "tanh", "matmul"]
    new = {name: after.nodes[newest[old]].value for name, old, _ in recording.moves}
    assert np.array_equal(
        made[-1].value, np.tanh(np.arange(40.0, 60).reshape(4, 5) @ new["A"]) @ new["B"]
    )


def test_data_are_of_one_kin_if_one_is_made_of_the_other():
    text = "G = (other @ A).sum() + (X[:2] @ A).sum() + (both @ A).sum() + (alone @ A).sum()\n"
    recording = step(LOOP + text)
    after = recording.later
    known = {name: after.kin.get(node, ()) for name, node, _ in after.arrays}
    (X,) = [i for i in known["X"] if len(recording.nodes[i].value) == 8]
    assert np.array_equal(recording.nodes[X].value, np.arange(40.0).reshape(8, 5) / 9)
    assert X in known["both"]  # X is made of it
    assert X not in known["other"] + known["alone"]
    (cut,) = [n for n in after.nodes.values() if n.op == "getitem"]
    assert X in after.kin[cut.id]


def test_nothing_is_kept_of_a_program_that_ends_with_its_step():
    assert step(LOOP).later is None


@pytest.mark.parametrize("kept", [True, False])
def test_a_large_array_is_kept_without_its_values(kept, monkeypatch):
    monkeypatch.setattr(later, "LARGEST_KEPT", 20 if kept else 19)
    after = step(LOOP + "G = other @ A\n").later
    (data,) = [
        n for n in after.nodes.values() if n.op == "leaf" and n.value.shape not in ((5, 3), (3, 2))
    ]
    assert data.value.shape == ((4, 5) if kept else (0,))
