"""Another network than the one assumed, for which the whole of a person's step is right.

A file that declares none is checked against the lecture's. Where that fails and the code speaks of
another f, g or E, or of no biases, the person may have meant that one, and has only to say so.
"""

import ast
import itertools
import re
from collections.abc import Collection, Iterator, Sequence

from jaxmlp.network import Network
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.judge.stages import STAGES
from jaxmlp.verify.names import words

SPEAKS_OF = {
    "relu": r"relu|maximum|> 0",
    "tanh": r"tanh",
    "sigmoid": r"sigmoid|expit|logistic|1(\.0)? / \(1(\.0)? \+ ",
    "softmax": r"softmax|sum\(",
}
PARTS = {"HIDDEN": "hidden", "OUTPUT": "output", "LOSS": "loss"}
# What a diagnosis calls the f, g or E of another network.
OF_ANOTHER = words(
    "unrecognised other-f other-g wrong-loss slope-of-other slope-rule-of-sigmoid "
    "slope-rule-of-tanh f-missing output-missing output-slope-extra output-slope-missing"
)
MISFIT = r"mismatch|aligned|broadcast|shape|size"
ENDS = (
    ("softmax", "cross_entropy"),
    ("sigmoid", "squared_error"),
    ("sigmoid", "binary_cross_entropy"),
    ("identity", "squared_error"),
    ("softmax", "squared_error"),
    ("tanh", "squared_error"),
)


def candidates(
    checks: Sequence[Check], module: ast.Module, assumed: Network, declared: Collection[str]
) -> Iterator[Network]:
    """The networks that the code of a step may mean, given its checks.

    Those without biases where it crashed for want of them, or else those with other f, g and E.

    Args:
        declared: HIDDEN, OUTPUT, LOSS, BIAS and the like, those that somebody has given.
    """
    misfit = any(map(_sizes_do_not_fit, checks)) and "BIAS" not in declared
    if not misfit and not any(map(_of_another, checks)):
        return
    kept = [part for name, part in PARTS.items() if name in declared]
    for f, (g, e) in dict.fromkeys([_names(assumed), *_spoken_of(module)]):
        network = Network(f, g, e, bias=assumed.bias and not misfit)
        same = all(getattr(network, part) == getattr(assumed, part) for part in kept)
        if same and network != assumed:
            yield network


def _names(network: Network) -> tuple[str, tuple[str, str]]:
    return network.hidden.name, (network.output.name, network.loss.name)


def _spoken_of(module: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    """f and (g, E) for which there are words in the code."""
    text = ast.unparse(module).lower()
    spoken = {name for name, pattern in SPEAKS_OF.items() if re.search(pattern, text)}
    hidden = [f for f in ("relu", "tanh", "sigmoid") if f in spoken] or ["identity"]
    return itertools.product(hidden, [end for end in ENDS if end[0] in {*spoken, "identity"}])


def _sizes_do_not_fit(check: Check) -> bool:
    why = " ".join(note.text.en for note in check.remarks if note.id == "crash")
    step = check.verdict == "crashed" and check.stage in ("derivation", "update", "g")
    return step and "Error" in why and bool(re.search(MISFIT, why))


def _of_another(check: Check) -> bool:
    if check.verdict != "wrong" or check.stage not in STAGES:
        return False
    told = {note.id for note in check.diagnosis}
    return check.got_shape == check.expected_shape and bool(told & OF_ANOTHER)


def declaration(network: Network, assumed: Network) -> Note:
    """That all is right for this network, and how to say that it is meant."""
    lines = "; ".join(_lines(network, assumed))
    said_so = Words(
        f"this is right for another network: if that is the one meant, write {lines} in the file",
        f"別のネットワークとしては正しい計算です。そのつもりなら、ファイルに {lines} と"
        "書いてください",
    )
    return Note("undeclared", said_so)


def _lines(network: Network, assumed: Network) -> list[str]:
    """What a file has to say."""
    lines = [
        f'{constant} = "{getattr(network, part).name}"'
        for constant, part in PARTS.items()
        if getattr(network, part) != getattr(assumed, part)
    ]
    return lines + ([] if network.bias == assumed.bias else ["BIAS = False"])


def without_biases(network: Network, assumed: Network, crash: Check) -> Note:
    """That it was judged without biases, since with them it crashed."""
    lines, why = "; ".join(_lines(network, assumed)), crash.remarks[-1].text
    said_so = Words(
        f"judged as a network without biases; if that is the one meant, write {lines} in the file"
        f" (where x and z have their 1 in front, it {why.en})",
        f"バイアスなしのネットワークとして判定しました。そのつもりなら、ファイルに {lines} と"
        f"書いてください (x と z の先頭に 1 を付けると、{why.ja})",
    )
    return Note("undeclared", said_so)
