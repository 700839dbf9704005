"""The truth about a recorded step: its own forward pass, differentiated by JAX.

`replay` computes the tape anew, in NumPy for other values of the parameters, in JAX as a function
that `jax.grad` takes; `errors` has the E that a network may minimise; `adjoints` gives the
derivative of E with respect to every value of the forward pass.
"""
