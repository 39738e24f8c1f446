"""22. The interval of a level

The level has a 95 % calibration interval. It carries the scatter of the curve, of the sample's
replicates and of the control gene; it does not carry the sampling of few molecules. It is
Fieller's: all x with

    (m - ȳ - slope · (x - x̄))² ≤ t² · s² · (1/k + 1/n + (x - x̄)² / Sxx)

m is the mean of the sample's k wells; n, x̄, ȳ and Sxx are the wells of the curve, the means of
their log10(dilution) and Cq, and the scatter of the former; s² pools the residuals of the curve
and of the replicates with n - 2 + k - 1 degrees of freedom; t is Student's quantile for them. The
control gene's interval is of the same kind, and the two are joined: the distance down is the root
of the squares of the level's distance down and the amount's distance up, and the other way round.
"""

import math

import pytest
from plates import RULE_SETS, Drawing, example, read_plate, run, wider
from scipy.optimize import brentq
from scipy.stats import t as student

NO_GENE = "control gene: optional\nno control gene"


def test_worked_by_hand():
    """The interval of the good plate without a control gene, worked by hand.

    Curve: 8 wells, x̄ = -2.5, Sxx = 10, slope -3.4, residual squares 8 · 0.1² = 0.08. Sample: k = 3,
    squares 0.1² + 0.1² = 0.02. Freedom 8 - 2 + 3 - 1 = 8, s² = 0.1 / 8 = 0.0125. Student's t for
    97.5 % and 8 degrees of freedom is 2.3060. t² · s² / slope² = 5.31765 · 0.0125 / 11.56 =
    0.00575006; divided by Sxx this is g = 0.000575. The level is at x = -3, 0.5 below x̄.
    Half = √(0.00575006 · ((1 - g) · (1/3 + 1/8) + 0.25 / 10)) = √(0.00575006 · 0.483070) = 0.052704.
    Low: -2.5 + (-0.5 - 0.052704) / (1 - g) = -3.05302, 10^-3.05302 = 8.851e-4.
    High: -2.5 + (-0.5 + 0.052704) / (1 - g) = -2.94755, 10^-2.94755 = 1.1284e-3.
    """
    example(
        f"good plate, but\n{NO_GENE}",
        """
        calls
        mrd_level  mrd_level_low  mrd_level_high
        1e-3       ~8.851e-4      ~1.1284e-3
        """,
        bound="interval_confidence", rule_sets=RULE_SETS,
    )  # fmt: skip


def test_it_contains_the_level():
    """The interval contains the level, with a control gene as without, and above the curve.

    The levels are 1e-3, 1e-3 and 10^0.5, which lies between 3.162 and 3.163.
    """
    for more, level in (
        ("", "< 1e-3  > 1e-3"),
        (f"\n{NO_GENE}", "< 1e-3  > 1e-3"),
        ("\nsample S1     .          20.2  20.3  20.4", "< 3.162  > 3.163"),
    ):
        example(f"good plate, but{more}", f"calls\nmrd_level_low  mrd_level_high\n{level}")


def test_blasts_shift_it():
    """The blast fraction multiplies level and interval alike.

    Half of the interval worked by hand: 4.425e-4 and 5.642e-4.
    """
    example(
        f"good plate, but\nassay T1: blast_fraction 0.5\n{NO_GENE}",
        """
        calls
        mrd_level  mrd_level_low  mrd_level_high
        5e-4       ~4.425e-4      ~5.642e-4
        """,
    )


def test_the_control_gene_widens_it():
    """The amount of DNA is a measurement too: with a control gene the interval is wider."""
    wider(f"good plate, but\n{NO_GENE}", "good plate, but")


def test_fewer_wells_of_the_sample_widen_it():
    """Three wells of the same scatter know less than six."""
    wider(
        """
        good plate, but
        sample S1     .          32.1  32.2  32.3  32.1  32.2  32.3
        """,
        """
        good plate, but
        sample S1     .          32.1  32.2  32.3
        """,
    )


def test_scatter_of_the_sample_widens_it():
    """Wells further apart widen it."""
    wider(
        """
        good plate, but
        sample S1     .          32.1  32.2  32.3
        """,
        """
        good plate, but
        sample S1     .          31.7  32.2  32.7
        """,
    )


def test_a_worse_curve_widens_it():
    """Standards further from the line widen it: ±0.3 instead of ±0.1."""
    wider(
        "good plate, but",
        """
        good plate, but
        standard      1e-1       25.1  25.7
        standard      1e-2       28.5  29.1
        standard      1e-3       31.9  32.5
        standard      1e-4       35.3  35.9
        """,
    )


def test_fewer_wells_of_the_curve_widen_it():
    """Two wells per dilution know less than four."""
    wider(
        """
        good plate, but
        standard      1e-1       25.3  25.5  25.3  25.5
        standard      1e-2       28.7  28.9  28.7  28.9
        standard      1e-3       32.1  32.3  32.1  32.3
        standard      1e-4       35.5  35.7  35.5  35.7
        """,
        "good plate, but",
    )


def test_far_from_the_middle_of_the_curve():
    """A level far from the middle of the standards is known less well."""
    wider(
        """
        good plate, but
        sample S1     .          30.4  30.5  30.6
        """,
        """
        good plate, but
        sample S1     .          20.2  20.3  20.4
        """,
    )


def test_a_noisier_control_gene_widens_it():
    """Control gene wells further apart widen it, and so do fewer of them, and a worse curve."""
    wider(
        "good plate, but",
        """
        good plate, but
        control gene ALB
        sample S1     .          26.9  27.9
        """,
    )
    wider(
        """
        good plate, but
        control gene ALB
        sample S1     .          27.3  27.5  27.3  27.5
        """,
        "good plate, but",
    )
    wider(
        "good plate, but",
        """
        good plate, but
        control gene ALB
        standard      1000 ng    23.8  24.4
        standard      100 ng     27.1  27.7
        standard      10 ng      30.4  31.0
        """,
    )


def test_less_confidence_is_narrower():
    """A rule set with a confidence of 90 % gives a narrower interval than one with 95 %."""
    wider(
        """
        good plate, but
        own rule set: extends euromrd-2007-therapy-reduction, interval_confidence 0.9
        """,
        "good plate, but",
    )


# ----------------------------------------------------------------- the inequality, by search


def search(drawing: Drawing, target: str, mean_in: str) -> tuple[float, float, float]:
    """log10 of the estimate and the ends of the set that the inequality defines.

    Nothing but the inequality is used: from the estimate outward, in steps, to where it no longer
    holds, then by bisection.
    """
    section = drawing.runs["R1"].sections[target]
    lowest = 1e-4 if target == "T1" else 0.0
    points = [
        (math.log10(float(dose)), float(cq))
        for (role, dose), wells in section.lines.items()
        if role == "standard" and float(dose) >= lowest * 0.999
        for cq in wells
    ]
    wells = [float(cq) for cq in section.lines["sample", mean_in]]
    n, k = len(points), len(wells)
    x_mean, y_mean = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    sxx = sum((x - x_mean) ** 2 for x, _ in points)
    slope = sum((x - x_mean) * (y - y_mean) for x, y in points) / sxx
    m = sum(wells) / k
    residuals = sum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in points)
    freedom = n - 2 + k - 1
    s2 = (residuals + sum((cq - m) ** 2 for cq in wells)) / freedom
    t2 = student.ppf(0.975, freedom) ** 2

    def outside(x: float) -> float:
        away = m - y_mean - slope * (x - x_mean)
        return float(away**2 - t2 * s2 * (1 / k + 1 / n + (x - x_mean) ** 2 / sxx))

    estimate = x_mean + (m - y_mean) / slope
    ends = []
    for step in (-0.001, 0.001):
        x = estimate
        while outside(x) <= 0:
            x += step
        ends.append(brentq(outside, x - step, x, xtol=1e-15, rtol=1e-14))
    return estimate, ends[0], ends[1]


SCATTERED = (
    "sample S1     .          32.1  32.2  32.3",
    "sample S1     .          31.6  32.2  33.0",
    "sample S1     .          26.0  26.1  26.1  26.3",
    "sample S1     .          35.3  35.4  35.2",
    "sample S1     .          20.2  20.3  20.4",
    "standard      1e-1       24.9  25.8\nstandard      1e-3       31.7  32.9",
    "standard      1e-2       28.3  29.6  28.8\nsample S1     .          33.0  33.9  34.4",
)


def test_fieller_against_a_search():
    """The ends are those that a search through the inequality itself finds, on seven plates."""
    for change in SCATTERED:
        plate = f"good plate, but\n{NO_GENE}\ntarget T1\n{change}"
        estimate, low, high = search(read_plate(plate), "T1", "S1")
        call = run(plate)["calls"][0]
        assert call["mrd_level"] == pytest.approx(10**estimate, rel=1e-9), change
        assert call["mrd_level_low"] == pytest.approx(10**low, rel=1e-9), change
        assert call["mrd_level_high"] == pytest.approx(10**high, rel=1e-9), change


def test_control_gene_against_a_search():
    """With a control gene: both intervals by search, joined by the roots of squares."""
    genes = ("27.3  27.5", "27.4", "26.8  28.0  27.1", "29.9  30.1")
    for change, gene in zip(SCATTERED, genes, strict=False):
        plate = f"good plate, but\n{change}\ncontrol gene ALB\nsample S1     .          {gene}"
        drawing = read_plate(plate)
        x, x_low, x_high = search(drawing, "T1", "S1")
        amount, amount_low, amount_high = search(drawing, "ALB", "S1")
        level = x + 2 - amount  # F = 100 ng / amount
        low = level - math.hypot(x - x_low, amount_high - amount)
        high = level + math.hypot(x_high - x, amount - amount_low)
        call = run(plate)["calls"][0]
        assert call["mrd_level"] == pytest.approx(10**level, rel=1e-9), plate
        assert call["mrd_level_low"] == pytest.approx(10**low, rel=1e-9), plate
        assert call["mrd_level_high"] == pytest.approx(10**high, rel=1e-9), plate
