"""Paper, pens and printing of the figures: one size of type, one palette, reproducible SVG."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from mrdq import vocabulary as words

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7f7f7f")
"""Okabe and Ito's colours, told apart by the colour-blind; every line has its own dashes as well."""

DASHES: tuple[Any, ...] = (
    "solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)),
    (0, (3, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (1, 2.5)), (0, (4, 4)),
)  # fmt: skip

CLASS_COLOURS = {
    words.POSITIVE: "#d55e00",
    words.UNDECIDED: "#e69f00",
    words.NEGATIVE: "#0072b2",
    words.NOT_EVALUABLE: "#7f7f7f",
    words.NOT_DONE: "#c4c4c4",
}
CLASS_NAMES = {name: name.replace("_", " ") for name in words.MRD_CLASSES} | {
    "": "not in the protocol"
}

STEPS = 400
"""Steps drawn of one curve: a figure is about so many pixels wide."""

_STYLE: dict[Any, Any] = {
    "font.size": 8,
    "font.family": ["DejaVu Sans"],
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "mrdq",
    "text.parse_math": False,
}
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_PIXELS_PER_POINT = 1.25
_NOTICE_LINES = 3
_FONTS = "'DejaVu Sans', Verdana, sans-serif"


@contextmanager
def house_style() -> Iterator[None]:
    """Our settings of matplotlib, whatever the user's own are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def shortened(text: object, length: int) -> str:
    """A name on one line of at most ``length`` characters, without signs that XML cannot hold."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def thinned(days: NDArray[np.float64], most: int = STEPS) -> NDArray[np.intp]:
    """Places of the days to draw: all of them, or the last in each of ``most`` equal spans."""
    if len(days) <= most:
        return np.arange(len(days))
    span = (days - days[0]) / (days[-1] - days[0]) * most
    return np.flatnonzero(np.diff(np.floor(span), append=np.inf) > 0)


def notice_lines(notices: Sequence[str], letters: int) -> list[str]:
    """The notices in lines of so many letters: each begins on a line of its own."""
    made = []
    for notice in notices:
        made += textwrap.wrap(shortened(notice, 2000), letters, max_lines=_NOTICE_LINES, placeholder=" …")  # fmt: skip
    return made


class Canvas:
    """A figure measured in inches from its lower left corner; the notices stand below it."""

    def __init__(self, width: float, height: float, *, notices: Sequence[str]) -> None:
        lines = notice_lines(notices, int(width * 20.5))
        self._base = 0.13 * len(lines) + 0.04
        self._size = (width, height + self._base)
        self.figure = Figure(figsize=self._size, dpi=72)
        for place, text in enumerate(reversed(lines)):
            self.text(0.08, 0.08 + 0.13 * place - self._base, text, size=6.5, color="#9a4a00")

    @property
    def top(self) -> float:
        return self._size[1] - self._base

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        across, up = self._size
        place = (left / across, (bottom + self._base) / up, width / across, height / up)
        return self.figure.add_axes(place)

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        across, up = self._size
        self.figure.text(x / across, (y + self._base) / up, text, **style)

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        colour: str,
        dashes: Any = "solid",
    ) -> None:
        across, up = self._size
        x, y = zip(start, end, strict=True)
        at = [(value + self._base) / up for value in y]
        line = Line2D(
            [value / across for value in x], at, color=colour, linestyle=dashes, linewidth=1.4
        )
        self.figure.add_artist(line)

    def svg(self, *, key: str, title: str, description: str) -> str:
        """The drawing as one ``<svg>`` element for a page.

        ``key`` is unique on the page: every id in the drawing begins with it.
        """
        data = io.BytesIO()
        with warnings.catch_warnings():
            # The browser brings the letters that matplotlib's font lacks.
            warnings.filterwarnings("ignore", message=r"Glyph \d+")
            self.figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None})
        return _inline(data.getvalue(), key, shortened(title, 300), shortened(description, 2000))


def _inline(data: bytes, key: str, title: str, description: str) -> str:
    root = ElementTree.fromstring(data)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    _prefix_ids(root, key)
    _, _, width, height = (float(number) for number in root.attrib["viewBox"].split())
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "width": f"{width * _PIXELS_PER_POINT:.0f}",
        "height": f"{height * _PIXELS_PER_POINT:.0f}",
        "role": "img",
        "aria-label": title,
        # In a page a style element would reach every other drawing.
        "style": f"stroke-linejoin: round; stroke-linecap: butt; font-family: {_FONTS}",
    }
    for name, text in (("desc", description), ("title", title)):
        element = ElementTree.Element(f"{{{_SVG}}}{name}")
        element.text = text
        root.insert(0, element)
    return _serialised(root)


def _prefix_ids(root: ElementTree.Element, key: str) -> None:
    used = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == f"{{{_XLINK}}}href":
                used.add(value[1:])
                element.set(name, f"#{key}-{value[1:]}")
            elif value.startswith("url(#"):
                used.add(value[5:-1])
                element.set(name, f"url(#{key}-{value[5:]}")
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", f"{key}-{own}")


def _serialised(root: ElementTree.Element) -> str:
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")
