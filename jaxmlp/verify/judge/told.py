"""A judged step as checks: one for each parameter, a mistake told once, where it is."""

import ast
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from jaxmlp.verify.finding import FROM_WRONG, Check, Note, Place, Words
from jaxmlp.verify.judge.called import NAMELESS, Called
from jaxmlp.verify.judge.called import place as position
from jaxmlp.verify.judge.causes import OF_ONE_SAMPLE, is_of_one_sample
from jaxmlp.verify.judge.exchanged import ANOTHER_DERIVATIVE, relation
from jaxmlp.verify.judge.factors import by_convention, shares, step_mistakes
from jaxmlp.verify.judge.faults import Fault, StepMistake, slope_apart
from jaxmlp.verify.judge.following import passes_on
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.lines import Told, listing
from jaxmlp.verify.judge.mending import repairs
from jaxmlp.verify.judge.misfits import misfits, misnamed
from jaxmlp.verify.judge.otherwise import BACKWARDS, Cause, repaired
from jaxmlp.verify.judge.places import at_line, placed
from jaxmlp.verify.judge.rates import products_in, squares_rate, states_rate
from jaxmlp.verify.judge.still import resized, still
from jaxmlp.verify.judge.worlds import Param
from jaxmlp.verify.judge.wrong_slopes import place_of
from jaxmlp.verify.names import last_of, updated_names
from jaxmlp.verify.reading import code_cells, statements_of
from jaxmlp.verify.run.tape import Span
from jaxmlp.verify.truth import errors

TITLES = {
    "upstream": Words(
        "an E whose ∂E/∂(output) is taken as it is,", " ∂E/∂(出力) をそのまま受け入れた E"
    ),
    "own": Words("the file's own E", "ファイル自身の E"),
    "squared_error": Words("the squared error Σ (g − y)²", "二乗誤差 Σ (g − y)²"),
    "cross_entropy": Words("the cross-entropy −Σ y log g", "クロスエントロピー −Σ y log g"),
    "binary_cross_entropy": Words(
        "the binary cross-entropy −Σ (y log g + (1 − y) log(1 − g))",
        "二値クロスエントロピー −Σ (y log g + (1 − y) log(1 − g))",
    ),
}
UNRECOGNISED = Note(
    "unrecognised",
    Words(
        "What this is made of are derivatives of E, and it is none itself.",
        "この式は E の微分から作られていますが、それ自身はどの量の微分にもなっていません。",
    ),
    BACKWARDS,
)
PASSED_ON = Note(
    "passed-on",
    Words("gives back what it is given: its derivative has to be in that already, as in g − y",
          "受け取った値をそのまま返します。g − y のように、微分がすでに含まれている必要があります"),
)  # fmt: skip
FORGOTTEN = Note(
    "old-forgotten",
    Words("The step stands in place of the parameter: its old value is missing here.",
          "更新量だけが代入されていて、元のパラメータの値が抜けています。"),
    Words("What is the new value made of?", "新しい値は何から計算しますか。"),
)  # fmt: skip
STALE = Note(
    "stale",
    Words("This is still of the step before: it is kept, and not computed anew in this one.",
          "1 つ前の更新のときの値が残っています。このステップで計算し直した値を使ってください。"),
    Words("Which step do these values come from?", "この値はどのステップで計算したものですか。"),
)  # fmt: skip
OPPOSITE = Note("opposite", Words(
    "gives the gradient with the opposite sign: an update has to add it, not subtract it",
    "符号が逆の勾配を返します。更新では引くのでなく足す必要があります"))  # fmt: skip
FOLLOWS = Note(FROM_WRONG, Words(
    "right, from a wrong value before it",
    "前の値は誤りですが、ここから先の計算は正しいです"))  # fmt: skip


class Telling:
    """What there is to say of a judged step, with its code.

    Args:
        lines: of the file.
        cells: of a notebook, the first line of each cell; else nothing.
        exact: whether what a call gives has to be the gradients, without another sign.
        reduction: "mean" or "sum" over the samples, where somebody has said it.
    """

    def __init__(
        self, judgement: Judgement, lines: Sequence[str], cells: Sequence[int], *,
        exact: bool = False, reduction: str | None = None,
    ):  # fmt: skip
        self.found, self.lines, self.cells = judgement, lines, cells
        self.exact, self.reduction = exact, reduction
        self.nodes = judgement.world.recording.nodes
        self.misfits, self.misnamed = misfits(judgement), misnamed(judgement)
        statements = statements_of(code_cells(lines, cells))
        self.code = Told(judgement, Called(judgement.world.recording, statements, cells))
        self.titles = _titles(
            judgement,
            self.code,
            [*(misfit.param for misfit in self.misfits), *(p for p, _ in self.misnamed)],
        )

    def place(self, node: int) -> Place | None:
        """Where a node's expression stands."""
        return placed(self.nodes[node].span, self.lines, self.cells)

    def stage(self, param: str) -> str:
        """What is checked of a parameter."""
        return f"∂E/∂{self.titles.get(param, param)}"

    def checks(self) -> tuple[Check, ...]:
        """A check for each parameter."""
        judgement, recording = self.found, self.found.world.recording
        name, line = recording.name or "training loop", recording.line or None
        spoiled_by = shares(judgement) if judgement.shares else _mistakes(judgement, self.code)
        mistakes = [*spoiled_by, *step_mistakes(judgement), *still(judgement), *resized(judgement)]
        mistakes += [] if mistakes else by_convention(judgement, self.reduction, exact=self.exact)
        mistakes += [StepMistake((one.param.name,), (one.note,), self.nodes[one.param.new].span)
                     for one in self.misfits]  # fmt: skip
        others = ((p, _another(self.code.title(of))) for p, of in self.misnamed)
        mistakes += [StepMistake((p.name,), (note,), self.nodes[p.new].span) for p, note in others]
        told = {one.params[0]: one for one in reversed(mistakes)}
        spoiled = {name for one in mistakes for name in one.params}
        params = [p.name for p in judgement.world.params if p.name in judgement.right]
        made: list[Check] = []
        for param, part in self._parts([*params, *told], mistakes).items():
            check = Check(name, self.stage(part), "right", line)
            if param in told:
                span = told[param].span  # of zeros that were never touched there is none
                place = placed(span, self.lines, self.cells)
                check = replace(check, verdict="wrong", diagnosis=told[param].notes, place=place)
            elif param in spoiled:
                check = replace(check, remarks=(FOLLOWS,))
            elif not judgement.right[param]:
                check = self._of_another(check, param)
            if check not in made:  # one gradient in two places
                made.append(check)
        first, *rest = made
        return (replace(first, remarks=(*self.compared_with, *first.remarks)), *rest)

    @functools.cached_property
    def compared_with(self) -> tuple[Note, ...]:
        """By what E it was judged, and which other the file states."""
        passed = any(passes_on(self.found.choice, p) for p in self.found.world.params)
        said = [PASSED_ON] if passed else []
        said += [OPPOSITE] if self._is_opposite() else []
        return _by(self.found, self.code), *_of_other_errors(self.found, self.code), *said

    def _is_opposite(self) -> bool:
        """Whether what is given is the gradient with the other sign, as some add it."""
        given = [p.name for p in self.found.world.params if p.gives]
        factors = [self.found.factors.get(name, 0) for name in given]
        return bool(given) and all(factor < 0 for factor in factors)

    def _parts(self, params: Sequence[str], mistakes: Sequence[StepMistake]) -> dict[str, str]:
        """What to speak of for each parameter, once for numbers of an array that share a verdict.

        That is the array, or a part of it.
        """
        made_by = {name: (one.notes, one.span) for one in reversed(mistakes) for name in one.params}
        first = {one.params[0] for one in mistakes}
        verdicts: dict[str, object] = {p: made_by.get(p, self.found.right.get(p)) for p in params}
        places = [*((p.name, p.old) for p in self.found.world.params),
                  *self.found.world.recording.values]  # fmt: skip
        numbers = {name for name, node in places if not self.nodes[node].value.ndim}
        inside: dict[str, list[str]] = {}
        for name in verdicts:
            for part in _around(name):
                inside.setdefault(part, []).append(name)
        alike = {part for part, names in inside.items() if len(names) > 1 and numbers >= {*names}
                 and len({verdicts[name] for name in names}) == 1}  # fmt: skip
        told: dict[str, str] = {}  # by what is spoken of, the parameter that is shown
        for name in verdicts:
            part = min(alike & {*_around(name)}, key=len, default=name)
            if part not in told or name in first:
                told[part] = name
        return {name: part for part, name in told.items()}

    def _of_another(self, check: Check, name: str) -> Check:
        """A check of what is the derivative of E by another value than the parameter."""
        param = next(p for p in self.found.world.params if p.name == name)
        known = self.found.names.of(param.new)
        notes = (UNRECOGNISED,) if known is None else (_another(self.code.title(known.of)),)
        if known and param.gives:
            missing = relation(self.found, param.old, known.of)
            notes = notes if missing is ANOTHER_DERIVATIVE else (missing,)
        notes = (FORGOTTEN,) if self.found.is_forgotten(param) else notes
        if param.gives and is_of_one_sample(self.found, param.new, param.old):
            notes = (OF_ONE_SAMPLE,)
        span = self._returned(param) or self.nodes[param.new].span
        place = placed(span, self.lines, self.cells)
        return replace(check, verdict="wrong", diagnosis=notes, place=place)

    def _returned(self, param: Param) -> Span | None:
        """Where a method gives back what it was given, which is no operation."""
        method = re.search(r"\['(\w+)'\]$", param.name)
        if not method or self.nodes[param.new].op != "leaf":
            return None
        name = self.found.world.recording.name.partition("(")[0]
        blocks = [n for s in self.code.called.statements for n in ast.walk(s)]
        own = [n for n in blocks if isinstance(n, ast.ClassDef) and n.name == name]
        made = [n for one in own for n in ast.walk(one)
                if isinstance(n, ast.FunctionDef) and n.name == method[1]]  # fmt: skip
        given = [n.value for one in made for n in ast.walk(one)
                 if isinstance(n, ast.Return) and n.value]  # fmt: skip
        return Span(*position(given[-1]), f"{name}.{method[1]}", made[-1].lineno) if given else None

    def with_code(self, checks: Sequence[Check]) -> tuple[Check, ...]:
        """The checks, the first one with the lines of code that matter for all of them."""
        first, *rest = checks
        wrong: dict[Place, list[int]] = {
            check.place: [] for check in checks if check.verdict == "wrong" and check.place
        }
        for number, node in self.nodes.items():
            if node.span.line and (place := self.place(number)) in wrong:
                wrong[place].append(number)
        return (replace(first, lines=listing(self.code, wrong, self.lines)), *rest)


def _another(title: Words) -> Note:
    """That a derivative is taken by another value."""
    return Note("another-derivative", Words(
        f"This is ∂E/∂{title.en}: the way back ends too early, or at another place.",
        f"これは ∂E/∂{title.ja} です。逆伝播が途中で終わっているか、別の量に向かっています。"),
        BACKWARDS)  # fmt: skip


def _titles(judgement: Judgement, code: Told, more: Sequence[Param]) -> dict[str, str]:
    """What the file calls the parameters whose gradients a call gives; each another name."""
    places: dict[int, str] = {}
    for place, node in sorted(judgement.world.recording.values, key=lambda pair: -len(pair[0])):
        places[node] = place
    called = judgement.world.recording.name
    results = (p for p in judgement.world.params if p.gives or p.name.startswith(f"{called}["))
    params = [*results, *more] if called else []
    named = {p.name: code.called.name(p.old) for p in params}
    names = [name.en for _, name in named.values()]
    made = {}
    for param in params:
        rank, name = named[param.name]
        alone = rank < NAMELESS and names.count(name.en) == 1
        made[param.name] = name.en if alone else places.get(param.old, param.name)
    return made


def _mistakes(judgement: Judgement, code: Told) -> Iterator[StepMistake]:
    """The wrong expressions, and those that are left where these are mended."""
    told: set[str] = set()
    known: set[tuple] = set()  # where those are that have been mended
    rounds = list(repairs(judgement))
    for k, (mended, causes) in enumerate(rounds):
        places = [place_of(mended, fault)[:4] for fault, _ in causes]
        left = [pair for pair, place in zip(causes, places, strict=True)
                if not known or (pair[1] and place not in known)]  # fmt: skip
        known.update(places)
        still_wrong = {p for after, _ in rounds[k + 1 :] for p, right in after.right.items()
                       if not right}  # fmt: skip
        for mistake in _expressions(mended, left, code):
            params = sorted(mistake.params, key=lambda name: (name in told, name in still_wrong))
            if params[0] not in told:
                told.add(params[0])
                yield mistake._replace(params=tuple(params))


def _expressions(
    judgement: Judgement, causes: Sequence[tuple[Fault, Cause | None]], code: Told
) -> Iterable[StepMistake]:
    """The wrong expressions; what spoils one place in several ways is one mistake."""
    by_place: dict[tuple, StepMistake] = {}
    known = [(fault, why) for fault, why in causes if why]
    for fault, why in causes:
        same = [] if why else [pair for pair in known if repaired(judgement, pair[1], fault.params)]
        origin, why = same[0] if same else (fault, why)
        apart = slope_apart(judgement, origin) or (None if why else _other_at(judgement, origin))
        span = (why and why.span) or apart or origin.span
        names = tuple(p.name for p in judgement.world.params if p.name in fault.params)
        old = by_place.get(span[:4])
        notes = old.notes if old else why.notes if why else (_unnamed(judgement, fault, code),)
        both = tuple(dict.fromkeys((*(old.params if old else ()), *names)))
        by_place[span[:4]] = StepMistake(both, notes, span)
    return by_place.values()


def _unnamed(judgement: Judgement, fault: Fault, code: Told) -> Note:
    """What is said of a mistake that no cause explains: by which gradient it moves, if that is
    another's; in a stale step, of what comes from outside, that it is left over."""
    if (other := _moved_by(judgement, fault)) is not None:
        return _another(code.title(other))
    nodes, graph = judgement.world.recording.nodes, judgement.world.graph
    pairs = judgement.choice.target.pairs
    forward = graph.ancestors([i for pair in pairs for i in pair])  # and the target
    outside = graph.ancestors([fault.first]) - forward - set(judgement.world.roots)
    old = any(nodes[i].op == "leaf" and nodes[i].value.ndim for i in outside)
    return STALE if judgement.world.recording.stale and old else UNRECOGNISED


def _moved_by(judgement: Judgement, fault: Fault) -> int | None:
    """The array whose gradient another moves by, in an update."""
    world, names = judgement.world, judgement.names
    among = [i for i in world.roots if i in names.adjoints]
    moved = (p for p in world.params if not p.gives and p.new in (fault.first, fault.node))
    gradients = (names.named(world.change(p), among) for p in moved)
    return next((gradient.of for gradient in gradients if gradient), None)


def _other_at(judgement: Judgement, fault: Fault) -> Span | None:
    """Where the gradient is made by which a parameter moves in place of its own; None where it is
    that by which the other moves."""
    if (other := _moved_by(judgement, fault)) is None:
        return None
    graph, names = judgement.world.graph, judgement.names
    others = [p.new for p in judgement.world.params if p.name not in fault.params]
    behind = graph.ancestors([fault.node]) & judgement.choice.target.backward
    own = behind - graph.ancestors(others)
    alike = {other, *names.alike(other)}
    made = (i for i in sorted(own) if (name := names.of(i)) and name.of in alike)
    return next((judgement.world.recording.nodes[i].span for i in made), None)


def _by(judgement: Judgement, code: Told) -> Note:
    """What it was compared with."""
    title, (name, line) = TITLES[judgement.choice.error], code.output()
    if (own := code.error()) is not None:
        at = at_line(own, code.cells)
        title = Words(f"the file's own E at {at.en}, {title.en},", f"E ({at.ja}、{title.ja})")
    at = at_line(line, code.cells)
    en, ja = (f" {text}" if text else "" for text in name)
    return Note("judged-by", Words(
        f"compared with the gradient of {title.en} of the output{en} at {at.en}, by autodiff of "
        "the file's own forward pass",
        f"出力{ja} ({at.ja}) から計算した{title.ja} の勾配"
        " (ファイル自身の順伝播を自動微分したもの) と比べました"))  # fmt: skip


def _of_other_errors(judgement: Judgement, code: Told) -> Iterator[Note]:
    """That the file states another E of the output than the one whose gradient a step follows."""
    if judgement.choice.error not in errors.ERROR_FUNCTIONS or code.error() is not None:
        return
    outputs = [state[g] for state in judgement.world.at for g, _ in judgement.choice.target.pairs]
    for name in (error for error in errors.ERROR_FUNCTIONS if errors.possible(error, outputs)):
        for number, _ in judgement.stated_scales(name):
            title, at = TITLES[name], at_line(code.nodes[number].span.line, code.cells)
            yield Note("other-error-stated", Words(
                f"the E that the file computes at {at.en} is {title.en}: its gradient is another",
                f"ファイルが{at.ja}で計算している E は{title.ja}で、勾配は異なります"))  # fmt: skip
            return


def as_asked(judgement: Judgement, lines: Sequence[str], cells: Sequence[int]) -> Judgement:
    """A judgement in which what does not move in this step, but would in another, or if the program
    were asked for it, is no mistake, and only said."""
    statements = statements_of(code_cells(lines, cells))
    judgement = _with_rates(judgement, statements)
    names = {node: name for name, node in judgement.world.recording.values}
    ran = {n.span.line for n in judgement.world.recording.nodes.values() if n.op != "leaf"}
    moved = {name for statement in statements for name in updated_names(statement, ran)}
    flagged = judgement.world.recording.flagged and bool(judgement.world.recording.moves)
    elsewhere = {leaf for leaf in judgement.still if last_of(names.get(leaf, "")) in moved}
    asked = {leaf: names[leaf] for leaf in (judgement.world.fixed if flagged else elsewhere)
             if leaf in names and np.any(judgement.names.adjoints.get(leaf, 0))}  # fmt: skip
    still = {leaf: at for leaf, at in judgement.still.items() if leaf not in asked}
    known = [name for leaf, name in asked.items()
             if flagged or judgement.still[leaf] in judgement.choice.target.backward]  # fmt: skip
    alone = {names.get(leaf) for leaf in judgement.world.left_out} - {
        names.get(leaf) for leaf in judgement.world.siblings}  # fmt: skip
    others = [name for name in judgement.resting if name not in alone or last_of(name) not in moved]
    resting = tuple(dict.fromkeys((*others, *known)))
    return replace(judgement, still=still, resting=resting)


def _with_rates(judgement: Judgement, statements: Sequence[ast.stmt]) -> Judgement:
    """A judgement in which a step size that is written twice in one update makes it uneven, and one
    of its own, which may be twice that of others, does not."""
    products, world, uneven = products_in(statements), judgement.world, judgement.uneven
    params = [p for p in world.params if p.name in judgement.factors]
    squares = {p.name: squares_rate(world, p, judgement.factors, products) for p in params}
    again = {name: times for name, times in squares.items() if times}
    rest = [p for p in params if p.name not in uneven]
    own = {p.name for p in params if p.name in uneven
           and states_rate(world, p, rest, uneven[p.name], products)}  # fmt: skip
    told = {name: times for name, times in uneven.items() if name not in own}
    return replace(judgement, uneven=told | again, squared=frozenset(again))


def _around(name: str) -> Iterator[str]:
    """The arrays and parts of arrays that an entry lies in: w[0] and w, of w[0][2]."""
    while name.endswith("]") and name[:-1].rpartition("[")[2].isdigit():
        name = name.rpartition("[")[0]
        yield name
