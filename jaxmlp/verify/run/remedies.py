"""What may help a run that failed: the sizes, names and choices that its errors ask for."""

import re
from collections.abc import Iterator

import numpy as np

from jaxmlp.verify.run.calls import has_matrix_product
from jaxmlp.verify.run.hooked import MANY_SAMPLES
from jaxmlp.verify.run.oracle import (
    ARGUMENTS,
    POSITIVE,
    SAMPLES,
    TABLE_ROWS,
    VALUES,
    WHOLE_NUMBERS,
    Oracle,
)
from jaxmlp.verify.run.program import NO_NAME, Program
from jaxmlp.verify.run.standing_in import PARAMETER_LIST, STAND_IN_KINDS
from jaxmlp.verify.run.step import PASSING
from jaxmlp.verify.run.tape import current

LIKELY = 0.4  # of a choice that an error speaks for; others cost 1
RARE = 3.0  # what one costs besides that is seldom meant
LESS = 0.01  # what each option costs more than the one before
WIDEST_TABLE = 5000
MOST_INPUTS = 64  # that a program states as a number
MOST_ARGUMENTS = 6
MOST_CHOICES = 200  # that are varied: a program that asks without end makes thousands
ENOUGH_SAMPLES = 130  # samples, where fewer make no batch
MOST_ROWS = 600  # of what stands in for a table: as many as of tumours in a known one
FEWER = (17, 19, 23, 29, 31, 37)
SIZES_TOLD = ("ValueError", "IndexError")
NO_PLACE = "indices must be of integer"
PARTS = "array_split"  # NumPy's, into any number of parts
LIST_END = "list index out of range"
UNSIZED = "len() of unsized object"
NO_AXIS = "tuple index out of range"  # of a shape
PRINTED_SHAPE = re.compile(r"\([\d, ]+\)")
LABEL = re.compile(r"out of bounds for axis \d with size (\d+)")
PLACE = re.compile(r"index (\d+) is out of bounds for axis (\d) with size (\d+)")
TOO_FEW = re.compile(r"(?i)larger (sample )?than (the )?population")
NO_ARGUMENT = re.compile(r"(?i)\bargument|usage|argv")  # what a program says of its command line
SINGLE = re.compile(
    r"(?i)truth value of an array|only (length|size)-1 arrays|0-dimensional arrays"
    r"|array of size 1 to"
)
SEVERAL_LABELS = (
    "indexing arrays could not be broadcast"  # where each sample has several in place of one
)
EMPTY = re.compile(r"(?i)larger than 0|at least one array|zero-size|must not be zero")
NO_FIT = re.compile(r"cannot reshape array of size (\d+) into shape \(([\d, ]+)\)")
Lengths = dict[str, int]  # of vectors and tables by name, of samples and units by their number


def missing_names(program: Program) -> set[str]:
    """The names for want of which something stopped."""
    matches = [NO_NAME.search(text) for kind, _, text in program.errors if kind == "NameError"]
    return {m[1] for m in matches if m}


def sizes_told(program: Program) -> set[int]:
    """The sizes that errors speak of: where something has one of them, it may be right."""
    told = " ".join(text for kind, _, text in program.errors if kind == "ValueError")
    inside = [n for shape in PRINTED_SHAPE.findall(told) for n in re.findall(r"\d+", shape)]
    own = [text for _, line, text in program.errors if line in program.code.raises]
    refused = re.findall(r"\d+", " ".join(own))  # "3 columns, not 7": in words of the program's
    return set(map(int, inside + refused + re.findall(r"(?:size|from) (\d+)", told)))


def sizes_wanted(program: Program) -> set[int]:
    """Those of them that something has of the file's own, and no stand-in with a bias beside it;
    1, where it asks for a single number."""
    chosen = [options[k] for k, options in program.oracle.taken if isinstance(options[k], tuple)]
    biased = {size + 1 for shape in chosen for size in shape[-1:]}
    own = sizes_told(program) - biased - {0, 1, SAMPLES, TABLE_ROWS, program.oracle.rows}
    return own | {1} if _asks_for_one(program) else own


def _asks_for_one(program: Program) -> bool:
    """Whether something stopped since there were several numbers in place of one."""
    return any(SINGLE.search(text) for _, _, text in program.errors)


def other_choices(
    program: Program, told: tuple[int, ...], *, all_of_it: bool
) -> Iterator[tuple[float, tuple[int, ...]]]:
    """(the cost, choices) of runs that differ from this one in one choice.

    Args:
        all_of_it: whether choices that were told are varied, too: of two biases the first, say;
            else those are that an error speaks for.
    """
    taken, of_numbers = program.oracle.taken, sizes_told(program)
    asked = of_numbers | sizes_wanted(program)  # a shape of 1, too
    few = _asks_for_one(program) or any(SEVERAL_LABELS in text for _, _, text in program.errors)
    flat = any(NO_AXIS in text for _, _, text in program.errors)
    likely = (PARAMETER_LIST, *([(SAMPLES,)] if few else []), *(STAND_IN_KINDS[2:] if flat else ()))
    refused = any(kind == "UnboundLocalError" or line in program.code.raises or UNSIZED in text
                  for kind, line, text in program.errors)  # fmt: skip
    last = len(taken) if all_of_it else program.chosen or len(taken)
    for at in reversed(range(min(len(taken), MOST_CHOICES))):
        same = tuple(picked for picked, _ in taken[:at])
        (now, options), made = taken[at], program.oracle.led_to[at]
        beside = program.blamed is not None and made not in (None, *program.blamed)
        late = float(at >= last or beside)  # it has not led to the first error
        for k, option in enumerate(options):
            wanted = of_numbers if type(option) is int else asked
            fits = (wanted - _sizes_in(options[now])) & _sizes_in(option) or (
                isinstance(option, str | tuple) and option in likely
            )
            fits = fits or (refused and option is True)  # another of its words; a pair
            if k != now and (fits or all_of_it or at >= len(told)):
                rare = RARE * (option is STAND_IN_KINDS[-1])  # samples as columns
                yield late + rare + (LIKELY if fits else 1 + LESS * k), (*same, k, *told[at + 1 :])


def _sizes_in(option: object) -> set[int]:
    """The sizes in an option: those of a shape, or a number; and with one more for a bias."""
    if isinstance(option, tuple):
        return {*option, *(size + 1 for size in option[-1:])}
    return {option, option + 1} if type(option) is int else set()


def needed_lengths(program: Program, lengths: Lengths) -> Lengths:
    """With what the program cannot do without: a longer vector, what has to be above 0, or two
    samples for each of its batches."""
    longer = _longer(program, lengths) if program.oracle.vectors else None
    return longer or {**lengths, **_of_logarithms(program.oracle), **_of_parts(program, lengths)}


def _of_parts(program: Program, lengths: Lengths) -> Lengths:
    """Two samples for each of the parts into which a program divides what it has loaded: what is
    wrongly summed over a batch is right where this is a single sample."""
    divides = PARTS in program.code.names and program.oracle.loads and "rows" not in lengths
    few = range(program.oracle.rows // 2 + 1, ENOUGH_SAMPLES // 2 + 1) if divides else ()
    return {"rows": 2 * max(told)} if (told := program.code.whole_numbers & {*few}) else {}


def _longer(program: Program, lengths: Lengths) -> Lengths | None:
    """Lengths with which the last piece of a vector is as long as it should be."""
    name = program.oracle.vectors[0]
    for kind, _, text in program.errors:
        if kind == "ValueError" and (m := NO_FIT.search(text)):
            wanted = int(np.prod([int(n) for n in m[2].split(",") if n.strip()]))
            now = lengths.get(name) or program.oracle.cut[name]
            longer = now + wanted - int(m[1])
            if longer > 0 and longer != now:
                return {**lengths, name: longer}
    return None


def _of_logarithms(oracle: Oracle) -> Lengths:
    """The stand-ins of which a logarithm or a root is taken that is no number, as lengths."""
    nodes = current().nodes
    bad = [n for n in nodes.values() if n.op in ("log", "log2", "sqrt") and np.isnan(n.value).any()]
    left, leaves = [i for n in bad for i in n.references], set()
    while left:
        node = nodes.get(left.pop())
        if node is not None and node.op in PASSING:
            left += node.references
        elif node is not None:
            leaves.add(node.id)
    names = {name for name, array in oracle.made.items() if current().node_of(array) in leaves}
    return {POSITIVE + name: 1 for name in names if not oracle.is_positive(name)}


def other_lengths(
    program: Program, lengths: Lengths, many: set[int], *, may_be_few: bool
) -> list[Lengths]:
    """Other lengths to try, that errors ask for, or that nothing has moved with.

    Args:
        many: the numbers of the program that may be those of samples.
        may_be_few: whether nothing moved, perhaps for want of samples.
    """
    oracle, texts = program.oracle, [text for _, _, text in program.failures]
    as_samples = [{**lengths, str(n): SAMPLES} for n in many if str(n) not in lengths]
    others = _resized(program, lengths, {n for n in many if n >= MANY_SAMPLES})
    if (oracle.taken or current().guessed) and may_be_few and _stands_still(program):
        others = [
            *_asked_for(program, lengths),
            *as_samples,
            *([{**lengths, "rows": ENOUGH_SAMPLES}] if "rows" not in lengths else []),
        ]
    if ARGUMENTS not in lengths:
        others = [*({**lengths, ARGUMENTS: n} for n in _arguments(program)), *others]
    if any(NO_PLACE in text for text in texts):
        arrays = [k for k, v in oracle.made.items() if v.dtype.kind == "f" and v.ndim]
        others += [{**lengths, WHOLE_NUMBERS + name: 1} for name in arrays]
    return others + (as_samples if any(map(TOO_FEW.search, texts)) else [])


def _arguments(program: Program) -> range:
    """How many arguments on the command line to try, where it may have ended for want of them."""
    kinds = {"SystemExit" if NO_ARGUMENT.search(text) else kind
             for kind, _, text in program.failures}  # fmt: skip
    if not {"argv", "parse_args"} & program.code.names or not {"SystemExit", "IndexError"} & kinds:
        return range(0)
    return range(1 if "SystemExit" in kinds else MOST_ARGUMENTS, MOST_ARGUMENTS + 1)


def fewer_units(many: set[int], lengths: Lengths, least: int = MANY_SAMPLES) -> Lengths:
    """Other sizes in place of the hundreds of the program."""
    rest = sorted(n for n in many if n >= least and str(n) not in lengths)
    return {str(n): size for n, size in zip(rest, FEWER, strict=False)}


def _stands_still(program: Program) -> bool:
    """Whether nothing moved, perhaps for want of samples: fewer than a batch has make no batch."""
    moved = any(step.moves for step in program.seen)
    failures = program.failures
    empty = any(kind == "ZeroDivisionError" or EMPTY.search(text) for kind, _, text in failures)
    numbered = any(re.search(r"\d", text) for _, _, text in failures)
    return not moved and (not failures or empty or not (numbered or has_matrix_product()))


def sized(program: Program, lengths: Lengths, many: set[int]) -> list[Lengths]:
    """Numbers of samples in place of the program's own, which an error says that it has not."""
    texts = [text for kind, _, text in program.failures if kind in SIZES_TOLD]
    sizes = [list(map(int, re.findall(r"\d+", text))) for text in texts]
    return [{**lengths, str(n): program.oracle.rows} for some in sizes for n in some
            if n in many and n >= MANY_SAMPLES and str(n) not in lengths
            and program.oracle.rows in some]  # fmt: skip


def _resized(program: Program, lengths: Lengths, large: set[int]) -> list[Lengths]:
    """Other widths for tables that are not there, and numbers of samples, that an error asks for.

    Args:
        large: the large numbers of the program.
    """
    oracle = program.oracle
    texts = [text for kind, _, text in program.failures if kind in SIZES_TOLD] or [""]
    told = texts[0]
    if wider := _wider(told, oracle, lengths):
        return wider
    if (m := next(filter(None, map(LABEL.search, texts)), None)) and "values" not in lengths:
        return [{**lengths, "values": int(m[1]) or 2}]  # none is 1, where each row should have one
    sizes, *others = [list(dict.fromkeys(map(int, re.findall(r"\d+", error)))) for error in texts]
    if LIST_END in told:  # which says no size: it may be that of the samples
        sizes = [program.oracle.rows]
    wanted = large if "out of bounds" in told or LIST_END in told else large.intersection(sizes)
    free = [n for n in sorted(wanted) if str(n) not in lengths]
    resized = [{**lengths, str(n): m} for n in free for m in sizes if 1 < m < MANY_SAMPLES]
    tables = oracle.tables.items() if "indexing" not in told else ()
    resized += [{**lengths, name: size} for name, width in tables if name not in lengths
                for size in _widths(width, oracle.rows, sizes, others)]  # fmt: skip
    if VALUES in sizes and "values" not in lengths:  # a column for each of the labels
        resized += [{**lengths, "values": size} for size in sizes if 1 < size != VALUES]
    resized += _as_many_rows(told, oracle, lengths)
    return [*_more_rows(told, oracle, lengths), *resized, *_asked_for(program, lengths)]


def _as_many_rows(told: str, oracle: Oracle, lengths: Lengths) -> list[Lengths]:
    """As many samples as something has of the program's own, which does not fit beside them."""
    first = {int(shape[1:-1].split(",")[0]) for shape in PRINTED_SHAPE.findall(told)}
    if "rows" in lengths or oracle.rows not in first:
        return []
    return [{**lengths, "rows": size} for size in sorted(first - {oracle.rows})
            if TABLE_ROWS <= size <= MOST_ROWS]  # fmt: skip


def _asked_for(program: Program, lengths: Lengths) -> list[Lengths]:
    """Widths for tables by the numbers in the calls of a program that refuses them: of so many
    inputs, and of a column for the target besides."""
    if not (program.failures and program.failures[0][1] in program.code.raises):
        return []
    sizes = [n + k for n in program.code.said if 1 < n <= MOST_INPUTS for k in (0, 1)]
    return [{**lengths, name: size} for name, width in program.oracle.tables.items()
            if name not in lengths for size in dict.fromkeys(sizes) if size != width]  # fmt: skip


def _wider(told: str, oracle: Oracle, lengths: Lengths) -> list[Lengths]:
    """Wider tables, where there is a column that they lack; with one more for the target."""
    m = PLACE.search(told)
    at, size = (int(m[1]), int(m[3])) if m else (0, 0)
    return [{**lengths, name: at + more} for name, width in oracle.tables.items()
            if width == size and name not in lengths for more in (1, 2)]  # fmt: skip


def _more_rows(told: str, oracle: Oracle, lengths: Lengths) -> list[Lengths]:
    """More samples, where a batch has more than there are."""
    m = PLACE.search(told)
    few = m and m[2] == "0" and int(m[1]) >= int(m[3]) == oracle.rows < ENOUGH_SAMPLES
    return [{**lengths, "rows": min(2 * oracle.rows, ENOUGH_SAMPLES)}] if few else []


def _widths(width: int, rows: int, sizes: list[int], others: list[list[int]]) -> list[int]:
    """Other widths for a table, by the sizes that the first error and others tell."""
    near = [a for a in sizes if abs(a - width) <= 2]
    widths = [width + b - a for a in near for b in sizes]
    widths += next((some for some in (sizes, *others) if rows * width in some), [])
    return [n for n in dict.fromkeys(widths) if 1 < n <= WIDEST_TABLE and n != width]
