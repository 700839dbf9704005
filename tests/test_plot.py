import io

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from jaxmlp import plot
from jaxmlp.train.fitted import Epoch

MATRIX = np.array([[10, 3, 3, 4], [2, 8, 5, 5], [0, 5, 12, 3], [3, 2, 3, 12]])  # L25


def drawn(figure, path):
    """The figure's texts, once it has been drawn to a file."""
    figure.savefig(path)
    assert path.stat().st_size > 1000
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_error_by_epoch(tmp_path):
    history = [Epoch(k, 0.1, 1 / k, 2 / k) for k in (1, 2, 4)]
    figure = plot.error_by_epoch(history, "mean cross-entropy (nats)")
    drawn(figure, tmp_path / "error.png")
    axes = figure.axes[0]
    assert [list(line.get_ydata()) for line in axes.lines] == [[1, 1 / 2, 1 / 4], [2, 1, 1 / 2]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "mean cross-entropy (nats)")
    assert axes.get_yscale() == "log"


def test_error_of_0_is_no_reason_to_fail(tmp_path):
    figure = plot.error_by_epoch([Epoch(1, 0.1, 0.0, None)], "error")
    drawn(figure, tmp_path / "error.png")
    assert figure.axes[0].get_yscale() == "linear"
    assert len(figure.axes[0].lines) == 1


def test_confusion_has_the_true_class_in_its_rows(tmp_path):
    figure = plot.confusion(MATRIX, ["0", "1", "2", "3"])
    drawn(figure, tmp_path / "confusion.png")
    axes = figure.axes[0]
    cells = {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axes.texts}
    assert cells == {at: str(count) for at, count in np.ndenumerate(MATRIX)}
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true class", "predicted class")
    assert axes.get_title() == "52.50% right"


@pytest.mark.parametrize("wrong", [0, 1, 50])
def test_misclassified_are_titled_i_to_j(wrong, tmp_path, rng):
    true = np.arange(60) % 3
    predicted = np.where(np.arange(60) < wrong, (true + 1) % 3, true)
    figure = plot.misclassified(rng.uniform(size=(60, 4, 5)), true, predicted, "abc")
    drawn(figure, tmp_path / "wrong.png")
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [f"{'abc'[k % 3]} to {'bca'[k % 3]}" for k in range(min(wrong, 40))]
    assert figure.get_suptitle().startswith(f"{wrong} of 60")


def test_predictions_have_a_panel_an_output(tmp_path, rng):
    Y, G = rng.normal(size=(2, 20, 3))
    figure = plot.predictions(Y, G)
    drawn(figure, tmp_path / "predictions.png")
    assert len(figure.axes) == 3
    np.testing.assert_array_equal(
        figure.axes[1].collections[0].get_offsets(), np.c_[Y[:, 1], G[:, 1]]
    )


def test_bands_are_medians_and_quartiles_of_what_is_finite(tmp_path):
    places, values = (
        np.array([0.01, 0.1, 1.0]),
        np.array([[1.0, 2, 3], [40, np.inf, 60], [np.nan] * 3]),
    )
    figure = plot.bands({"relu": (places, values)}, "η", "error", logarithmic=True)
    with plot.style():
        drawn(figure, tmp_path / "bands.png")
    axes = figure.axes[0]
    assert axes.lines[0].get_xydata().tolist() == [[0.01, 2], [0.1, 50]]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.01", "0.1", "1"]
    corners = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (corners.min(), corners.max()) == (1.5, 55)
    assert all("$" not in label.get_text() for label in axes.get_yticklabels())


def test_bands_are_drawn_on_the_axes_given():
    one, other = Figure().subplots(1, 2)
    curve = {"relu": (np.array([1.0, 2.0]), np.array([[1.0, 2], [3, 4]]))}
    assert plot.bands(curve, "η", "error", axes=other) is other.figure
    assert (len(one.lines), len(other.lines)) == (0, 1)


def test_fonts_installed_after_matplotlib_looked_are_found(monkeypatch):
    there = plot.japanese_fonts()
    if not there:
        pytest.skip("no font for Japanese")
    stale = [f for f in font_manager.fontManager.ttflist if f.name not in plot.JAPANESE_FONTS]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", stale)
    assert plot.japanese_fonts()
    with plot.style() as missing:
        plot.confusion(np.eye(2, dtype=int), ["犬", "猫"]).savefig(io.BytesIO())
    assert missing == []


def test_characters_without_a_font_are_noted(monkeypatch):
    monkeypatch.setattr(plot, "japanese_fonts", list)
    with plot.style() as missing:
        plot.confusion(np.eye(2, dtype=int), ["犬", "猫"]).savefig(io.BytesIO())
    assert missing
