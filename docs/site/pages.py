"""The pages that are made of the package: the lecture's equations, and the catalogue of mistakes.

    python -m docs.site.pages

writes them; a test says when that has to be done again.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from docs.site import causes
from jaxmlp.verify import pieces
from jaxmlp.verify.finding import Claim, Words
from jaxmlp.verify.gradient.known import KNOWN_MISTAKES
from jaxmlp.verify.lecture import claims
from jaxmlp.verify.mistakes import CATALOGUE, LOOK
from jaxmlp.verify.program import Mistake
from jaxmlp.verify.slips import slips

DOCS = Path(__file__).parents[1]
SLIDES = {
    "前回の復習: パーセプトロン": "Review: the perceptron",
    "多クラス分類": "Several classes",
    "3層ニューラルネットワーク": "The three-layer neural network",
    "3層ニューラルネットワークのモデルの例": "An example of its models",
    "活性化関数の例": "Examples of activations",
    "活性化関数の微分": "Derivatives of activations",
    "ℓ2-誤差": "The ℓ2 error",
    "クロスエントロピー": "The cross-entropy",
    "クロスエントロピー (m = 2)": "The cross-entropy (m = 2)",
    "行列微分": "Derivatives by a matrix",
    "パラメータの更新規則": "The update of the parameters",
    "準備: 誤差関数の勾配の導出 I": "The gradient of the error, I",
    "準備: 誤差関数の勾配の導出 II": "The gradient of the error, II",
    "準備: 誤差関数の勾配の導出 III": "The gradient of the error, III",
    "誤差逆伝播法": "Backpropagation",
    "誤差逆伝播法 (アニメーション)": "Backpropagation (animated)",
    "課題のための準備: 分類結果の評価": "For the exercise: evaluating a classification",
}
LECTURE = Words(
    """# The lecture's equations

The equations of the lecture are numbered L1 to L27, so that code and reports can cite them (`[L18]`). Each was judged by comparing its two sides at
random points, by JAX's forward pass and automatic differentiation, in float64; seven do not hold as printed. `jaxmlp verify` [judges them
anew](checking.md#the-lectures-own-equations), and proves them.
""",
    """# 講義の式

コードやレポートから引用できるように (`[L18]` など)、講義の式に L1〜L27 の番号を付けています。それぞれの両辺を、乱数で選んだ点で、JAX の順伝播と自動微分を使って
float64 で比べました。7 つは、資料に書かれているとおりには成り立ちません。`jaxmlp verify` で[もう一度判定し](checking.ja.md#講義の式を調べる)、証明できます。
""",
)
NOTATION = (
    (("symbol", "meaning", "shape"), ("記号", "意味", "形")),
    (("x", "input; with a 1 in front, (1, x), where it meets W", "(d,) or (n, d)"),
     ("x", "入力。W に掛かるときは先頭に 1 を付けた (1, x)", "(d,) または (n, d)")),
    (("W", "input to hidden layer, column 0 the bias", "(q, d+1)"),
     ("W", "入力層から中間層への重み。第 0 列がバイアス", "(q, d+1)")),
    (("u = Wx, z = (1, f(u))", "hidden pre-activation, hidden output", "(q,), (q+1,)"),
     ("u = Wx, z = (1, f(u))", "中間層の入力と出力", "(q,), (q+1,)")),
    (("V, Ṽ", "hidden to output layer; V without column 0", "(m, q+1), (m, q)"),
     ("V, Ṽ", "中間層から出力層への重み。Ṽ は V から第 0 列を除いたもの", "(m, q+1), (m, q)")),
    (("a = Vz, g(a)", "output pre-activation, output", "(m,)"),
     ("a = Vz, g(a)", "出力層の入力と出力", "(m,)")),
    (("y", "target: 1-of-K for classes, numbers for regression", "(m,)"),
     ("y", "教師ベクトル。分類では 1-of-K、回帰では実数", "(m,)")),
    (("E", "Σ(y − g)² (no ½), −Σ y log g, or −Σ y log g + (1 − y) log(1 − g)", "one number"),
     ("E", "誤差。Σ(y − g)² (½ なし)、−Σ y log g、または −Σ y log g + (1 − y) log(1 − g)", "1 つの数")),
    (("δ2, δ1", "∂E/∂a, ∂E/∂u", "(m,), (q,)"), ("δ2, δ1", "∂E/∂a, ∂E/∂u", "(m,), (q,)")),
    (("η_t", "step size at step t", "one number"), ("η_t", "ステップ t の学習率", "1 つの数")),
)  # fmt: skip
AFTER_NOTATION = Words(
    "Rows are samples, and X comes without the column of ones: the network adds it. Without bias, W is (q, d) and V is (m, q).",
    "行がサンプルで、X には 1 の列を含めません (ネットワークが付け加えます)。バイアスなしでは W が (q, d)、V が (m, q) です。",
)
MISTAKES = Words(
    """# The mistakes

The catalogue of known mistakes, by the `id` that stands in a report's JSON, its CSV and `--format concise`. Each is a formula: it is named only if it, or two of
them together, reproduce the numbers exactly, at every random point. What none reproduces is called unrecognised. In programs of any other shape (classes, layers,
a whole training script) a report also names [what it sees in the step itself](#programs). What is in italics differs from report to report.
""",
    """# 誤りの一覧

知られている誤りの一覧です。識別名は、レポートの JSON と CSV、`--format concise` に出るものです。一つひとつが式であり、その式 (または 2 つの組み合わせ) が提出された数値を
すべての点で正確に再現するときにだけ、名前を挙げます。どの式でも再現できないものは「既知の誤りのどれでもない」とします。ほかの形の
プログラム (クラス、層、学習スクリプト全体) では、[ステップそのものに見つかったこと](#programs)にも名前を付けます。
斜体の部分はレポートごとに変わります。
""",
)
HEADS = (Words("id", "識別名"), Words("what was done", "内容"), Words("equation", "式"))
GROUPS = {
    Words("The forward pass", "順伝播"): ("u", "fu", "z", "a", "g"),
    Words("δ2", "δ2"): ("delta2",),
    Words("∂E/∂V", "∂E/∂V"): ("dV",),
    Words("δ1", "δ1"): ("V_tilde", "slope", "delta1"),
    Words("∂E/∂W", "∂E/∂W"): ("dW",),
    Words("Both gradients together", "両方の勾配"): ("share",),
}
NAMED = {
    "activation": Words("The activation {}", "活性化関数 {}"),
    "derivative": Words("The derivative of {}", "{} の微分"),
    "softmax": Words("{}", "{}"),
    "loss": Words("The {}", "{}"),
    "loss-slope": Words("∂E/∂g of the {}", "{}の ∂E/∂g"),
}
CALLED = {
    "relu": Words("ReLU", "ReLU"),
    "sigmoid": Words("sigmoid", "シグモイド"),
    "tanh": Words("tanh", "tanh"),
    "softmax": Words("Softmax", "ソフトマックス"),
    "cross_entropy": Words("cross-entropy", "クロスエントロピー"),
    "binary_cross_entropy": Words("binary cross-entropy", "二値クロスエントロピー"),
    "squared_error": Words("squared error", "二乗誤差"),
    "mean_squared_error": Words("mean squared error", "平均二乗誤差"),
}
KINDS = (
    *((kind, of) for of in ("relu", "sigmoid", "tanh") for kind in ("activation", "derivative")),
    ("softmax", "softmax"),
    *((kind, of) for kind in ("loss", "loss-slope") for of in pieces.LOSS_NAMES),
)
PROGRAMS = Words("A program of any other shape", "ほかの形のプログラム")
GRADIENTS = Words("A gradient, in `check_gradient`", "`check_gradient` の勾配")
LOOK_AGAIN = Words("Hint", "ヒント")
THEY_FIT = Words("they do", "形は合います")
STOP = Words(".", "。")
# What is put into a text, by its name in the source, where that is no symbol.
PUT_IN = {
    "argument": Words("another argument", "別の引数"),
    "axis": Words("Row", "行"),
    "expected": Words("(m, n)", "(m, n)"),
    "function": Words("a function", "ある関数"),
    "name": Words("V", "V"),
    "new": Words("another expression", "別の式"),
    "old": Words("an expression", "ある式"),
    "other": Words("another activation", "別の活性化関数"),
    "own": Words("another array", "別の配列"),
    "rule": Words("a rule", "公式"),
    "said": Words("c", "c"),
    "times": Words("k", "k"),
    "title": Words("another value", "別の量"),
    "trained": Words("its own", "元の活性化関数"),
    "what": Words("the number of rows, say", "行の数など"),
    "why": Words("the reason", "理由"),
}


def main() -> None:
    for name, text in made().items():
        (DOCS / name).write_text(text, encoding="utf-8")


def made() -> dict[str, str]:
    """The pages by their names."""
    found = claims()
    return {
        f"{name}{suffix}.md": page
        for lang, suffix in (("en", ""), ("ja", ".ja"))
        for name, page in (("lecture", lecture(found, lang)), ("mistakes", mistakes(lang)))
    }


def lecture(found: Sequence[Claim], lang: str) -> str:
    """The notation, and every claim below the title of its slide."""
    heading = Words("Notation", "記号")
    rows = [each[lang == "ja"] for each in NOTATION]
    parts = [getattr(LECTURE, lang), '<a id="notation"></a>\n', f"## {getattr(heading, lang)}\n"]
    parts += [table(rows), f"{getattr(AFTER_NOTATION, lang)}\n"]
    ordered = sorted(found, key=lambda claim: list(SLIDES).index(claim.slide))
    for slide, under in itertools.groupby(ordered, key=lambda claim: claim.slide):
        parts.append(f"## {slide if lang == 'ja' else f'{SLIDES[slide]} ({slide})'}\n")
        parts += [claimed(claim, lang) for claim in under]
    return "\n".join(parts)


def claimed(claim: Claim, lang: str) -> str:
    """One claim: its formula, and what there is to say of it."""
    said = {
        True: Words("It holds", "成り立ちます"),
        False: Words(
            "It **does not hold as printed**", "**資料に書かれているとおりには成り立ちません**"
        ),
    }
    words = getattr(said[claim.holds], lang)
    if claim.assumption and claim.holds:
        words = claim.assumption.ja if lang == "ja" else f"{words} where {claim.assumption.en}"
    if claim.correction:
        words += f"{Words('; what holds is', '。正しくは')[lang == 'ja']} `{claim.correction}`"
    end = "" if words.endswith("。") else Words(".", "。")[lang == "ja"]
    lines = [f"### {claim.id}\n", f"`{claim.formula}`\n", words + end]
    return "\n".join([*lines, *([f"\n{getattr(claim.remark, lang)}"] if claim.remark else []), ""])


def mistakes(lang: str) -> str:
    """The catalogue, by the quantity that is wrong, and by the function."""
    parts = [getattr(MISTAKES, lang)]
    for title, steps in GROUPS.items():
        inside = [mistake for mistake in CATALOGUE if mistake.step in steps]
        hints = dict.fromkeys(getattr(LOOK[step], lang) for step in steps)
        parts += [
            f"## {getattr(title, lang)}\n",
            f"{getattr(LOOK_AGAIN, lang)}: {(' ' if lang == 'en' else '').join(hints)}\n",
        ]
        parts.append(listed(inside, lang))
    for kind, of in KINDS:
        title = getattr(NAMED[kind], lang).format(getattr(CALLED[of], lang))
        title = re.sub(r"(?<=[ァ-ヶー]) (?=の)", "", title)
        parts += [f"## {title}\n", listed(slips(pieces.Piece(kind, of)), lang)]
    parts += [f"## {getattr(GRADIENTS, lang)}\n"]
    rows = [(f"`{id}`", shown(said[lang == "ja"], lang)) for id, said in KNOWN_MISTAKES.items()]
    parts.append(table([heads(lang)[:2], *rows]))
    parts += ['<a id="programs"></a>\n', f"## {getattr(PROGRAMS, lang)}\n"]
    parts.append(listed(causes.listed(), lang))
    return "\n".join(parts)


def listed(inside: Iterable[Mistake | causes.Cause], lang: str) -> str:
    """A table of mistakes, what is said alike once."""
    said = [(f"`{m.id}`", shown(getattr(m.text, lang), lang), m.equation) for m in inside]
    return table([heads(lang), *dict.fromkeys(said)])


def shown(text: str, lang: str) -> str:
    """A text with an example of what is put into it, `{n}`, in italics."""

    def example(name: str) -> str:
        return name if len(name) == 1 else getattr(PUT_IN[name], lang)

    parts = re.split(r"\{(\w+)[^}]*\}", text.replace("…", getattr(THEY_FIT, lang)))
    put = (f"<i>{example(one)}</i>" if k % 2 else one for k, one in enumerate(parts))
    said = "".join(put).replace("</i> <i>", " ")
    if not said.endswith((".", "?", "。")):  # a remark: no sentence yet
        said = f"{said[0] if said[1] == ' ' else said[0].upper()}{said[1:]}{STOP[lang == 'ja']}"
    return re.sub(r"(?<=^<i>)\w(?!<)", lambda first: first[0].upper(), said)


def heads(lang: str) -> tuple[str, ...]:
    return tuple(getattr(head, lang) for head in HEADS)


def table(rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, the first row its head."""
    return "\n".join([*_lines(rows), ""])


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
        if not number:
            yield "|" + "---|" * len(row)


if __name__ == "__main__":
    main()
