"""Which names a statement reads and assigns, and what they say of what they stand for."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

# What checks, shows, loads or saves a network, and is none.
NOT_CHECKED = re.compile(
    r"numerical|numeric|accuracy|evaluate|plot|confusion|finite|^test|gradcheck|checkgrad"
    r"|checkgradient|gradientcheck"
    r"|^(?!.*(back|bwd|prop|grad|deriv|delta|train|fit|learn|step|update))"
    r"(load|save|restore|export|print|display|mutat|crossover|set(?!up)"
    r"|get(weight|bias|param|config))"
)
PRODUCT_CALLS = frozenset(("dot", "matmul", "outer", "einsum", "inner", "tensordot", "multi_dot"))
DRAWS = re.compile(r"^_*(plot|draw|show|visuali[sz]e)")
GRADIENT = re.compile(r"(^|[._'\[ ])(d|g|grad|nabla|delta)_?[A-Za-z]{0,8}\d*('\])?$")
GRADIENT_OF = re.compile(r"^(?:d_?|grad_?)(\w+)$")
BIAS = re.compile(r"^_*b(\d|_|h|o|i|$)|bias|biais|sesgo|vies|thresh|umbral|limiar", re.IGNORECASE)
SINGLE_BIAS = re.compile(r"_*(b|bias)_?\d*", re.IGNORECASE)  # as a network of numbers has them
LOSS = re.compile(r"loss|error|cost|entropy|mse|hinge", re.IGNORECASE)
LAYER_COUNT = re.compile(
    r"(n|no|num|number)?_?(of_?)?(hidden_?)?layers?|depth|(n|num|number)_(of_)?l|L", re.IGNORECASE
)
SAMPLE_COUNT = re.compile(
    r"m|n|(n|no|num|number)?_?(of_?)?(samples?|examples?|records?|rows)|batch(_?(size|len))?",
    re.IGNORECASE,
)
BACK = re.compile(r"back|bwd|bprop|grad|deriv|gyaku", re.IGNORECASE)
TRAINS = re.compile(r"train|fit|learn", re.IGNORECASE)
SLOPE_NAME = re.compile(
    r"prime|deriv|grad|slope|^diff(_|$)|^d_?(sig|logis|tanh|relu|leaky|elu|act|f$|g$|softplus)|_d$|back",
    re.IGNORECASE,
)
SLOPE_WORD = re.compile(
    r"(derivative|derivate|deriv|der|prime|gradient|grad|slope|backward|back|diff)(_of)?|^d_?|_d$"
)

NAMES_BY_ROLE = {
    "W": "w w1 wh win whidden wi wx wxh weight1 weights1 weightshidden theta1 winput wih",
    "V": "v w2 wo wout woutput wz why weight2 weights2 weightsoutput theta2 who",
    "b": "b b1 bh bhidden bw bias1 bi",
    "c": "c b2 bo bout boutput bv bias2",
    "x": "x xi xs xn xt xtrain xbatch input inputs data sample samples features a0 z0 batchx",
    "y": "y yi ys yn t ti tn target targets label labels ytrue ytrain ybatch teacher d onehot "
    "tbatch batchy batcht yt",
    "eta": "eta etat lr learningrate alpha stepsize rate step epsilon eps gamma lrate learnrate",
}
ROLE = {name: role for role, names in NAMES_BY_ROLE.items() for name in names.split()}
DELTA_NAMES = {
    "delta2": "delta2 d2 deltaout deltaoutput deltao dout delta2t dlta2 dz2 da2 doutput",
    "delta1": "delta1 d1 deltahidden deltah dhidden delta1t dlta1 dz1 da1 dhid",
}
DELTA_ROLE = {name: role for role, names in DELTA_NAMES.items() for name in names.split()}


def plain_name(name: str) -> str:
    """A name without what people vary in it."""
    return name.lower().replace("_", "").replace("∂", "d").replace("δ", "delta").replace("η", "eta")


def role_table(names: Iterable[str]) -> dict[str, str]:
    """The role of each plain name; w1 and b1 are the second where w0 is the first of two."""
    plain_names = set(map(plain_name, names))
    shifted = {"w0", "w1"} <= plain_names and "w2" not in plain_names
    return {**ROLE, "w0": "W", "w1": "V", "b0": "b", "b1": "c"} if shifted else ROLE


def roles(parameters: Sequence[str]) -> tuple[str, ...] | None:
    """What each parameter is: W, V, b, c, x, y or eta; None if one is none of these, or twice."""
    table = role_table(parameters)
    symbols = tuple(table.get(plain_name(name), "") for name in parameters)
    return symbols if all(symbols) and len(set(symbols)) == len(symbols) else None


def last_word(place: str) -> str:
    """The last word of a place: W1 of parameters['W1'], and layers of layers[1]."""
    return (re.findall(r"[^\W\d]\w*", place) or [""])[-1]


def lower_last_word(place: str) -> str:
    """The last word of a place, in small letters: w1 of parameters['W1']."""
    return last_word(place).lower()


def meant(place: str) -> set[str]:
    """The words for what a place may hold the gradient of: b1 of grads['db1'], and db1."""
    word = lower_last_word(place)
    return {word, *GRADIENT_OF.findall(word)}


def words(text: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(text.split())


TARGETS = words(
    "t ti tn target targets desired expected ytrue label labels teacher onehot truth trueval d yt"
)
PREDICTIONS = words(
    "g gi p yhat ypred ypredict predict pred prediction probs prob out output o f fi a a2 z2 z3 x h"
)
TARGET = re.compile(r"[yt](_|\d|$)", re.IGNORECASE)


def is_of_derivative(name: str) -> bool:
    """Whether it is the name of a backward pass, or of an f'."""
    return bool(BACK.search(name) or SLOPE_NAME.search(name))


def is_target(name: str) -> bool:
    """Whether it is the name of a target, and not that of an output, as y_pred is."""
    plain = plain_name(name)
    return plain in TARGETS or bool(TARGET.match(name) and plain not in PREDICTIONS)


def is_product(node: ast.AST) -> bool:
    """Whether it is a product of matrices."""
    return isinstance(node, ast.MatMult) or (
        isinstance(node, ast.Call) and called_name(node) in PRODUCT_CALLS
    )


def called_name(call: ast.Call) -> str:
    """The last name of what is called: genfromtxt in np.genfromtxt(…)."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The lists of statements inside a statement, but for those of a class."""
    if isinstance(statement, ast.ClassDef):
        return
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list):
            yield block


def stores(statement: ast.AST) -> set[str]:
    """The names that a statement assigns, or changes by assigning to parts of them."""
    stored = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            stored.add(node.id)
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            base = node.value
            while isinstance(base, ast.Subscript | ast.Attribute):
                base = base.value
            if isinstance(base, ast.Name):
                stored.add(base.id)
    return stored


def updates(statement: ast.AST) -> set[str]:
    """The names that are made of what they were, as parameters are; sums of E are none."""
    updated: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign):
            updated |= stores(node)
        elif isinstance(node, ast.Assign):
            read = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
            updated |= stores(node) & read
    return {name for name in updated if not (LOSS.search(name) or name in ("E", "J"))}


def updated_names(statement: ast.AST, ran: Collection[int]) -> set[str]:
    """What is made of what it was, by the last of its names: b, of `self.layers[0].b -= db`.

    Args:
        ran: the lines that are of no account.
    """
    moved: set[str] = set()
    for node in (n for n in ast.walk(statement) if getattr(n, "lineno", 0) not in ran):
        if isinstance(node, ast.AugAssign):
            moved.add(last_of(ast.unparse(node.target)))
        elif isinstance(node, ast.Assign):
            read = {ast.unparse(n) for n in ast.walk(node.value) if isinstance(n, ast.expr)}
            moved |= {last_of(t) for t in map(ast.unparse, node.targets) if t in read}
    return moved


def last_of(place: str) -> str:
    """The last name of a place: b, of `layers[0].b[2]` and of `params['b']`."""
    return next(reversed(re.findall(r"[^\W\d]\w*", re.sub(r"\[[^'\"\]]*\]", "", place))), place)


def loads(statement: ast.AST) -> set[str]:
    """The names that a statement reads."""
    loaded = {
        n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    }
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            loaded.add(node.target.id)
    own = {a.arg for n in ast.walk(statement) if isinstance(n, ast.Lambda) for a in n.args.args}
    inner = {n.id for c in ast.walk(statement) if isinstance(c, ast.comprehension)
             for n in ast.walk(c.target) if isinstance(n, ast.Name)}  # fmt: skip
    return loaded - own - inner


def names_used(nodes: Iterable[ast.AST], functions: dict[str, ast.FunctionDef]) -> set[str]:
    """The names that these use, and the functions that they call use, and so on."""
    used: set[str] = set()
    left = list(nodes)
    while left:
        new = {n.id for n in ast.walk(left.pop()) if isinstance(n, ast.Name)} - used
        used |= new
        left += [functions[name] for name in new if name in functions]
    return used


def imports_of(
    imports: list[ast.Import | ast.ImportFrom], used: set[str]
) -> list[ast.Import | ast.ImportFrom]:
    """The import statements that bring in one of these names, or who knows which."""

    def brings(statement: ast.Import | ast.ImportFrom) -> bool:
        names = {alias.asname or alias.name.split(".")[0] for alias in statement.names}
        return bool(names & used) or "*" in names

    return [statement for statement in imports if brings(statement)]
