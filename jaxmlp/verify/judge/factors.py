"""Steps and gradients that are right but for a factor: uphill, of size 0, another than the rest."""

from collections.abc import Iterator, Sequence

import numpy as np

from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.faults import StepMistake
from jaxmlp.verify.judge.following import gradient_nodes
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.otherwise import BACKWARDS, backwards_note
from jaxmlp.verify.judge.rates import lacks_rate, made_again, near, repeats_rate
from jaxmlp.verify.judge.uneven import sample_counts
from jaxmlp.verify.judge.worlds import Param
from jaxmlp.verify.truth import errors

ETA_ZERO = Note(
    "eta-zero",
    Words("The step size is 0 at this step (does a // cut off its decimals?): nothing is updated.",
          "このステップの η が 0 なので、何も更新されません (// は小数を切り捨てます)。"),
    Words("Look again at how the step size is computed.", "η の計算を見直してください。"),
)  # fmt: skip
NO_STEP_SIZE = Note(
    "no-step-size",
    Words("The step size is missing here: all other updates are multiplied by it.",
          "ここだけ η が掛けられていません。他のパラメータの更新量には η が掛けられています。"),
    Words("Compare the updates of all parameters.",
          "すべてのパラメータの更新式を見比べてください。"),
)  # fmt: skip
RATE_AGAIN = Note(
    "eta-twice",
    Words("The step size is multiplied in twice here, and once in other updates.",
          "ここでは η が 2 回掛けられています。他の更新では 1 回です。"),
    Words("Compare the updates of all parameters.",
          "すべてのパラメータの更新式を見比べてください。"),
)  # fmt: skip
UPHILL = Note(
    "uphill",
    Words("The step goes up E: the gradient is added where it should be subtracted.",
          "E が増える向きに更新しています。勾配は足すのではなく引きます。"),
    Words("Does the step go down?", "E が減る向きに進んでいますか。"),
)  # fmt: skip
REVERSED = Note(
    "sign",
    Words("The sign is the opposite: this is −∂E/∂(the value).",
          "符号が逆です (−∂E/∂(この量) になっています)。"),
    Words("In which direction does E grow?", "E はどちらの向きに増えますか。"),
)  # fmt: skip
REDUCTION_NOTES = {
    "mean": Note("sum-for-mean", Words(
        "This is the sum over the samples; the mean belongs here.",
        "サンプルについての平均ではなく和になっています。"), BACKWARDS),
    "sum": Note("mean-for-sum", Words(
        "This is the mean over the samples; the sum belongs here.",
        "サンプルについての和ではなく平均になっています。"), BACKWARDS),
}  # fmt: skip
OF_UPDATE = frozenset(("no-step-size", "eta-twice", "made-again"))  # and not of the gradient
ERROR_FACTORS = (1.0, 2.0, 0.5)  # factors that E may have
TOLD = 1e-12  # of a parameter, by which it is seen to move


def step_mistakes(judgement: Judgement) -> Iterator[StepMistake]:
    """Steps by a right gradient with another factor than the others', or upwards."""
    for param in judgement.world.params:
        span = judgement.world.recording.nodes[param.new].span
        if not judgement.right.get(param.name):
            continue
        if slope := judgement.scaled.get(param.name):
            span = judgement.world.recording.nodes[slope.node].span
            yield StepMistake((param.name,), (_scaled_slope(slope.times),), span)
        elif param.name in judgement.uneven:
            note = _uneven(judgement, param)
            if note.id not in OF_UPDATE or note is RATE_AGAIN:
                at = _scaled_at(judgement, param, judgement.uneven[param.name])
                span = judgement.world.recording.nodes[at].span
            yield StepMistake((param.name,), (note,), span)
        elif not param.gives and _is_held(judgement, param):
            yield StepMistake((param.name,), (ETA_ZERO,), span)
        elif param.name in judgement.uphill or (
            not param.gives and judgement.factors.get(param.name, 1) < 0
        ):
            yield _uphill(judgement, param)


def _scaled_slope(times: float) -> Note:
    """That what stands for f' has another factor."""
    said = f"{times:.4g}"
    return backwards_note(
        "slope-scaled",
        f"The factor used as f'(u) here is {said} times the derivative of the activation, so that "
        "the gradients of the layers nearer to the input get another factor than those of the "
        "others.",
        f"ここで f'(u) として使っている値は、活性化関数の微分の {said} 倍です。"
        "入力側の層の勾配だけが、ほかの層と異なる倍率になります。", "L18")  # fmt: skip


def _scaled_at(judgement: Judgement, param: Param, times: float) -> int:
    """Where the factor comes in that the gradient of a parameter has and others have not."""
    backward, graph = judgement.choice.target.backward, judgement.world.graph
    even = judgement.right.keys() - judgement.uneven
    alike = {name for name, factor in judgement.factors.items()
             if near(factor, judgement.factors.get(param.name, 0))}  # fmt: skip
    others = [p.new for p in judgement.world.params if p.name in even - alike]
    own = sorted((graph.ancestors([param.new]) & backward) - graph.ancestors(others))
    if (number := next((i for i in own if _brings(judgement, i, times)), None)) is not None:
        return number
    named = [(i, name) for i in sorted(backward) if (name := judgement.names.of(i))]
    first = next((name.factor for _, name in named), 1.0)
    for number, name in named:  # after a sum that is no derivative, and has another factor
        if number in own and near(name.factor, times * first):
            return number
    mine = gradient_nodes(judgement.world, judgement.choice.target, judgement.names, param)
    return min(mine, default=param.new)  # which lacks it from the beginning


def _brings(judgement: Judgement, number: int, times: float) -> bool:
    """Whether a derivative of E has so many times the factor of one that it is made of."""
    backward = judgement.choice.target.backward
    before = (i for i in judgement.world.graph.before[number] if i in backward)
    ratios = (judgement.names.ratio(number, former) for former in before)
    return any(any(near(r, times) for r in some) and not any(near(r, 1.0) for r in some)
               for some in ratios)  # fmt: skip


def _uphill(judgement: Judgement, param: Param) -> StepMistake:
    """A step up E: where the sign of its gradient turns, or else at the step."""
    graph, backward = judgement.world.graph, judgement.choice.target.backward
    own = sorted(graph.ancestors([param.new]) & backward - {param.new})
    against = (i for i in own if (name := judgement.names.of(i)) and name.factor < 0)
    turns = next((i for i in against if _brings(judgement, i, -1.0)), None)
    note, at = (UPHILL, param.new) if turns is None else (REVERSED, turns)
    return StepMistake((param.name,), (note,), judgement.world.recording.nodes[at].span)


def shares(judgement: Judgement) -> Iterator[StepMistake]:
    """Parameters that shrink by another share of themselves than the file's own E says."""
    nodes, graph = judgement.world.recording.nodes, judgement.world.graph
    for param in (p for p in judgement.world.params if p.name in judgement.shares):
        own = graph.ancestors([param.new]) & graph.dependents([param.old]) - {param.old}
        old = judgement.names.value(param.old)
        own = {i for i in own if judgement.names.value(i).shape == old.shape}
        alike = (i for i in sorted(own) if multiple(judgement.names.value(i), old) is not None)
        span = nodes[next(alike, param.new)].span
        yield StepMistake((param.name,), (_other_share(judgement.shares[param.name]),), span)


def _other_share(times: float) -> Note:
    """That the weights shrink more or less than they should."""
    if not times:
        return Note("no-share", Words(
            "The file's own E has a penalty on these weights, and its derivative is missing here.",
            "ファイル自身の E にはこの重みの正則化項がありますが、その微分が抜けています。"),
            BACKWARDS)  # fmt: skip
    said = f"{times:.4g}"
    return Note("other-share", Words(
        f"The weights shrink {said} times as much as the penalty in the file's own E says: the "
        "derivative of λ Σ w² is 2λw, that of ½ λ Σ w² is λw.",
        f"重み減衰が、ファイル自身の E の正則化項から決まる値の {said} 倍です。"
        "λ Σ w² の微分は 2λw、½ λ Σ w² の微分は λw です。"), BACKWARDS)  # fmt: skip


def by_convention(
    judgement: Judgement, reduction: str | None, *, exact: bool
) -> Iterator[StepMistake]:
    """What a call gives with a factor that no caller could make good, or that was not asked for."""
    params = [p for p in judgement.world.params if p.gives and p.name in judgement.factors]
    if not params:
        return
    names = tuple(p.name for p in params)
    factors = [judgement.factors[name] for name in names]
    known = {i: name for i in judgement.choice.target.backward if (name := judgement.names.of(i))}
    nodes, news = judgement.world.recording.nodes, [p.new for p in params]
    if judgement.world.recording.handed:
        for p, factor in zip(params, factors, strict=True):
            if not near(factor, 1.0):
                yield StepMistake((p.name,), (_of_handed(factor),), nodes[p.new].span)
    elif exact and all(factor < 0 for factor in factors):
        first = min((i for i, name in known.items() if name.factor < 0), default=min(news))
        yield StepMistake(names, (REVERSED,), nodes[first].span)
    elif reduction and _is_shared_otherwise(judgement, factors, reduction):
        yield StepMistake(
            names, (REDUCTION_NOTES[reduction],), nodes[min(known, default=min(news))].span
        )


def _made_again(times: int) -> Note:
    """That an update stands in a loop."""
    return Note("made-again", Words(
        f"This update is made {times} times in one step, and those of other parameters once: does "
        "it stand in a loop where it does not belong?",
        f"この更新は 1 ステップに {times} 回行われています (他のパラメータは 1 回)。"
        "余分なループの中に入っていないか確かめてください。"),
        Words("How often is each parameter updated?",
              "それぞれのパラメータは何回更新されますか。"))  # fmt: skip


def _of_handed(factor: float) -> Note:
    """That an optimiser gets another gradient than that of the E which it gets."""
    if near(factor, -1.0):
        return REVERSED
    said = f"{factor:.4g}"
    return Note("other-factor", Words(
        f"This is {said} times the gradient of the E that the optimiser gets beside it.",
        f"最適化関数に一緒に渡される E の勾配の {said} 倍になっています。"), BACKWARDS)  # fmt: skip


def _is_shared_otherwise(judgement: Judgement, factors: Sequence[float], reduction: str) -> bool:
    """Whether these are of the sum over the samples for the mean, or the other way round."""
    ((g, _), *more) = judgement.choice.target.pairs
    shape = judgement.world.at[0][g].shape
    if more or len(shape) < 2 or judgement.choice.error not in errors.ERROR_FUNCTIONS:
        return False
    n = next(iter(sample_counts(judgement.world, g)), 1)
    share = 1.0 if reduction == "mean" else 1 / n
    return n > 1 and any(
        all(np.isclose(abs(factor), share * c) for factor in factors) for c in ERROR_FACTORS
    )


def _is_rate_again(judgement: Judgement, param: Param, others: Sequence[int]) -> bool:
    """Whether a parameter has another factor than others by the step size once again."""
    times = judgement.uneven[param.name]
    return param.name in judgement.squared or repeats_rate(
        judgement.world, param.new, others, times
    )


def _is_held(judgement: Judgement, param: Param) -> bool:
    """Whether a parameter does not move, though by the others' step size it would be seen to."""
    true = np.abs(judgement.names.adjoints[param.old]).max()
    size = max(map(abs, judgement.factors.values()), default=1.0) * true
    own = np.abs(judgement.names.value(param.old)).max()
    return bool(size > TOLD * own) and not np.any(judgement.world.change(param))


def _uneven(judgement: Judgement, param: Param) -> Note:
    """That one parameter has another factor than the others; the opposite sign; or no step size,
    where they have."""
    times, new = judgement.uneven[param.name], {p.name: p.new for p in judgement.world.params}
    common = judgement.factors.get(param.name, 0) / times
    others = [new[name] for name, factor in judgement.factors.items() if near(factor, common)]
    if not param.gives and lacks_rate(judgement.world, param.new, others, times):
        return NO_STEP_SIZE
    if not param.gives and _is_rate_again(judgement, param, others):
        return RATE_AGAIN
    if param.gives and near(times, -1.0):
        return REVERSED
    if not param.gives and near(times, float(again := made_again(judgement.world, param))):
        return _made_again(again)
    said = f"{times:.4g}"
    return Note("other-factor", Words(
        f"This is {said} times what goes with the gradients of the other parameters: all have to "
        "be taken of one and the same E (a mean or a sum, with or without ½).",
        f"他のパラメータの勾配に対応する値の {said} 倍になっています。"
        "すべて同じ E (平均か和か、½ の有無) の勾配でなければなりません。"), BACKWARDS)  # fmt: skip
