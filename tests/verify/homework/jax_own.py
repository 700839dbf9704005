import jax
import jax.numpy as jnp
from jax import grad, jit, vmap


@jit
def relu(x):
    return jnp.maximum(0, x)


drelu = vmap(grad(relu))


@jax.jit
def softmax(x):
    return jax.nn.softmax(x)


@jit
def backprop(W, V, x, y):
    u = W @ x
    z = jnp.concatenate([jnp.ones(1), relu(u)])
    g = softmax(V @ z)
    delta2 = g - y
    delta1 = (V[:, 1:].T @ delta2) * (u > 0)
    return jnp.outer(delta1, x), jnp.outer(delta2, z)


@jit
def update(W, V, x, y, eta):
    dW, dV = backprop(W, V, x, y)
    return W - eta * dW, V - eta * dV
