"""That types and shapes are checked in this suite: something wrong is fed to each."""

import jax.numpy as jnp
import pytest
from beartype import beartype
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import Array, Float, TypeCheckError

from jaxmlp.network import Network, loss
from jaxmlp.train.blocked import power_of_2

from .typed import jaxtyped

check = jaxtyped(typechecker=beartype)


def test_a_wrong_type_is_refused():
    with pytest.raises(BeartypeCallHintViolation):
        power_of_2("4")
    with pytest.raises((BeartypeCallHintViolation, TypeCheckError)):
        loss(Network(), "params", jnp.ones(5), jnp.ones(4))


def test_unless_it_is_turned_off(unchecked):
    with pytest.raises(TypeError, match="unsupported operand"):  # Python's own
        power_of_2("4")


def test_a_wrong_shape_is_refused_wherever_it_stands():
    @check
    def product(A: Float[Array, "m n"], x: "Float[Array, ' n']") -> Float[Array, " m"]:
        return A @ x if x.shape else x

    assert product(jnp.ones((3, 2)), jnp.ones(2)).shape == (3,)
    for A, x in (((3, 2), (3,)), ((3, 2), ()), ((2,), (2,))):
        with pytest.raises(TypeCheckError):
            product(jnp.ones(A), jnp.ones(x))
