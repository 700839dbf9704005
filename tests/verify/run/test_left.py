"""The order in which runs of one file are tried."""

from jaxmlp.verify.run.left import LIKELIEST, Left, RunStart, Trial


def test_what_is_made_again_comes_first_and_nothing_comes_twice():
    left = Left(RunStart())
    assert left.pop() == ((), 0.0, RunStart())
    assert not left.push((), 0.0, RunStart())
    assert left.push((2, -1), 1.0, RunStart((1,)))
    assert not left.push((0, -9), 0.0, RunStart((1,)))
    left.again.append(Trial((9, 9), 9.0, RunStart()))
    assert left.pop()[2] == RunStart()
    assert left.pop()[2] == RunStart((1,))
    assert not left


def test_what_came_far_is_changed_first_but_every_few_runs_the_likeliest_is_tried():
    left = Left(RunStart())
    left.pop()
    for k in range(LIKELIEST):
        assert left.push((1, -10 - k), 1.0 + k, RunStart((k,), {"a": k}))
    assert left.push((5, 0), 0.1, RunStart((9,), {"a": 9}))
    assert left.push((5, 0), 0.1, RunStart((9,), {"a": 8}))  # alike but for its lengths
    picked = [left.pop()[2].told[0] for _ in range(LIKELIEST)]
    assert picked == [LIKELIEST - 1, LIKELIEST - 2, 9, LIKELIEST - 3]
