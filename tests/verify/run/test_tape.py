"""Operations, their places and what shares memory, as the tape has them."""

import json

import numpy as np
import pytest

from jaxmlp.verify.run.record import record
from jaxmlp.verify.run.recording import recording_from_data
from jaxmlp.verify.run.tape import NOWHERE, Node, Ref
from jaxmlp.verify.truth import replay

HEAD = "import numpy as np\n"


def taped(text: str):
    """The recording of a script that only computes."""
    found = record([HEAD + text], path="<script>", seconds=5.0, seed=0)
    ((data,),) = found["recordings"]
    return recording_from_data(data)


def value(recording, name: str) -> np.ndarray:
    return recording.nodes[dict(recording.values)[name]].value


def expression(recording, name: str, text: str) -> str:
    span = recording.nodes[dict(recording.values)[name]].span
    line = (HEAD + text).split("\n")[span.line - 1]
    return line[span.column : span.end_column]


SCRIPTS = {
    "views": """
v = np.arange(12.0)
W = v[:6].reshape(2, 3)
T = W.T
v -= 1
W[0, 1] = 9
out = (T @ np.ones((2, 2))) * v[1]
""",
    "a column written through a view of a transpose": """
a = np.zeros((3, 4)); b = a.T
b[1:3][:, ::2] = np.arange(4.0).reshape(2, 2) @ np.eye(2)
out = a @ np.ones((4, 1)) + b[:3, :1]
""",
    "in place, at and out": """
a = np.ones((2, 3)); b = np.full((2, 3), 2.0) @ np.eye(3)
a += b; np.add.at(a, (np.array([0, 0]), np.array([1, 1])), 5.0)
np.multiply(a, b, out=a); a[a > 10] = 0
out = np.c_[np.ones(2), a]
""",
    "numbers are not changed in place": """
s = (np.ones(3) @ np.ones(3)); t = s
s += 1
out = np.stack([s, t]) * np.ones(2)
""",
    "functions of NumPy's": """
a = np.linspace(-1, 1, 6).reshape(2, 3)
out = np.where(a > 0, a, 0.1 * a) @ np.concatenate([a.T, np.tanh(a.T)], axis=1)
out = np.clip(out, -1, 1).sum(axis=0, keepdims=True) + np.outer(a[0], a[1])[:1, :1]
""",
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_computes_what_it_would_without_a_tape(kind):
    names: dict = {}
    exec(HEAD + SCRIPTS[kind], names)
    np.testing.assert_allclose(value(taped(SCRIPTS[kind]), "out"), names["out"])


@pytest.mark.parametrize("kind", SCRIPTS)
def test_the_tape_computed_anew_gives_the_same_values(kind):
    recording = taped(SCRIPTS[kind])
    again = replay.values(recording.nodes, {})
    for number, node in recording.nodes.items():
        np.testing.assert_allclose(again[number], node.value)


def test_what_is_written_through_one_view_is_what_another_depends_on():
    recording = taped(SCRIPTS["views"])
    leaf = recording.nodes[dict(recording.values)["v"]]
    moved = replay.values(recording.nodes, {leaf.id: leaf.value + 1})
    out = dict(recording.values)["out"]
    assert not np.allclose(moved[out], value(recording, "out"))


def test_one_number_in_brackets_is_a_number_as_in_older_numpy():
    recording = taped(
        "w = np.ones((1, 3)) @ np.ones((3, 1))\nout = np.full(2, float(w) + int(w[0]))"
    )
    np.testing.assert_array_equal(value(recording, "out"), [6.0, 6.0])
    found = record([HEAD + "w = float(np.ones((2, 1)))"], path="<script>", seconds=5.0, seed=0)
    assert [kind for kind, _, _ in found["errors"]] == ["ValueError"]


def test_an_operation_has_the_place_of_its_expression():
    text = "δ = np.ones((2, 2)); w = 3 * (δ @ δ.T)\nu = np.maximum(w, 0) - 1"
    recording = taped(text)
    line = (HEAD + text).split("\n")[1].encode()
    span = recording.nodes[dict(recording.values)["w"]].span
    assert line[span.column : span.end_column].decode() == "3 * (δ @ δ.T)"
    assert expression(recording, "u", text) == "np.maximum(w, 0) - 1"


def sequences(table: dict) -> dict:
    """Lists as tuples, as they may arrive."""
    return {key: tuple(one) if isinstance(one, list) else one for key, one in table.items()}


def has_arrays(args: tuple) -> bool:
    return any(isinstance(one, np.ndarray) for one in args)


def test_a_recording_is_json_and_arrays():
    found = record([HEAD + SCRIPTS["views"]], path="<s>", seconds=5.0, seed=0)
    ((data,),) = found["recordings"]
    rest = {key: one for key, one in data.items() if key != "arrays"}
    again = json.loads(json.dumps(rest), object_hook=sequences) | {"arrays": data["arrays"]}
    one, other = recording_from_data(data), recording_from_data(again)
    assert one.values == other.values
    assert [n.args for n in one.nodes.values() if not has_arrays(n.args)] == [
        n.args for n in other.nodes.values() if not has_arrays(n.args)
    ]
    assert [n.op for n in one.nodes.values()] == [n.op for n in other.nodes.values()]
    assert all(isinstance(array, np.ndarray) for array in data["arrays"])


def test_nothing_is_written_and_nothing_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = "a = np.ones((2, 2)) @ np.ones((2, 2))\nprint(a)\nopen('x.txt', 'w').write('x')\n"
    assert value(taped(text + "b = a * 2"), "b").shape == (2, 2)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_a_number_keeps_its_node_where_it_is_written_to_an_array_and_read_from_it():
    found = taped(
        "p = np.ones(2) @ np.ones(2); a = np.zeros(3); b = np.zeros((2, 2)); x = np.array(0.5) * 2\n"
        "a[1] = x; b[0][1] = a[1]\n"
        "same = a[-2]; other = b[0, 1] + 0; whole = a @ np.ones(3); rest = a[0]\n"
    )
    named = dict(found.values)
    assert named["same"] == named["x"]
    (read,) = (n for n in found.nodes[named["other"]].args if not isinstance(n, int))
    assert found.nodes[read.id].op == "np.copy"  # each place has a node of its own
    assert found.nodes[named["rest"]].op == "getitem"
    assert value(found, "whole") == 1


def test_what_is_written_to_a_whole_array_is_read_from_it():
    found = taped("a = np.zeros(3); a[1] = np.array(2.0) * 1; a *= 3\nz = a[1] + a @ np.ones(3)\n")
    assert value(found, "z") == 12
    assert replay.values(found.nodes, {})[dict(found.values)["z"]] == 12


def test_a_node_names_all_that_it_is_computed_from():
    one = Node(4, "np.where", (Ref(1), (2.0, [Ref(2)])), {"out": Ref(3)}, np.zeros(()), NOWHERE)
    assert one.references == (1, 2, 3)
    assert one._replace(args=()).references == (3,)


OF_LISTS = [
    "np.tanh(some)", "np.sum(some)", "np.mean(some)", "np.expand_dims(some, 0)", "np.dot(some, some)",
    "np.add(some, some)", "np.multiply(2, some)", "np.max(some)", "np.outer(some, some)",
    "np.concatenate([some, some])", "np.vstack([some, some])", "np.append(some, some)",
    "np.where(np.array(some) > 0, some, 0)", "np.linalg.norm(some)", "np.clip(some, -1, 1)",
    "np.add.outer(some, some)", "np.matmul([some, some], some)", "np.reshape(some, (2, 1))",
]  # fmt: skip


@pytest.mark.parametrize("text", OF_LISTS)
def test_a_list_of_numbers_that_record_is_an_array(text):
    recording = taped(
        f"w = np.array([0.3, -0.2])\nM = np.eye(2) @ w\nsome = [w[0], w[1] * 3]\nout = {text}"
    )
    named = dict(recording.values)
    leaves, left = set(), [named["out"]]
    while left:
        node = recording.nodes[left.pop()]
        left += node.references
        leaves |= {node.id} if node.op == "leaf" else set()
    some = [0.3, -0.6]
    assert named["w"] in leaves
    np.testing.assert_allclose(value(recording, "out"), eval(text, {"np": np, "some": some}))


def test_rows_that_make_no_table_are_kept_as_they_are():
    text = "w = np.eye(2) @ np.array([0.3, -0.2])\nrows = np.random.permutation([[w, w[0]], [w, w[1]]])\nx, y = rows[0]\nout = x * y"
    recording = taped(text)
    w = np.array([0.3, -0.2])
    assert any(np.allclose(value(recording, "out"), w * one) for one in w)


def test_a_product_with_a_number_is_no_product_of_matrices():
    recording = taped(
        "x = np.random.randn(3, 2)\na = np.dot(2.0, x)\nb = x.dot(0.5)\nx @ np.ones((2, 1))\n"
    )
    for name, times in (("a", 2.0), ("b", 0.5)):
        made = recording.nodes[dict(recording.values)[name]]
        assert made.op == "multiply"
        np.testing.assert_array_equal(made.value, times * value(recording, "x"))
