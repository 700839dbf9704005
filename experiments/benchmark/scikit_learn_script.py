"""What `jaxmlp train` does, by scikit-learn: the digits, the same split and settings, figures."""

import sys
import warnings
from pathlib import Path

from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

folder = Path(sys.argv[1])
folder.mkdir(parents=True)
digits = load_digits()
X, X_test, y, y_test = train_test_split(
    digits.data / 16, digits.target, test_size=0.2, stratify=digits.target, random_state=0
)
model = MLPClassifier((200,), solver="sgd", momentum=0, alpha=0, batch_size=1,
                      learning_rate_init=0.05, max_iter=30, random_state=0)  # fmt: skip
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    model.fit(X, y)
predicted = model.predict(X_test)
print(f"test accuracy: {(predicted == y_test).mean():.4f}")

figure = Figure(layout="constrained")
axes = figure.subplots()
axes.plot(model.loss_curve_, "o-")
axes.set(xlabel="epoch", ylabel="mean cross-entropy (nats)", yscale="log")
figure.savefig(folder / "error.png", dpi=150)
figure = Figure(layout="constrained")
ConfusionMatrixDisplay.from_predictions(y_test, predicted, ax=figure.subplots())
figure.savefig(folder / "confusion.png", dpi=150)
wrong = (predicted != y_test).nonzero()[0][:40]
figure = Figure(layout="constrained")
for axes, k in zip(figure.subplots(5, 8).ravel(), wrong, strict=False):
    axes.imshow(X_test[k].reshape(8, 8), cmap="gray_r")
    axes.set_title(f"{y_test[k]} to {predicted[k]}")
figure.savefig(folder / "misclassified.png", dpi=150)
