"""The mistakes, as edits of a derivation's lines, the way people make them.

To add one, add an `Edit` to `EDITS`: which lines are replaced by what text, for one sample and,
where that is another text, for rows of samples. "{}" stands for what the line said before. The
same id may stand there more than once: different ways to the same mistake.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from experiments.checker_study.derivations import (
    DERIVATIVE,
    FUNCTION,
    HIDDEN,
    JACOBIAN,
    TIMES,
    Case,
    right,
)


def _always(case: Case) -> bool:
    return True


class Edit(NamedTuple):
    """A mistake.

    Attributes:
        id: the quantity and the mistake, "dV/transposed".
        sample: slot to text, for one sample.
        rows: slot to text, for rows of samples; None: the same.
        when: where it can be made.
    """

    id: str
    sample: dict[str, str] | None
    rows: dict[str, str] | None = None
    when: Callable[[Case], bool] = _always

    def lines(self, case: Case) -> dict[str, str] | None:
        return self.rows if case.rows and self.rows is not None else self.sample

    def applies(self, case: Case) -> bool:
        return self.lines(case) is not None and self.when(case)


def _bias(case: Case) -> bool:
    return case.bias


def _no_bias(case: Case) -> bool:
    return not case.bias


def _update(case: Case) -> bool:
    return case.update


def _rows(case: Case) -> bool:
    return case.rows


def _rows_with_bias(case: Case) -> bool:
    return case.rows and case.bias


def _mean(case: Case) -> bool:
    return case.rows and case.reduction == "mean"


def _sum(case: Case) -> bool:
    return case.rows and case.reduction == "sum"


def _not_of_the_mean(case: Case) -> bool:
    return case.rows and not (case.deltas and case.reduction == "mean")


def _pair(output: str, loss: str) -> Callable[[Case], bool]:
    return lambda case: (case.output, case.loss) == (output, loss)


def _hidden(f: str) -> Callable[[Case], bool]:
    return lambda case: case.hidden == f


def _hidden_other_than(f: str) -> Callable[[Case], bool]:
    return lambda case: case.hidden != f


def _curved(case: Case) -> bool:
    return case.hidden in ("sigmoid", "tanh")


def _jacobian(right_factor: str, rows: bool) -> str:
    return TIMES[rows][0].format(J=JACOBIAN[rows], r=right_factor)


_WEIGHTS = "np.hstack([{{}}[:, :1], {} {{}}[:, 1:]])"
_BIAS = "np.hstack([{} {{}}[:, :1], {{}}[:, 1:]])"


def _factors() -> Iterable[Edit]:
    """A sign or a factor too much, on each of the four quantities."""
    texts = {
        "sign": "-{}",
        "times-2": "2 * {}",
        "times-half": "{} / 2",
        "times-m": "len(V) * {}",
        "over-m": "{} / len(V)",
        "zero": "np.zeros_like({})",
    }
    for slot in ("delta2", "dV", "delta1", "dW"):
        last = f"mean_{slot}" if slot in ("dV", "dW") else slot
        for name, text in texts.items():
            yield Edit(f"{slot}/{name}", {slot: text}, {last: text})
    for slot in ("delta2", "delta1"):
        yield Edit(f"{slot}/times-n", {slot: "len(x) * {}"}, when=_rows)
        # Both deltas divided by n are the gradients of the mean, a convention like another.
        when = _not_of_the_mean if slot == "delta2" else _rows
        yield Edit(f"{slot}/over-n", {slot: "{} / len(x)"}, when=when)
        yield Edit(f"{slot}/times-eta", {slot: "eta * {}"}, when=_update)
        yield Edit(f"{slot}/over-eta", {slot: "{} / eta"}, when=_update)
    rows = {
        "sum-for-mean": ("{} * len(x)", _mean),
        "over-n": ("{} / len(x)", _mean),
        "mean-for-sum": ("{} / len(x)", _sum),
        "times-n": ("{} * len(x)", _sum),
    }
    for name, (text, when) in rows.items():
        yield Edit(f"dV/{name}", {"mean_dV": text}, when=when)
        yield Edit(f"dW/{name}", {"mean_dW": text}, when=when)
        yield Edit(f"share/{name}", {"mean_dV": text, "mean_dW": text}, when=when)
    for p in "VW":
        for text in (f"eta * d{p}", f"-eta * d{p}"):
            yield Edit(f"d{p}/old-forgotten", {f"new_{p}": text}, when=_update)
        for name, factor in {"times-n": "len(x) *", "over-n": "1 / len(x) *"}.items():
            when = _rows_with_bias
            yield Edit(f"d{p}/bias-{name}", {f"mean_d{p}": _BIAS.format(factor)}, when=when)
            text = _WEIGHTS.format(factor)
            yield Edit(f"d{p}/weights-{name}", {f"mean_d{p}": text}, when=when)
        last = (f"d{p}", f"mean_d{p}")
        yield Edit(f"d{p}/bias-times-2", *({slot: _BIAS.format("2 *")} for slot in last), _bias)
    steps = {
        "eta-twice": "{p} - eta * eta * d{p}",
        "eta-missing": "{p} - d{p}",
        "ascent": "{p} + eta * d{p}",
    }
    for name, text in steps.items():
        for p in "VW":
            yield Edit(f"d{p}/{name}", {f"new_{p}": text.format(p=p)}, when=_update)
        lines = {f"new_{p}": text.format(p=p) for p in "VW"}
        yield Edit(f"share/{name}", lines, when=_update)


def _outer(slot: str, sample: tuple[str, str], rows: tuple[str, str]) -> tuple[dict, dict]:
    """The product of two things, for one sample and for rows."""
    return (
        {slot: f"np.outer({sample[0]}, {sample[1]})"},
        {slot: f"({rows[0]}).T @ {rows[1]}"},
    )


_G_IS_A = {"g": "a"}
_SOFTMAX_AGAIN = "np.exp({{}}) / np.exp({{}}).sum({})"
_ONE_U = "np.hstack([np.ones((len(x), 1)), u])"
_ZERO_FU = "np.hstack([np.zeros((len(x), 1)), fu])"
_FU_ONE = "np.hstack([fu, np.ones((len(x), 1))])"
_ZERO_X = "np.hstack([np.zeros((len(x), 1)), x[:, 1:]])"
_X_ONE = "np.hstack([x[:, 1:], np.ones((len(x), 1))])"

DELTA2 = (
    # With the two fused pairs, and without slope for the identity.
    Edit("delta2/g-y-exchanged", {"delta2": "y - g"}, when=_pair("softmax", "cross_entropy")),
    Edit(
        "delta2/g-y-exchanged", {"delta2": "y - g"}, when=_pair("sigmoid", "binary_cross_entropy")
    ),
    Edit(
        "delta2/g-y-exchanged", {"delta2": "2 * (y - g)"}, when=_pair("identity", "squared_error")
    ),
    Edit(
        "delta2/g-y-exchanged",
        {"delta2": "2 * (y - g) * g * (1 - g)"},
        when=_pair("sigmoid", "squared_error"),
    ),
    Edit(
        "delta2/g-y-exchanged",
        {"delta2": "2 * (y - g) * (1 - g**2)"},
        when=_pair("tanh", "squared_error"),
    ),
    Edit(
        "delta2/g-y-exchanged",
        {"delta2": _jacobian("2 * (y - g)", False)},
        {"delta2": _jacobian("2 * (y - g)", True)},
        when=_pair("softmax", "squared_error"),
    ),
    Edit("delta2/y-missing", {"delta2": "g"}, when=_pair("softmax", "cross_entropy")),
    Edit("delta2/y-missing", {"delta2": "g"}, when=_pair("sigmoid", "binary_cross_entropy")),
    Edit("delta2/y-missing", {"delta2": "g"}, when=_pair("identity", "squared_error")),
    Edit(
        "delta2/softmax-diagonal",
        {"delta2": "-y / g * g * (1 - g)"},
        when=_pair("softmax", "cross_entropy"),
    ),
    Edit(
        "delta2/softmax-diagonal",
        {"delta2": "2 * (g - y) * g * (1 - g)"},
        when=_pair("softmax", "squared_error"),
    ),
    Edit(
        "delta2/output-slope-extra",
        {"delta2": "{} * g * (1 - g)"},
        when=_pair("softmax", "cross_entropy"),
    ),
    Edit(
        "delta2/output-slope-extra",
        {"delta2": "{} * g * (1 - g)"},
        when=_pair("sigmoid", "binary_cross_entropy"),
    ),
    Edit(
        "delta2/output-jacobian-extra",
        {"delta2": _jacobian("{}", False)},
        {"delta2": _jacobian("{}", True)},
        when=_pair("softmax", "cross_entropy"),
    ),
    Edit(
        "delta2/output-jacobian-extra",  # which for this g is the same
        {"delta2": "{} * g * (1 - g)"},
        when=_pair("sigmoid", "binary_cross_entropy"),
    ),
    Edit(
        "delta2/output-slope-missing",
        {"delta2": "2 * (g - y)"},
        when=lambda case: case.loss == "squared_error" and case.output != "identity",
    ),
    Edit(
        "delta2/output-slope-missing", {"delta2": "-y / g"}, when=_pair("softmax", "cross_entropy")
    ),
    Edit(
        "delta2/output-slope-missing",
        {"delta2": "(1 - y) / (1 - g) - y / g"},
        when=_pair("sigmoid", "binary_cross_entropy"),
    ),
    Edit(
        "delta2/other-g",
        {"g": "1 / (1 + np.exp(-a))"},
        when=_pair("softmax", "cross_entropy"),
    ),
    Edit(
        "delta2/other-g",
        {"g": "np.exp(a) / np.exp(a).sum()"},
        {"g": "np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)"},
        when=_pair("sigmoid", "binary_cross_entropy"),
    ),
    *(
        Edit(
            "delta2/output-twice",
            {"g": _SOFTMAX_AGAIN.format("")},
            {"g": _SOFTMAX_AGAIN.format("axis=1, keepdims=True")},
            when=_pair("softmax", loss),
        )
        for loss in ("cross_entropy", "squared_error")
    ),
    *(
        Edit("delta2/output-twice", {"g": "1 / (1 + np.exp(-{}))"}, when=_pair("sigmoid", loss))
        for loss in ("binary_cross_entropy", "squared_error")
    ),
    Edit("delta2/output-twice", {"g": "np.tanh({})"}, when=_pair("tanh", "squared_error")),
    Edit("delta2/softmax-not-divided", {"g": "np.exp(a)"}, when=_pair("softmax", "cross_entropy")),
    Edit(
        "delta2/softmax-wrong-axis",
        None,
        {"g": "np.exp(a) / np.exp(a).sum(axis=0)"},
        when=_pair("softmax", "cross_entropy"),
    ),
    Edit(
        "delta2/softmax-whole-batch",
        None,
        {"g": "np.exp(a) / np.exp(a).sum()"},
        when=_pair("softmax", "cross_entropy"),
    ),
    Edit(
        "delta2/wrong-loss",
        {"delta2": _jacobian("2 * (g - y)", False)},
        {"delta2": _jacobian("2 * (g - y)", True)},
        when=_pair("softmax", "cross_entropy"),
    ),
    Edit("delta2/wrong-loss", {"delta2": "g - y"}, when=_pair("softmax", "squared_error")),
    Edit(
        "delta2/wrong-loss",
        {"delta2": "2 * (g - y) * g * (1 - g)"},
        when=_pair("sigmoid", "binary_cross_entropy"),
    ),
    Edit("delta2/wrong-loss", {"delta2": "g - y"}, when=_pair("sigmoid", "squared_error")),
    Edit("delta2/output-missing", _G_IS_A, when=_pair("softmax", "cross_entropy")),
    Edit("delta2/output-missing", _G_IS_A, when=_pair("sigmoid", "binary_cross_entropy")),
)

FORWARD = (
    Edit("u/bias-ignored-W", {"u": "W[:, 1:] @ x[1:]"}, {"u": "x[:, 1:] @ W[:, 1:].T"}, _bias),
    Edit("fu/f-missing", {"fu": "u"}),
    *(
        Edit("fu/f-twice", {"fu": FUNCTION[f][0].format(u="{}")}, when=_hidden(f))
        for f in ("sigmoid", "tanh")
    ),
    *(
        Edit("fu/other-f", {"fu": FUNCTION[f][0].format(u="u")}, when=_hidden_other_than(f))
        for f in HIDDEN
        if f != "identity"
    ),
    *(
        Edit(
            "z/1-through-f",
            {"z": FUNCTION[f][0].format(u="np.append(1, u)")},
            {"z": FUNCTION[f][0].format(u=_ONE_U)},
            when=lambda case, f=f: case.hidden == f and case.bias,
        )
        for f in ("sigmoid", "tanh")
    ),
    Edit("z/z-without-1", {"z": "fu"}, when=_bias),
    Edit("z/1-at-the-end", {"z": "np.append(fu, 1)"}, {"z": _FU_ONE}, _bias),
    Edit("a/bias-ignored-V", {"a": "V[:, 1:] @ fu"}, {"a": "fu @ V[:, 1:].T"}, _bias),
    Edit("a/V-transposed-forward", {"a": "V.T @ z"}, {"a": "z @ V"}),
)

DV = (
    Edit("dV/transposed", {"dV": "np.outer(z, delta2)"}, {"dV": "z.T @ delta2"}),
    Edit("dV/z-without-1", *_outer("dV", ("delta2", "fu"), ("delta2", "fu")), _bias),
    Edit("dV/x-for-z", *_outer("dV", ("delta2", "x"), ("delta2", "x"))),
    Edit("dV/u-for-z", *_outer("dV", ("delta2", "np.append(1, u)"), ("delta2", _ONE_U)), _bias),
    Edit("dV/u-for-z", *_outer("dV", ("delta2", "u"), ("delta2", "u")), _no_bias),
    Edit(
        "dV/bias-zeroed",
        *_outer("dV", ("delta2", "np.append(0, fu)"), ("delta2", _ZERO_FU)),
        _bias,
    ),
    Edit("dV/bias-last", *_outer("dV", ("delta2", "np.append(fu, 1)"), ("delta2", _FU_ONE)), _bias),
    Edit(
        "dV/means-first", None, {"mean_dV": "np.outer(delta2.mean(axis=0), z.mean(axis=0))"}, _mean
    ),
)

# A row too many in δ1 needs a slope for it, or nothing comes out at all.
_LONG = ({"slope": "np.append(1, {})"}, {"slope": "np.hstack([np.ones((len(x), 1)), {}])"})
_ZERO_LONG = ({"slope": "np.append(0, {})"}, {"slope": "np.hstack([np.zeros((len(x), 1)), {}])"})

DELTA1 = (
    Edit("delta1/V-not-transposed", {"back": "V_tilde @ delta2"}, {"back": "delta2 @ V_tilde.T"}),
    Edit("delta1/V-bias-kept", {"V_tilde": "V"}, when=_bias),
    Edit("delta1/V-bias-kept", {"V_tilde": "V"} | _LONG[0], {"V_tilde": "V"} | _LONG[1], _bias),
    Edit(
        "delta1/V-bias-kept",
        {"V_tilde": "V"} | _ZERO_LONG[0],
        {"V_tilde": "V"} | _ZERO_LONG[1],
        _bias,
    ),
    Edit("delta1/V-last-dropped", {"V_tilde": "V[:, :-1]"}, when=_bias),
    Edit(
        "delta1/V-bias-zeroed",
        {"V_tilde": "V * (np.arange(V.shape[1]) > 0)"} | _LONG[0],
        {"V_tilde": "V * (np.arange(V.shape[1]) > 0)"} | _LONG[1],
        _bias,
    ),
    Edit("delta1/W-for-V", {"V_tilde": "W[:, 1:]"}, when=_bias),
    Edit("delta1/W-for-V", {"V_tilde": "W"}, when=_no_bias),
    Edit(
        "delta1/V-missing",
        {"back": "np.sum(delta2)"},
        {"back": "np.sum(delta2, axis=1, keepdims=True)"},
    ),
    Edit("delta1/slope-missing", {"delta1": "back"}),
    Edit("delta1/slope-twice", {"delta1": "{} * slope"}),
    *(
        Edit(
            "delta1/slope-at-z",
            {"slope": DERIVATIVE[f][0].format(u="fu")},
            when=_hidden(f),
        )
        for f in ("sigmoid", "tanh")  # for the other two it is the same
    ),
    *(
        Edit("delta1/slope-at-a", {"slope": DERIVATIVE[f][0].format(u="a")}, when=_hidden(f))
        for f in ("relu", "sigmoid", "tanh")
    ),
    Edit("delta1/f-for-slope", {"slope": "fu"}),
    Edit(
        "delta1/slope-rule-of-sigmoid",
        {"slope": "fu * (1 - fu)"},
        when=_hidden_other_than("sigmoid"),
    ),
    Edit("delta1/slope-rule-of-tanh", {"slope": "1 - fu**2"}, when=_hidden_other_than("tanh")),
    Edit("delta1/slope-rule-at-u", {"slope": "u * (1 - u)"}, when=_hidden("sigmoid")),
    Edit("delta1/slope-rule-at-u", {"slope": "1 - u**2"}, when=_hidden("tanh")),
    Edit("delta1/slope-1-f", {"slope": "1 - fu"}, when=_curved),
    Edit("delta1/slope-plus", {"slope": "1 + fu**2"}, when=_hidden("tanh")),
    Edit("delta1/slope-plus", {"slope": "fu * (1 + fu)"}, when=_hidden("sigmoid")),
    Edit("delta1/slope-reversed", {"slope": "np.where(u < 0, 1.0, 0.0)"}, when=_hidden("relu")),
    Edit("delta1/slope-sign", {"slope": "np.sign(u)"}, when=_hidden("relu")),
    Edit(
        "delta1/slope-inside",
        {"delta1": "V_tilde.T @ (delta2 * slope)"},
        {"delta1": "(delta2 * slope) @ V_tilde"},
    ),
    *(
        Edit(
            "delta1/slope-of-other",
            {"slope": DERIVATIVE[f][0].format(u="u")},
            when=_hidden_other_than(f),
        )
        for f in HIDDEN
        if f != "identity"
    ),
    Edit(
        "delta1/updated-V",
        {"V_tilde": "new_V[:, 1:]"},
        when=lambda case: case.update and case.bias,
    ),
    Edit("delta1/updated-V", {"V_tilde": "new_V"}, when=lambda case: case.update and not case.bias),
)

DW = (
    Edit("dW/transposed", {"dW": "np.outer(x, delta1)"}, {"dW": "x.T @ delta1"}),
    Edit("dW/x-without-1", *_outer("dW", ("delta1", "x[1:]"), ("delta1", "x[:, 1:]")), _bias),
    Edit("dW/z-for-x", *_outer("dW", ("delta1", "z"), ("delta1", "z"))),
    Edit(
        "dW/bias-zeroed",
        *_outer("dW", ("delta1", "np.append(0, x[1:])"), ("delta1", _ZERO_X)),
        _bias,
    ),
    Edit(
        "dW/bias-last",
        *_outer("dW", ("delta1", "np.append(x[1:], 1)"), ("delta1", _X_ONE)),
        _bias,
    ),
    Edit(
        "dW/means-first", None, {"mean_dW": "np.outer(delta1.mean(axis=0), x.mean(axis=0))"}, _mean
    ),
)

EDITS = (*_factors(), *DELTA2, *FORWARD, *DV, *DELTA1, *DW)

# Names of one and the same function, wherever both apply. An update step doesn't show the deltas,
# so that what is done to δ1 is done to ∂E/∂W, and what is done to δ2 to both.
SYNONYMS = (
    {"delta2/sign", "delta2/g-y-exchanged"},
    {"dV/sign", "dV/ascent"},
    {"dW/sign", "dW/ascent"},
    {"delta1/sign", "dW/ascent"},
    {"delta1/times-eta", "dW/eta-twice"},
    {"delta1/over-eta", "dW/eta-missing"},
    {"delta2/sign", "share/ascent"},
    {"delta2/g-y-exchanged", "share/ascent"},
    {"delta2/times-eta", "share/eta-twice"},
    {"delta2/over-n", "share/over-n"},
    {"delta2/over-eta", "share/eta-missing"},
)


def edited(case: Case, edits: Iterable[Edit]) -> dict[str, str]:
    """The plain right derivation with these edits."""
    return changed(right(case), [edit.lines(case) for edit in edits])


def changed(lines: Mapping[str, str], edits: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """A derivation's lines with edits made: replaced lines first, then wrapped ones."""
    lines = dict(lines)
    changes = [change for edit in edits for change in edit.items()]
    for slot, text in sorted(changes, key=lambda change: "{}" in change[1]):
        lines[slot] = text.replace("{}", f"({lines[slot]})")
    return lines


def combinable(case: Case, one: Edit, other: Edit) -> bool:
    """Whether the two can be made in one text: not where both replace the same line."""
    lines = [edit.lines(case) for edit in (one, other)]
    both = lines[0].keys() & lines[1].keys()
    return one.id != other.id and all(any("{}" in text[slot] for text in lines) for slot in both)
