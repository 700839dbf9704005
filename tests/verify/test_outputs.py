"""Steps whose output meets its target in another way, or in several places; and how they move."""

import pytest

HINGE = """
import numpy as np
X = np.random.randn(20, 4)
y = np.sign(X[:, :1] * X[:, 1:2])
W, b, V = np.random.randn(4, 5), np.ones(5), np.random.randn(5, 1)
for epoch in range(100):
    z = np.maximum(0, X @ W + b)
    s = z @ V
    print(np.maximum(0, 1 - y * s).mean())
    top = np.where(y * s < 1, -y, 0) / 20
    low = top @ V.T * (z > 0)
    W -= 0.1 * X.T @ low; b -= 0.1 * low.sum(0)
    V -= 0.1 * z.T @ top
"""
HEADS = """
import numpy as np
X, Y, R = np.random.randn(20, 4), np.random.randn(20, 2), np.random.randn(20, 1)
W, A, C = np.random.randn(4, 5), np.random.randn(5, 2), np.random.randn(5, 1)
for epoch in range(100):
    z = np.tanh(X @ W)
    one, other = z @ A, z @ C
    print(0.5 * ((one - Y) ** 2).sum() + np.abs(other - R).sum())
    top, end = one - Y, np.sign(other - R)
    low = (top @ A.T + end @ C.T) * (1 - z ** 2)
    W -= 0.01 * X.T @ low; A -= 0.01 * z.T @ top; C -= 0.01 * z.T @ end
"""
VIEWS = """
import numpy as np
X, Y = np.random.randn(20, 4), np.random.randn(20, 4)
W, U, V = np.random.randn(3, 4, 4)
for epoch in range(100):
    z = np.tanh(X @ W)
    a = np.tanh(z @ U)
    g = a @ V
    print(((g - Y) ** 2).mean())
    top = 2 * (g - Y) / g.size
    mid = top @ V.T * (1 - a ** 2)
    low = mid @ U.T * (1 - z ** 2)
    W -= 0.1 * X.T @ low
    U -= 0.1 * z.T @ mid
    V -= 0.1 * a.T @ top
"""
WARM_UP = """
import numpy as np
X, Y = np.random.randn(20, 4), np.random.randn(20, 2)
W, V = np.random.randn(4, 3), np.random.randn(3, 2)
for epoch in range(100):
    eta = 0.05 * min(1, epoch / 10)
    z = np.tanh(X @ W)
    g = z @ V
    print(((g - Y) ** 2).mean())
    top = 2 * (g - Y) / g.size
    low = top @ V.T * (1 - z ** 2)
    V -= eta * z.T @ top
    W -= eta * X.T @ low
"""


@pytest.mark.parametrize(
    ("text", "right", "wrong", "line"),
    [
        (HINGE, "-y, 0", "y, 0", None),
        (HINGE, "* (z > 0)", "* z", 11),
        (HEADS, "+ end @ C.T", "- end @ C.T", 10),
        (HEADS, "np.sign(other - R)", "np.sign(R - other)", None),
        (VIEWS, "mid @ U.T", "mid @ U", 12),
        (VIEWS, "top @ V.T", "top @ W.T", 11),
        (WARM_UP, "min(1, epoch / 10)", "(epoch // 1000)", 12),
        (WARM_UP, "(1 - z ** 2)", "(1 - z)", 11),
    ],
)
def test_a_step_is_judged_however_it_meets_its_target(judged, text, right, wrong, line):
    assert {check.verdict for check in judged(text).checks} == {"right"}
    assert text.count(right) == 1
    checks = judged(text.replace(right, wrong)).checks
    first = next(check for check in checks if check.verdict == "wrong")
    assert line in (None, first.place.line)
