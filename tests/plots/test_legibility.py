import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from lightning_go4align.report.gallery import exhibits


def drawn_texts(figure):
    """Words and boxes of all texts that reach the picture, in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    drawn = []
    draw_text = renderer.draw_text

    def record(gc, x, y, s, prop, angle, ismath=False, mtext=None):
        drawn.append(mtext)
        draw_text(gc, x, y, s, prop, angle, ismath, mtext)

    renderer.draw_text = record
    figure.draw(renderer)
    return [(text.get_text(), Text.get_window_extent(text, renderer)) for text in drawn]


def overlapping(boxes):
    """Pairs of boxes that share more than their empty rims."""
    x0, y0, x1, y1 = np.array([box.extents for box in boxes]).T
    wide = np.minimum(x1, x1[:, None]) - np.maximum(x0, x0[:, None])
    high = np.minimum(y1, y1[:, None]) - np.maximum(y0, y0[:, None])
    least = np.minimum(y1 - y0, (y1 - y0)[:, None])
    return np.argwhere(np.triu((wide > 1) & (high > 0.35 * least), 1))


def test_no_text_is_cut_and_no_two_overlap(history):
    faults = []
    for exhibit in exhibits(history):
        figure = exhibit.draw(history)
        width, height = figure.bbox.size
        texts = drawn_texts(figure)
        cut = [text for text, b in texts if b.x0 < 0 or b.y0 < -2 or b.x1 > width or b.y1 > height + 2]
        pairs = [(texts[a][0], texts[b][0]) for a, b in overlapping([box for _, box in texts])]
        faults += [(exhibit.title, fault) for fault in cut + pairs]
    assert not faults
