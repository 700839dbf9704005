"""Another network than the one assumed, for which the whole of a person's step is right.

A file that declares none is checked against the lecture's. Where that fails and the code speaks of
another f, g or E, or of no biases, the person may have meant that one, and has only to say so.
"""

import ast
import itertools
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from jaxmlp.network import Network
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.judge import STAGES
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
    ("sigmoid", "binary_cross_entropy"),
    ("sigmoid", "squared_error"),
    ("identity", "squared_error"),
    ("softmax", "squared_error"),
)


def candidates(
    module: ast.Module, assumed: Network, declared: Collection[str]
) -> Callable[[Sequence[Check]], Iterator[Network]]:
    """From a step's checks to the networks that its code may mean.

    That without biases where it crashed for want of them, or else those with other f, g and E.

    Args:
        declared: of HIDDEN, OUTPUT, LOSS and BIAS, those that somebody has given.
    """

    def others(checks: Sequence[Check]) -> Iterator[Network]:
        if any(map(_sizes_do_not_fit, checks)) and "BIAS" not in declared:
            yield replace(assumed, bias=False)
        elif any(map(_of_another, checks)) and not {*PARTS} & {*declared}:
            spoken_of = (Network(f, g, e, assumed.bias) for f, (g, e) in _spoken_of(module))
            yield from (network for network in spoken_of if network != assumed)

    return others


def _spoken_of(module: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    """f and (g, E) for which there are words in the code."""
    text = ast.unparse(module).lower()
    said = {name for name, pattern in SPEAKS_OF.items() if re.search(pattern, text)}
    hidden = [f for f in ("relu", "tanh", "sigmoid") if f in said] or ["identity"]
    return itertools.product(hidden, [end for end in ENDS if end[0] in {*said, "identity"}])


def _sizes_do_not_fit(check: Check) -> bool:
    why = " ".join(note.text.en for note in check.remarks if note.id == "crash")
    return check.verdict == "crashed" and "Error" in why and bool(re.search(MISFIT, why))


def _of_another(check: Check) -> bool:
    if check.verdict != "wrong" or check.stage not in STAGES:
        return False
    told = {note.id for note in check.diagnosis}
    return check.got_shape == check.expected_shape and bool(told & OF_ANOTHER)


def declaration(network: Network, assumed: Network) -> Note:
    """That all is right for this network, and how to say that it is meant."""
    lines = [
        f'{constant} = "{getattr(network, part).name}"'
        for constant, part in PARTS.items()
        if getattr(network, part) != getattr(assumed, part)
    ]
    lines += [] if network.bias else ["BIAS = False"]
    said = "; ".join(lines)
    said_so = Words(
        f"all of it is right for another network: if that is meant, write {said} in the file",
        f"別のネットワークとしてはすべて正しいです。そのつもりなら {said} とファイルに書きます",
    )
    return Note("undeclared", said_so)


def without_biases(crash: Check) -> Note:
    """That it was judged without biases, since with them it crashed."""
    why = crash.remarks[-1].text
    said_so = Words(
        f"{why.en} where x and z have their 1 in front; judged as a network without biases: "
        "if that is the one meant, write BIAS = False in the file",
        f"x と z の先頭に 1 がある場合は{why.ja}。バイアスなしのネットワークとして判定しました。"
        "そのつもりなら、ファイルに BIAS = False と書いてください",
    )
    return Note("undeclared", said_so)
