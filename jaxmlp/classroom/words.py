"""The words of what comes out for a class, in both languages."""

from jaxmlp.verify.finding import Words

CLASS_LABELS = {
    "class": Words("The class", "採点一覧"),
    "feedback": Words("Feedback", "フィードバック"),
    "student": Words("student", "学生"),
    "id": Words("id", "学籍番号"),
    "name": Words("name", "氏名"),
    "mistakes": Words("mistakes", "誤り"),
    "points": Words("points", "得点"),
    "of": Words("{} of {} points", "{} / {} 点"),
    "by hand": Words("by hand", "要確認"),
    "functions": Words("functions", "関数"),
    "others": Words("other quantities", "その他の量"),
    "remarks": Words("to look at", "要確認"),
    "right": Words("{} right", "正しい {}"),
    "submissions": Words("{} submissions", "提出 {} 件"),
    "entries": Words("{} entries: {} graded, {} not", "{} 個のうち採点 {}、採点なし {}"),
    "new": Words("{} files judged now, {} kept from before", "今回検査 {}、前回の結果を利用 {}"),
    "fine": Words("{} without a mistake", "誤りなし {}"),
    "wrong": Words("{} with mistakes", "誤りあり {}"),
    "unjudged": Words("{} to be looked at by a person", "人による確認が必要 {}"),
    "common": Words("Which mistakes", "誤りの種類"),
    "what": Words("what was done", "内容"),
    "students": Words("students", "人数"),
    "quantity": Words("quantity", "量"),
    "example": Words("a line that shows it", "例"),
    "nothing wrong": Words("No mistake was found.", "誤りは見つかりませんでした。"),
    "alike": Words("The same up to names and layout", "名前と書式を除いて同一の提出物"),
    "alike lead": Words(
        "A fact, and no accusation: a common source, a handout, or a group may be why.",
        "事実の提示であり、不正の指摘ではありません。配布資料や共同作業によることもあります。",
    ),
    "left": Words("What was not graded", "採点しなかったもの"),
    "entry": Words("entry", "項目"),
    "why": Words("why", "理由"),
    "graded": Words("graded", "採点済み"),
    "file": Words("file", "ファイル"),
    "nothing": Words("Nothing in it could be graded.", "採点できるものがありませんでした。"),
    "page": Words("page", "ページ"),
}


def say(key: str, lang: str, *values: object) -> str:
    """The label in the language, with the values in their places."""
    return getattr(CLASS_LABELS[key], lang).format(*values)
