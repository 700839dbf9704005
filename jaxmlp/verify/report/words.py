"""The words of a report in both languages, and how names and numbers are written."""

import locale
import math
import os

from jaxmlp.text import clean
from jaxmlp.verify.finding import Check, Note, Words

EXPLAIN = ("verdict", "hint", "full")

# All of them are in cp932, the Japanese console's encoding, and are as wide as each other there.
MARKS = {
    "right": Words("√", "○"),
    "wrong": Words("×", "×"),
    "imprecise": Words("±", "△"),
    "unfinished": Words("…", "…"),
    "crashed": Words("■", "■"),
    "timeout": Words("∞", "∞"),
    "holds": Words("√", "○"),
    "fails": Words("×", "×"),
}

STAGE_NAMES = {
    "delta2": Words("δ2", "δ2"),
    "dV": Words("∂E/∂V", "∂E/∂V"),
    "delta1": Words("δ1", "δ1"),
    "dW": Words("∂E/∂W", "∂E/∂W"),
    "slope": Words("f'(u)", "f'(u)"),
    "g": Words("g(a)", "g(a)"),
    "value": Words("value", "値"),
    "derivative": Words("derivative", "微分"),
    "derivation": Words("derivation", "導出"),
    "update": Words("update", "更新"),
    "loss": Words("loss", "誤差"),
    "dE": Words("∂E/∂g", "∂E/∂g"),
    "evaluation": Words("evaluation", "評価"),
}

LABELS = {
    "right": Words("right", "正しい"),
    "wrong": Words("wrong", "誤り"),
    "imprecise": Words("imprecise", "精度不足"),
    "unfinished": Words("unfinished", "未完成"),
    "crashed": Words("crashed", "実行時エラー"),
    "timeout": Words("timeout", "時間切れ"),
    "title": Words("The derivation against autodiff", "導出と自動微分の照合"),
    "claims title": Words("The lecture's claims", "講義の主張の検証"),
    "summary": Words("Summary", "まとめ"),
    "class": Words("All files", "全ファイル一覧"),
    "file": Words("file", "ファイル"),
    "problem": Words("could not be checked", "検査不能"),
    "training loop": Words("training loop", "学習ループ"),
    "from line": Words("line {}", "{} 行目"),
    "shape": Words("shape", "形"),
    "shape right": Words("{}, as expected", "{} (期待どおり)"),
    "shape wrong": Words("expected {}, got {}", "正しくは {}、提出は {}"),
    "shape got": Words("got {}", "提出は {}"),
    "shape missing": Words("expected {}", "正しくは {}"),
    "error": Words("relative error", "相対誤差"),
    "worst": Words("farthest off", "最大のずれ"),
    "entry": Words("{2}: expected {0}, got {1}", "{2}: 正しくは {0}、提出は {1}"),
    "number": Words("expected {}, got {}", "正しくは {}、提出は {}"),
    "where": Words("where", "場所"),
    "expression": Words("wrong expression", "誤りのある式"),
    "in cell": Words("cell {}, {}", "セル {} の {}"),
    "diagnosis": Words("diagnosis", "診断"),
    "together": Words("{} mistakes at once", "{} つの誤りの組み合わせ"),
    "apart": Words(
        "{} explanations that no data can tell apart", "データでは区別できない {} 通りの候補"
    ),
    "either": Words("either", "候補 {}"),
    "or": Words("or", "候補 {}"),
    "hint": Words("hint", "ヒント"),
    "remark": Words("remark", "備考"),
    "files": Words("{} files", "{} ファイル"),
    "one file": Words("{} file", "{} ファイル"),
    "quantities": Words("{} quantities checked", "検査した量 {} 個"),
    "one quantity": Words("{} quantity checked", "検査した量 {} 個"),
    "count": Words("{1} {0}", "{0} {1}"),
    "problems": Words("{} could not be checked", "検査できなかったファイル {}"),
    "left": Words("{} not looked at in full", "一部を調べていないファイル {}"),
    "bought": Words("{} not derived by hand", "手で導出していないもの {}"),
    "network": Words("network", "ネットワーク"),
    "origin": Words("from elsewhere", "ほかから取り込んだもの"),
    "held": Words(
        "Each file ran shut in: no network, no other process, no file but what is imported "
        "and the data that are named, nothing written.",
        "各ファイルは隔離して実行しました。ネットワーク、他のプロセス、import したファイルと"
        "名前で指定したデータ以外のファイル、書き込みは、いずれも禁止しました。",
    ),
    "not held": Words(
        "Not held on this machine while the files ran: {}. Run only what you trust, or run it in a "
        "container.",
        "このマシンでは次を防げません: {}。信頼できるファイルだけを調べるか、"
        "コンテナを使ってください。",
    ),
    "not held disk": Words("reading and writing your files", "ファイルの読み書き"),
    "not held network": Words("connections", "ネットワーク接続"),
    "not held processes": Words("starting and stopping processes", "プロセスの起動と停止"),
    "not held limits": Words("use of memory and processor", "メモリと CPU の使用"),
    "nothing": Words("nothing to check", "検査するものがありません"),
    "wrong entries": Words("{} of {} entries are wrong", "{} / {} 個の成分が誤り"),
    "row": Words("row", "行"),
    "column": Words("column", "列"),
    "unit": Words("hidden unit", "中間ユニット"),
    "output": Words("output", "出力"),
    "sample": Words("sample", "サンプル"),
    "input": Words("input (0: bias, if any)", "入力 (0 はバイアス)"),
    "unit or bias": Words("hidden unit (0: bias, if any)", "中間ユニット (0 はバイアス)"),
    "unit or one": Words("hidden unit (0: the 1, if any)", "中間ユニット (0 は先頭の 1)"),
    "colon": Words(": ", ": "),
    "comma": Words(", ", "、"),
    "holds": Words("holds", "成り立つ"),
    "fails": Words("does not hold", "成り立たない"),
    "unexpected": Words("not as recorded", "記録と不一致"),
    "recorded holds": Words("recorded as holding", "記録では成り立つ"),
    "recorded fails": Words("recorded as not holding", "記録では成り立たない"),
    "id": Words("no.", "番号"),
    "slide": Words("slide", "スライド"),
    "formula": Words("claim", "主張"),
    "verdict": Words("verdict", "判定"),
    "difference": Words("largest relative difference", "最大相対誤差"),
    "needs": Words("needs", "前提"),
    "of the corrected": Words("for the corrected form: {}", "訂正した式について: {}"),
    "without": Words("without it, off by {}", "前提がないと誤差 {}"),
    "corrected": Words("corrected", "訂正"),
    "proof": Words("proof", "証明"),
    "refutation": Words("counterexample", "反例"),
    "proved in": Words("{} ({} s)", "{} ({} 秒)"),
    "chain": Words("{}, for {}", "{} ({})"),
    "notation": Words("In the proofs", "証明の記号"),
    "rules": Words("The rules of the proofs", "証明で使う規則"),
    "rules lead": Words(
        "Each = is checked by applying the rules named beside it, and nothing else; "
        "a + b = b + a, a/a = 1 and the like go unsaid.",
        "どの等号も、右に挙げた規則だけを適用して確かめています (a + b = b + a や a/a = 1 などは"
        "断らずに使います)。",
    ),
    "holding": Words("holding", "成り立つ"),
    "not holding": Words("not holding", "成り立たない"),
    "claims": Words("{} claims", "主張 {} 個"),
}


def language() -> str:
    """ja where the locale is Japanese, else en."""
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    said = next((name for name in names if name), None) or locale.getlocale()[0] or ""
    return "ja" if said.lower().startswith("ja") else "en"


def say(key: str, lang: str, *values: object) -> str:
    """The label in the language, with the values in their places."""
    return getattr(LABELS[key], lang).format(*values)


def mark(verdict: str, lang: str) -> str:
    """The verdict as one character."""
    return getattr(MARKS[verdict], lang)


def stage(check: Check, lang: str) -> str:
    """The quantity as the lecture writes it."""
    return (
        getattr(STAGE_NAMES[check.stage], lang)
        if check.stage in STAGE_NAMES
        else clean(check.stage)
    )


def name(check: Check, lang: str) -> str:
    """The function's name, on one line."""
    return say(check.name, lang) if check.name == "training loop" else clean(check.name)


def lines(text: str) -> list[str]:
    """The same for what may run over several lines, such as an error's message."""
    return [clean(line) for line in text.splitlines() if line.strip()] or [""]


def sentence(note: Note, lang: str) -> str:
    """The note's text on one line, with the equation's number."""
    text = " ".join(lines(getattr(note.text, lang)))
    return f"{text} [{clean(note.equation)}]" if note.equation else text


def format_number(value: float, *, beside: float | None = None) -> str:
    """Six digits, or as many as it takes to see it beside the other.

    Example:
        >>> format_number(1 / 3), format_number(0.5, beside=0.5 + 1e-12)
        ('0.333333', '0.5')
    """
    value = float(value)
    short = f"{value:.6g}"
    same = beside is not None and short == f"{float(beside):.6g}" and value != float(beside)
    return repr(value) if same else short


def small(value: float) -> str:
    """A relative error: two digits."""
    value = float(value)
    return f"{value:.1e}" if math.isfinite(value) and 0 < abs(value) < 1e-3 else f"{value:.2g}"


def check_options(lang: str, explain: str = "full") -> None:
    """Refuse a language or level that there is not.

    Raises:
        ValueError: it says what there is.
    """
    for option, chosen, known in (("language", lang, Words._fields), ("level", explain, EXPLAIN)):
        if chosen not in known:
            raise ValueError(f"unknown {option} {chosen!r}: expected {', '.join(known)}")
