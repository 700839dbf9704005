"""After an epoch: how good the network is, what was best, and whether to stop."""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jaxmlp.estimators.state import CompiledProgram, Curves, Data, Hyperparameters, Progress
from jaxmlp.evaluate import weighted_r_squared
from jaxmlp.network import Params, forward, loss


def total_error(rule: CompiledProgram, params: Params, data: Data) -> Array:
    """The weighted sum of E, or of half the squared error, whose δ2 is g − y."""
    total = data.weights @ loss(rule.network, params, data.X, data.Y, reduction="none")
    return total / 2 if rule.network.loss.name == "squared_error" else total


def reported(rule: CompiledProgram, data: Data) -> int:
    """Over how many outputs the error is averaged in reports: scikit-learn's, for regression."""
    return data.Y.shape[1] if rule.network.loss.name == "squared_error" else 1


def measured(rule: CompiledProgram, params: Params, data: Data | None) -> tuple:
    """(the error, the score) on the validation samples."""
    if data is None:
        return None, None
    weight = data.weights.sum()
    g, score = forward(rule.network, params, data.X).g, SCORES[rule.network.output.name]
    mean = total_error(rule, params, data) / weight
    return mean / reported(rule, data), score(data.Y, g, data.weights / weight)


def class_accuracy(Y: Array, g: Array, shares: Array) -> Array:
    """The share of rows whose largest output is that of their class (L25)."""
    return shares @ (g.argmax(axis=1) == Y.argmax(axis=1))


def subset_accuracy(Y: Array, g: Array, shares: Array) -> Array:
    """The share of rows of which every yes and no is right."""
    return shares @ ((g > 0.5) == (Y > 0.5)).all(axis=1)


SCORES = {"softmax": class_accuracy, "sigmoid": subset_accuracy, "identity": weighted_r_squared}


def judged_epoch(
    rule: CompiledProgram, state: Progress, now: Curves, n: Array, numbers: Hyperparameters
) -> Progress:
    """The state once an epoch's numbers are known: what was best, whether to stop, the next η."""
    if now.validation_loss is None:
        value = -now.loss
    else:
        value = now.validation_score if rule.monitor == "score" else -now.validation_loss
    better = value > state.best_value
    stale = jnp.where(value < state.best_value + numbers.tol, state.stale + 1, 0)
    enough, eta = stale > numbers.patience, state.eta
    if rule.schedule == "adaptive":  # a smaller step, until it is too small
        eta = jnp.where(enough & (eta > 1e-6), eta / 5, eta)
        stale, enough = jnp.where(enough, 0, stale), enough & (state.eta <= 1e-6)
    seen = state.seen + n
    if rule.schedule == "invscaling":
        eta = numbers.eta / (seen + 1) ** numbers.power_t
    best = state.best and jax.tree.map(
        functools.partial(jnp.where, better), state.params, state.best
    )
    return state._replace(
        best=best,
        best_value=jnp.where(better, value, state.best_value),
        stale=stale,
        seen=seen,
        eta=eta,
        stopped=enough | ~jnp.isfinite(now.loss),
    )
