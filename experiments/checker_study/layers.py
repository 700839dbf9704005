"""Derivations of networks of any depth, as functions, as scripts that train, and as classes.

As in `derivations`, a table from slot to text: of layer k the slots are z, u, h, back, slope,
delta, dW, db, new_W and new_b, with its number (`delta2`). The output is h of the last layer. Texts
are written with x, t, W1, b1, …; where these are kept in lists or in an object, they are renamed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from experiments.checker_study.derivations import (
    DERIVATIVE,
    FROM_VALUE,
    FUNCTION,
    LOSS_DERIVATIVE,
    SOFTMAX,
    statement,
)

PAIRS = (
    ("softmax", "cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
    ("identity", "squared_error"),
)
SAMPLES, BATCH = 40, 8  # of a file's data


class Deep(NamedTuple):
    """A network of any depth, and how its derivation is written.

    Attributes:
        hidden: f of each hidden layer; output, loss: g and E.
        sizes: of x, of each layer.
        front: whether the biases are the matrices' first columns, instead of vectors of their own.
        layout: a key of `LAYOUTS`.
        mean: where a batch's gradients are divided by n: "delta", "gradients", or nowhere, "".
        form: "function" (that gives gradients), "script" or "class" (that train).
        called: of a function, whether there is a loop that calls it.
        container: of the parameters, "names", "list" or "dict".
        inline: whether back and slope stand in the line of their delta.
        interleaved: whether each layer is updated as soon as it can be, instead of all at the end.
        in_place: whether W -= … is written.
        told: whether E is computed, too.
    """

    hidden: tuple[str, ...] = ("tanh",)
    output: str = "softmax"
    loss: str = "cross_entropy"
    sizes: tuple[int, ...] = (6, 5, 4)
    front: bool = False
    layout: str = "sample"
    mean: str = ""
    form: str = "function"
    called: bool = False
    container: str = "names"
    inline: bool = False
    interleaved: bool = False
    in_place: bool = False
    told: bool = False

    @property
    def depth(self) -> int:
        return len(self.hidden) + 1

    @property
    def update(self) -> bool:
        return self.form != "function"

    @property
    def n(self) -> str:
        return "x.shape[1]" if self.layout == "columns" else "len(x)"

    @property
    def params(self) -> list[str]:
        each = "W" if self.front else "Wb"
        return [f"{p}{k}" for k in range(1, self.depth + 1) for p in each]

    def shape(self, param: str) -> tuple[int, ...]:
        k = int(param[1:])
        q, d = self.sizes[k], self.sizes[k - 1] + self.front
        if param[0] == "b":
            return (q, 1) if self.layout == "columns" else (q,)
        return (d, q) if self.layout.endswith("turned") else (q, d)


class Layout(NamedTuple):
    """How samples and matrices lie, and what is written then, as texts of W, x, h, d, V and up.

    Attributes:
        u: without biases. back: of δ through Ṽ. outer: δ times input. db: ∂E/∂b.
        one: the 1 in front of h; tilde, last: W without its biases, and without its last column.
        units: the sum over the units; first: δ of the first sample; softmax.
    """

    u: tuple[str, ...]
    back: tuple[str, ...]
    outer: tuple[str, ...]
    db: tuple[str, ...]
    one: tuple[str, ...]
    tilde: str
    last: str
    units: str
    first: str
    softmax: tuple[str, ...]


_SAMPLE = Layout(
    ("{W} @ {x}", "np.dot({W}, {x})", "{W}.dot({x})"),
    ("{V}.T @ {up}", "np.dot({V}.T, {up})", "{up} @ {V}"),
    ("np.outer({d}, {x})", "{d}[:, None] * {x}", "{d}.reshape(-1, 1) @ {x}.reshape(1, -1)"),
    ("{d}", "1 * {d}"),
    ("np.append(1, {h})", "np.concatenate([[1], {h}])", "np.r_[1, {h}]"),
    "{V}[:, 1:]",
    "{V}[:, :-1]",
    "np.sum({d})",
    "{d}[0]",
    SOFTMAX[False],
)
_TURNED = _SAMPLE._replace(
    u=("{x} @ {W}", "np.dot({x}, {W})", "{W}.T @ {x}"),
    back=("{V} @ {up}", "np.dot({V}, {up})", "{up} @ {V}.T"),
    outer=("np.outer({x}, {d})", "{x}[:, None] * {d}"),
    tilde="{V}[1:]",
    last="{V}[:-1]",
)
_ROWS = Layout(
    ("{x} @ {W}.T", "np.dot({x}, {W}.T)", "({W} @ {x}.T).T"),
    ("{up} @ {V}", "np.dot({up}, {V})", "({V}.T @ {up}.T).T"),
    ("{d}.T @ {x}", "np.dot({d}.T, {x})", "np.einsum('nk,nj->kj', {d}, {x})"),
    ("{d}.sum(axis=0)", "np.sum({d}, axis=0)", "np.sum({d}, 0)"),
    ("np.hstack([np.ones((len({h}), 1)), {h}])", "np.c_[np.ones(len({h})), {h}]",
     "np.insert({h}, 0, 1, axis=1)"),
    "{V}[:, 1:]",
    "{V}[:, :-1]",
    "{d}.sum(axis=1, keepdims=True)",
    "{d}[0]",
    SOFTMAX[True],
)  # fmt: skip
LAYOUTS = {
    "sample": _SAMPLE,
    "sample, turned": _TURNED,
    "rows": _ROWS,
    "rows, turned": _ROWS._replace(
        u=("{x} @ {W}", "np.dot({x}, {W})", "{x}.dot({W})"),
        back=("{up} @ {V}.T", "np.dot({up}, {V}.T)", "{up}.dot({V}.T)"),
        outer=("{x}.T @ {d}", "np.dot({x}.T, {d})", "{x}.T.dot({d})"),
        tilde="{V}[1:]",
        last="{V}[:-1]",
    ),
    "columns": Layout(
        _SAMPLE.u,
        ("{V}.T @ {up}", "np.dot({V}.T, {up})"),
        ("{d} @ {x}.T", "np.dot({d}, {x}.T)"),
        ("np.sum({d}, axis=1, keepdims=True)", "{d}.sum(axis=1, keepdims=True)"),
        ("np.vstack([np.ones((1, {h}.shape[1])), {h}])", "np.insert({h}, 0, 1, axis=0)"),
        "{V}[:, 1:]",
        "{V}[:, :-1]",
        "{d}.sum(axis=0, keepdims=True)",
        "{d}[:, :1]",
        ("np.exp(a - a.max(axis=0)) / np.exp(a - a.max(axis=0)).sum(axis=0)",
         "np.exp(a) / np.sum(np.exp(a), axis=0, keepdims=True)"),
    ),
}  # fmt: skip
OTHER_WAY = {"sample": "sample, turned", "rows": "rows, turned", "columns": "sample, turned"}
OTHER_WAY |= {"sample, turned": "sample", "rows, turned": "rows"}
ERROR = {
    "cross_entropy": "-np.sum(t * np.log({g}))",
    "binary_cross_entropy": "-np.sum(t * np.log({g}) + (1 - t) * np.log(1 - {g}))",
    "squared_error": "np.sum(({g} - t)**2)",
}


def given(case: Deep, k: int) -> str:
    """What W of layer k is multiplied by."""
    return f"z{k - 1}" if case.front else f"h{k - 1}" if k > 1 else "x"


def weights(case: Deep, k: int) -> str:
    """Ṽ: the matrix of layer k without its biases."""
    return LAYOUTS[case.layout].tilde.format(V=f"W{k}") if case.front else f"W{k}"


def spellings(case: Deep) -> dict[str, tuple[str, ...]]:
    """All the texts known for each slot, in the order of the lines, the plain one first."""
    forward = {s: t for k in range(1, case.depth + 1) for s, t in _forward(case, k).items()}
    error = ERROR[case.loss].format(g=f"h{case.depth}")
    error = f"{error} / {case.n}" if case.mean else error
    table = forward | ({"E": (error,)} if case.told else {})
    steps = {p: (f"{p} - eta * d{p}",) for p in case.params if case.update}
    for k in range(case.depth, 0, -1):
        table |= _backward(case, k)
        if case.interleaved:
            table |= {f"new_{p}": text for p, text in steps.items() if int(p[1:]) == k + 1}
    return table | {f"new_{p}": text for p, text in steps.items() if f"new_{p}" not in table}


def _forward(case: Deep, k: int) -> dict[str, tuple[str, ...]]:
    layout, f = LAYOUTS[case.layout], (*case.hidden, case.output)[k - 1]
    products = tuple(text.format(W=f"W{k}", x=given(case, k)) for text in layout.u)
    f = FUNCTION.get(f) or tuple(re.sub(r"\ba\b", "{u}", text) for text in layout.softmax)
    one = tuple(text.format(h=f"h{k - 1}" if k > 1 else "x") for text in layout.one)
    return ({f"z{k - 1}": one} if case.front else {}) | {
        f"u{k}": products if case.front else tuple(f"{text} + b{k}" for text in products),
        f"h{k}": tuple(text.format(u=f"u{k}") for text in f),
    }


def _backward(case: Deep, k: int) -> dict[str, tuple[str, ...]]:
    layout = LAYOUTS[case.layout]
    table = _delta_of_output(case) if k == case.depth else _delta(case, k)
    share = f" / {case.n}" if case.mean == "gradients" else ""
    gradients = {"dW": layout.outer, "db": () if case.front else layout.db}
    for name, texts in gradients.items():
        made = tuple(text.format(d=f"delta{k}", x=given(case, k)) for text in texts)
        table |= {f"{name}{k}": tuple(text + share for text in made)} if made else {}
    return table


def _delta_of_output(case: Deep) -> dict[str, tuple[str, ...]]:
    fused = ("g - y", "-(y - g)")
    by_chain_rule = (f"({r}) * g * (1 - g)" for r in LOSS_DERIVATIVE["binary_cross_entropy"])
    texts = {
        "cross_entropy": fused,
        "binary_cross_entropy": (*fused, *by_chain_rule),
        "squared_error": ("2 * (g - y)", *fused),
    }[case.loss]
    names = {"g": f"h{case.depth}", "y": "t"}
    made = tuple(re.sub(r"\b[gy]\b", lambda name: names[name[0]], text) for text in texts)
    share = f"({{}}) / {case.n}" if case.mean == "delta" else "{}"
    return {f"delta{case.depth}": tuple(share.format(text) for text in made)}


def _delta(case: Deep, k: int) -> dict[str, tuple[str, ...]]:
    f, V, up = case.hidden[k - 1], weights(case, k + 1), f"delta{k + 1}"
    from_value = (re.sub(r"\bfu\b", f"h{k}", text) for text in FROM_VALUE[f])
    slopes = tuple(text.format(u=f"u{k}") for text in DERIVATIVE[f])
    early = {f"early_W{k + 1}": ("",)} if case.update else {}  # where a mistake may put an update
    return early | {
        f"back{k}": tuple(text.format(V=V, up=up) for text in LAYOUTS[case.layout].back),
        f"slope{k}": (*from_value, *slopes),
        f"delta{k}": (f"back{k} * slope{k}", f"slope{k} * back{k}"),
    }


def source(case: Deep, lines: Mapping[str, str]) -> str:
    """A file with the derivation, in its form."""
    lines = _inlined(case, lines) if case.inline else lines
    made = {slot: _line(case, slot, text) for slot, text in lines.items()}
    form = {"function": _function, "script": _script, "class": _class}[case.form]
    text = "import numpy as np\n\n" + form(case, {s: line for s, line in made.items() if line})
    return _contained(case, text)


def _inlined(case: Deep, lines: Mapping[str, str]) -> dict[str, str]:
    inner = {slot: text for slot, text in lines.items() if slot.startswith(("back", "slope"))}

    def within(text: str) -> str:
        return re.sub(r"\b(back|slope)\d\b", lambda m: f"({inner[m[0]]})", text)

    made = {slot: within(text) for slot, text in lines.items() if slot not in inner}
    return {s: t[1:-1] if re.fullmatch(r"\([^()]*\)", t) else t for s, t in made.items()}


def _line(case: Deep, slot: str, text: str) -> str:
    name = slot.removeprefix("new_").removeprefix("early_")
    line = statement(name, text) if text else ""
    return re.sub(r"^([Wb]\d) = \1 ([-+]) ", r"\1 \2= ", line) if case.in_place else line


def _indented(lines: list[str] | str, by: int = 4) -> str:
    lines = lines if isinstance(lines, str) else "\n".join(lines)
    return "".join(f"{' ' * by}{line}\n" for line in lines.split("\n"))


def _function(case: Deep, lines: Mapping[str, str]) -> str:
    given, gives = {
        "names": (", ".join(case.params), ", ".join(f"d{p}" for p in case.params)),
        "list": ("W" if case.front else "W, b", ", ".join(
            "[" + ", ".join(f"d{p}" for p in case.params if p[0] == of) + "]"
            for of in ("W" if case.front else "Wb"))),
        "dict": ("params", "{" + ", ".join(f'"{p}": d{p}' for p in case.params) + "}"),
    }[case.container]  # fmt: skip
    body = _of_rows(case, _indented([*lines.values(), f"return {gives}"]))
    text = f"def gradients({given}, {_of_rows(case, 'x, t')}):\n{body}"
    return f"{text}\n\n{_data(case)}\n{_loop(case, _calling(case, given))}" if case.called else text


def _calling(case: Deep, given: str) -> list[str]:
    names = ", ".join(f"d{p}" for p in given.split(", ")) if case.container != "dict" else "grads"
    if case.container == "names":
        return [f"{names} = gradients({given}, x, t)", *(f"{p} -= eta * d{p}" for p in case.params)]
    loops = {"list": "range(len(W))", "dict": "params"}[case.container]
    steps = {"list": [f"{p}[k] -= eta * d{p}[k]" for p in given.split(", ")],
             "dict": ["params[k] -= eta * grads[k]"]}[case.container]  # fmt: skip
    inner = [f"    {step}" for step in steps]
    return [f"{names} = gradients({given}, x, t)", f"for k in {loops}:", *inner]


def _script(case: Deep, lines: Mapping[str, str]) -> str:
    return _data(case) + "\n" + _loop(case, list(lines.values()))


def _class(case: Deep, lines: Mapping[str, str]) -> str:
    def those(begin: tuple[str, ...]) -> list[str]:
        return [line for slot, line in lines.items() if re.sub(r"\d", "", slot) in begin]

    first, last = ("z", "u", "h"), ("new_W", "new_b")
    between = {re.sub(r"\d", "", slot) for slot in lines} - {*first, *last}
    methods = {
        "__init__(self)": _start(case),
        "forward(self, x)": [*those(first), f"return h{case.depth}"],
        "backward(self, t)": those(tuple(between)),
        "step(self, eta)": those(last) or ["pass"],
    }
    parts = (f"    def {head}:\n{_indented(body, 8)}" for head, body in methods.items())
    text = "class Net:\n" + _of_object("\n".join(parts))
    text = text.replace("(self, x):\n", "(self, x):\n        self.x = x\n")
    calls = ["net.forward(x)", "net.backward(t)", "net.step(eta)"]
    return f"{text}\n\n{_data(case, params=False)}net = Net()\n{_loop(case, calls)}"


def _of_object(text: str) -> str:
    text = re.sub(r"(?<!self)(?<!\.)\b(d?[Wb]\d|[zuh]\d)\b", r"self.\1", text)
    return re.sub(r"(?<![.\w])x\b(?!\):)", "self.x", text)


def _start(case: Deep) -> list[str]:
    return [f"{p} = np.random.randn{case.shape(p)}".replace(",)", ")") for p in case.params]


def _data(case: Deep, *, params: bool = True) -> str:
    """Samples, targets and parameters."""
    d, m = case.sizes[0], case.sizes[-1]
    classes = f"np.eye({m})[np.random.randint({m}, size={SAMPLES})]"
    T = {
        "cross_entropy": classes,
        "binary_cross_entropy": f"np.random.randint(2, size=({SAMPLES}, {m}))",
        "squared_error": f"np.random.randn({SAMPLES}, {m})",
    }[case.loss]
    turn = ".T" if case.layout == "columns" else ""
    lines = [f"X = np.random.randn({SAMPLES}, {d}){turn}", f"T = {T}{turn}", "eta = 0.1"]
    return "\n".join([*lines, *(_start(case) if params else [])]) + "\n"


def _loop(case: Deep, body: list[str]) -> str:
    if case.layout.startswith("sample"):
        each, taken = f"np.random.permutation({SAMPLES})", "[i]"
    else:
        taken = "[:, i:i + {}]" if case.layout == "columns" else "[i:i + {}]"
        each, taken = f"range(0, {SAMPLES}, {BATCH})", taken.format(BATCH)
    lines = [f"x, t = X{taken}, T{taken}", *body]
    return f"for epoch in range(5):\n    for i in {each}:\n{_indented(lines, 8)}"


def _of_rows(case: Deep, text: str) -> str:
    if case.layout.startswith("sample"):
        return text
    return re.sub(r"\b([xt])\b", lambda m: m[1].upper(), text)


def _contained(case: Deep, text: str) -> str:
    """The text with its parameters in a list or a dictionary."""
    if case.container == "names":
        return text
    where = "self." if case.form == "class" else ""
    each = "W" if case.front else "Wb"
    empty = {"list": [f"{where}{p} = [None] * {case.depth}" for p in each],
             "dict": [f"{where}params = {{}}"]}[case.container]  # fmt: skip
    start = re.search(r"^( *)(self\.)?W1 = np\.random\.randn", text, re.M)
    if start:
        made = "".join(f"{start[1]}{line}\n" for line in empty)
        text = text[: start.start()] + made + text[start.start() :]
    if case.container == "list":
        return re.sub(r"\b([Wb])(\d)\b", lambda m: f"{m[1]}[{int(m[2]) - 1}]", text)
    return re.sub(r"(?<!\")\b([Wb]\d)\b(?!\")", r'params["\1"]', text)


def written(case: Deep, lines: Mapping[str, str], gives: Sequence[str] = ()) -> Callable:
    """The same derivation as a function of (*parameters, x, t, eta), for what it gives.

    Args:
        gives: the names; if none, the gradients, or where it trains the new parameters.
    """
    body = [_line(case._replace(in_place=False), slot, text) for slot, text in lines.items()]
    gives = gives or (case.params if case.update else [f"d{p}" for p in case.params])
    body = _indented([*filter(None, body), f"return {', '.join(gives)},"])
    names = {"np": np}
    exec(f"def derivation({', '.join(case.params)}, x, t, eta):\n{body}", names)
    return names["derivation"]


def drawn(rng: np.random.Generator, depth: int, *, form: str = "", alike: bool = False) -> Deep:
    """A network of this depth and a way of writing, at random.

    Args:
        alike: whether all hidden layers, and the output, are of one size, so that one matrix
            conforms where another belongs.
    """

    def one(*choices):
        return choices[rng.integers(len(choices))]

    output, loss = PAIRS[rng.integers(len(PAIRS))]
    form, layout = form or one("function", "script", "class"), one(*LAYOUTS)
    sizes = (6, *rng.permutation([3, 4, 5, 7])[:depth]) if not alike else (6, *[4] * depth)
    return Deep(
        tuple(one("relu", "sigmoid", "tanh") for _ in range(depth - 1)),
        output,
        loss,
        tuple(map(int, sizes)),
        one(True, False, False),
        layout,
        "" if layout.startswith("sample") else one("", "delta", "gradients"),
        form,
        form == "function" and one(True, False),
        one("names", "names", "list", "dict"),
        one(True, False),
        form == "script" and one(True, False),
        one(True, False),
        one(True, False),
    )


def points(case: Deep) -> Iterator[tuple]:
    """Arguments for `written`: parameters, samples (n is no other size), targets, and η."""
    rng, n, m = np.random.default_rng(0), 9, case.sizes[-1]
    for _ in range(3):
        params = [rng.normal(size=case.shape(p)) for p in case.params]
        x = rng.normal(size=(n, case.sizes[0]))
        t = {"cross_entropy": np.eye(m)[rng.integers(m, size=n)],
             "binary_cross_entropy": rng.integers(2, size=(n, m)),
             "squared_error": rng.normal(size=(n, m))}[case.loss]  # fmt: skip
        if case.layout.startswith("sample"):
            x, t = x[0], t[0]
        yield (*params, *((x.T, t.T) if case.layout == "columns" else (x, t)), 0.3)
