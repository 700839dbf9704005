"""The lecture's claims L1 to L27, each judged by evaluating its two sides.

The left side is what JAX says of the network, by its forward pass or by automatic differentiation
of its loss; the right side is the printed form, in NumPy. `CLAIMS` is to be read beside the
lecture. There, p is a random point with the lecture's symbols, x and z with their 1 in front, and
s is the 1 that stands printed where Σ y belongs.
"""

from jaxmlp.verify.finding import Claim
from jaxmlp.verify.lecture.backpropagation import BACKPROPAGATION
from jaxmlp.verify.lecture.definitions import DEFINITIONS
from jaxmlp.verify.lecture.points import draw_lecture_points
from jaxmlp.verify.lecture.verdict import judge_claim

CLAIMS = (*DEFINITIONS, *BACKPROPAGATION)


def claims(*, seed: int = 0) -> tuple[Claim, ...]:
    """L1 to L27, each judged at random points, in float64.

    Args:
        seed: of the points.

    Example:
        >>> found = {claim.id: claim for claim in claims()}
        >>> found["L20"].holds, found["L20"].relative_error < 1e-9
        (True, True)
        >>> found["L20"].assumption.en
        "Σ y = 1; for any y: ∂E/∂W = [Ṽᵀ(g(Vz) Σ y − y) ⊙ f'(Wx)] xᵀ"
        >>> found["L13"].holds, found["L13"].correction
        (False, '∂E/∂v_k = −Σ_i y_i ∂log g_i(Vz)/∂v_k')
        >>> [claim.id for claim in claims() if not claim.holds]
        ['L13', 'L16', 'L21', 'L22', 'L23', 'L24', 'L27']
    """
    points = draw_lecture_points(seed)
    return tuple(judge_claim(entry, points) for entry in CLAIMS)
