"""Why a step, or something that it gives, could not be judged."""

from collections.abc import Sequence

from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.places import at_line
from jaxmlp.verify.judge.worlds import Unjudged

MOST_NAMED_RESULTS = 3  # results that are named
REASONS = {
    "another-forward": Words(
        "on arrays of ours it stops, or gives none of the values of the network that this file is "
        "checked against",
        "検査用の配列では途中で止まるか、比較しているネットワークのどの値にもなりません",
    ),
    "another-call": Words(
        "it asks for other arguments, or gives something else, than a function of this name here",
        "ここで想定している同名の関数とは、引数または戻り値が異なります",
    ),
    "no-output": Words(
        "no output was found that meets a target", "教師ベクトルと比べられる出力が見つかりません"
    ),
    "no-error": Words(
        "none of the known E has a gradient that any of its parameters follows",
        "既知のどの E についても、その勾配に従うパラメータがありません",
    ),
    "own-delta": Words(
        "the value that the backward pass begins with is the derivative of no known E; what "
        "follows from it was compared with autodiff",
        "逆伝播の最初の値が、既知のどの E の微分でもありません。そこから先は自動微分と比べました",
    ),
    "unseen": Words(
        "with these data the derivative of E by {} is 0, so that nothing is shown",
        "このデータでは {} による E の微分が 0 になるため、正しいかどうかが分かりません",
    ),
    "stretched": Words(
        "{} has more entries after the step than before: is its gradient summed over the samples?",
        "{} の成分の数が更新で増えています。勾配についてサンプルの和を取っていますか",
    ),
    "resting": Words(
        "the step that was seen does not move {}, though it moves others: that may be on purpose",
        "見つかったステップでは {} は更新されません。ほかのパラメータは更新されます。"
        "意図したものかもしれません",
    ),
    "overwritten": Words(
        "gradients of several samples are computed for {}, and the last alone is used: does each "
        "take the place of the one before, where the sum belongs?",
        "{} の勾配を複数のサンプルについて計算していますが、使われるのは最後のものだけです。"
        "和を取るべきところで、前の勾配を上書きしていませんか",
    ),
    "shapes": Words(
        "it works with no shapes of the data that make sense",
        "意味のあるデータの形では動きません",
    ),
    "other-array": Words(
        "it is given {}, which its forward pass does not have",
        "順伝播にない {} を受け取っています",
    ),
    "elsewhere": Words(
        "something is wrong in it, or in the program that runs it and computes a part of the "
        "backpropagation itself: check that program, too",
        "このファイルか、逆伝播の一部を計算しているプログラム (これを実行したもの) のどちらかに"
        "誤りがあります。そのプログラムも調べてください",
    ),
    "failed": Words("the checker itself failed ({})", "検査プログラムのエラーです ({})"),
    "construct": Words("{} cannot be followed", "{} を追跡できません"),
    "long": Words("its {} operations are too many", "演算が {} 個あり、多すぎます"),
}


def unjudged(name: str, line: int, why: Unjudged, cells: Sequence[int]) -> Note:
    """That a step was seen and could not be judged, and why."""
    reason = REASONS[why.reason]
    en, ja = reason.en.format(why.what), reason.ja.format(why.what)
    at = _beginning(why.line or line, cells)
    title = Words(name or "training", name or "学習")
    whole = Words(" in full", "すべては") if why.reason == "own-delta" else Words("", "")
    return Note("not-judged", Words(
        f"{title.en}{at.en} could not be judged{whole.en}: {en}",
        f"{title.ja}{at.ja} は{whole.ja}判定できません: {ja}"))  # fmt: skip


def loose(name: str, results: Sequence[str], line: int, cells: Sequence[int]) -> Note:
    """That something that a call gives is nothing that is known."""
    at = _beginning(line, cells)
    more = len(results) - MOST_NAMED_RESULTS
    en, ja = ", ".join(results[:MOST_NAMED_RESULTS]), "、".join(results[:MOST_NAMED_RESULTS])
    if more > 0:
        en, ja = f"{en} and {more} more", f"{ja} ほか {more} 個"
    return Note("not-judged", Words(
        f"{en} of {name or 'the file'}{at.en} could not be judged: what depends on the target here "
        "is the derivative of E by none of the arrays",
        f"{name or 'ファイル'}{at.ja} の {ja} は判定できません。"
        "教師ベクトルに依存しますが、どの配列による E の微分でもありません"))  # fmt: skip


def _beginning(line: int, cells: Sequence[int]) -> Words:
    """The same in brackets; nothing for the file itself."""
    if not line:
        return Words("", "")
    at = at_line(line, cells)
    return Words(f" ({at.en})", f" ({at.ja})")
