"""5. Curve

The curve is the ordinary least-squares line of Cq on log10(dilution) over every determined well of
the dilutions of the walk: wells, not means, as instrument software does. It is accepted with at
least 3 dilutions, a slope from -3.9 to -3.1 and R² of at least 0.98. It is fitted and shown from 2
dilutions on, accepted or not; with fewer there is no slope and no intercept, and only the number
of dilutions is judged. The efficiency is 10^(-1/slope) - 1. The curve of an MRD target is never
borrowed from another run.
"""

from plates import bound, example


def test_wells_not_means():
    """Dilutions with more wells weigh more.

    x = log10(dilution) is -1 in 4 wells, -2 in 2, -3 in 2; its mean is -14 / 8 = -1.75. The mean
    Cq is (4 · 25.0 + 2 · 28.5 + 2 · 32.2) / 8 = 221.4 / 8 = 27.675.
    Sxx = 4 · 0.75² + 2 · 0.25² + 2 · 1.25² = 5.5.
    Sxy = 4 · 0.75 · (-2.675) + 2 · (-0.25) · 0.825 + 2 · (-1.25) · 4.525 = -19.75.
    Slope = -19.75 / 5.5 = -3.5909 (the line through the means would have (25.0 - 32.2) / 2 = -3.6).
    Intercept = 27.675 - 3.5909 · 1.75 = 21.3909.
    Syy = 4 · 2.675² + 2 · 0.825² + 4.325² + 4.725² = 71.015, R² = 19.75² / (5.5 · 71.015) = 0.99867.
    Efficiency = 10^(1 / 3.5909) - 1 = 0.899.
    """
    example(
        """
        standard      1e-1       25.0  25.0  25.0  25.0
        standard      1e-2       28.5  28.5
        standard      1e-3       32.0  32.4
        background    .          40.4  -  -  -  -  -
        ntc           .          -  -
        """,
        """
        curves
        n_dilutions  n_wells  slope     intercept  r_squared  efficiency  accepted
        3            8        ~-3.5909  ~21.3909   ~0.99867   ~0.899      true
        """,
    )


def test_number_of_dilutions():
    """At least 3 dilutions in the walk: 3 and 4 pass, 2 do not.

    With 2 the curve is still shown: through 25.4 at 1e-1 and 28.8 at 1e-2.
    """
    bound(
        "curve_points_minimum",
        on=(
            """
            good plate, but
            no standard 1e-4
            no standard 1e-5
            """,
            """
            curves
            n_dilutions  slope  accepted
            3            -3.4   true
            evidence
            criterion     value  minimum  outcome
            curve_points  3      3        pass
            """,
        ),
        inside=(
            "good plate, but",
            """
            curves
            n_dilutions  slope  accepted
            4            -3.4   true
            evidence
            criterion     value  minimum  outcome
            curve_points  4      3        pass
            """,
        ),
        outside=(
            """
            good plate, but
            no standard 1e-3
            no standard 1e-4
            no standard 1e-5
            """,
            """
            curves
            n_dilutions  n_wells  slope  intercept  accepted  sensitivity
            2            4        -3.4   22.0       false     1e-2
            evidence
            criterion     value  minimum  outcome
            curve_points  2      3        fail
            curve_slope   -3.4   -3.9     pass
            calls
            call           reasons
            not_evaluable  curve_points
            """,
        ),
    )


def test_one_dilution_is_no_curve():
    """With one dilution there is nothing to fit, and only the number of dilutions is judged."""
    example(
        """
        good plate, but
        no standard 1e-2
        no standard 1e-3
        no standard 1e-4
        no standard 1e-5
        """,
        """
        curves
        n_dilutions  n_wells  slope  intercept  r_squared  efficiency  sensitivity  accepted
        1            2        .      .          .          .           .            false
        evidence
        criterion        value  outcome
        curve_points     1      fail
        curve_slope      .      not_evaluable
        curve_r_squared  .      not_evaluable
        calls
        call           reasons
        not_evaluable  curve_points
        """,
    )


def test_no_standards():
    """Without standards it is likewise."""
    example(
        """
        background    .          40.4  -  -  -  -  -
        ntc           .          -  -
        """,
        """
        curves
        n_dilutions  n_wells  slope  intercept  quantitative_range  sensitivity  accepted
        0            0        .      .          .                   .            false
        evidence
        criterion        value  outcome
        curve_points     0      fail
        curve_slope      .      not_evaluable
        curve_r_squared  .      not_evaluable
        """,
    )


def test_steepest_slope():
    """A slope of -3.9 is accepted, a steeper one is not.

    The lines are 20 + 3.9, 20 + 2 · 3.9 and so on: 23.9, 27.8, 31.7, 35.6. A hair inside each step
    is 3.89, a hair outside 3.90000001.
    """
    bound(
        "curve_slope_minimum",
        on=(
            """
            good plate, but
            standard      1e-1       23.8  24.0
            standard      1e-2       27.7  27.9
            standard      1e-3       31.6  31.8
            standard      1e-4       35.5  35.7
            """,
            """
            curves
            n_dilutions  slope  accepted
            4            -3.9   true
            evidence
            criterion    value  minimum  maximum  outcome
            curve_slope  -3.9   -3.9     -3.1     pass
            """,
        ),
        inside=(
            """
            good plate, but
            standard      1e-1       23.79  23.99
            standard      1e-2       27.68  27.88
            standard      1e-3       31.57  31.77
            standard      1e-4       35.46  35.66
            """,
            """
            curves
            n_dilutions  slope  accepted
            4            -3.89  true
            evidence
            criterion    value  minimum  maximum  outcome
            curve_slope  -3.89  -3.9     -3.1     pass
            """,
        ),
        outside=(
            """
            good plate, but
            standard      1e-1       23.80000001  24.00000001
            standard      1e-2       27.70000002  27.90000002
            standard      1e-3       31.60000003  31.80000003
            standard      1e-4       35.50000004  35.70000004
            """,
            """
            curves
            n_dilutions  slope        accepted
            4            -3.90000001  false
            evidence
            criterion    value        minimum  maximum  outcome
            curve_slope  -3.90000001  -3.9     -3.1     fail
            calls
            call           reasons
            not_evaluable  curve_slope
            """,
        ),
    )


def test_flattest_slope():
    """A slope of -3.1 is accepted, a flatter one is not.

    The lines are 23 + 3.1, 23 + 2 · 3.1 and so on: 26.1, 29.2, 32.3, 35.4. A hair inside each step
    is 3.11, a hair outside 3.09999999.
    """
    bound(
        "curve_slope_maximum",
        on=(
            """
            good plate, but
            standard      1e-1       26.0  26.2
            standard      1e-2       29.1  29.3
            standard      1e-3       32.2  32.4
            standard      1e-4       35.3  35.5
            """,
            """
            curves
            n_dilutions  slope  accepted
            4            -3.1   true
            evidence
            criterion    value  minimum  maximum  outcome
            curve_slope  -3.1   -3.9     -3.1     pass
            """,
        ),
        inside=(
            """
            good plate, but
            standard      1e-1       26.01  26.21
            standard      1e-2       29.12  29.32
            standard      1e-3       32.23  32.43
            standard      1e-4       35.34  35.54
            """,
            """
            curves
            n_dilutions  slope  accepted
            4            -3.11  true
            evidence
            criterion    value  minimum  maximum  outcome
            curve_slope  -3.11  -3.9     -3.1     pass
            """,
        ),
        outside=(
            """
            good plate, but
            standard      1e-1       25.99999999  26.19999999
            standard      1e-2       29.09999998  29.29999998
            standard      1e-3       32.19999997  32.39999997
            standard      1e-4       35.29999996  35.49999996
            """,
            """
            curves
            n_dilutions  slope        accepted
            4            -3.09999999  false
            evidence
            criterion    value        minimum  maximum  outcome
            curve_slope  -3.09999999  -3.9     -3.1     fail
            calls
            call           reasons
            not_evaluable  curve_slope
            """,
        ),
    )


def test_r_squared():
    """R² of at least 0.98.

    Three dilutions of three wells each, on the line 22 - 3.5 · x, at e below, on and e above it.
    The scatter of x is 3 · (1² + 0² + 1²) = 6, so the line explains 6 · 3.5² = 73.5; the wells
    leave 3 · 2 · e² = 6 e². R² = 73.5 / (73.5 + 6 e²) = 12.25 / (12.25 + e²). With e = 0.5 this is
    12.25 / 12.5 = 0.98; with e = 0.49 it is 12.25 / 12.4901 = 0.98078; with e = 0.5000002 it is
    0.98 - 0.0784 · 0.0000002 = 0.979999984.
    """
    rest = """
        background    .          40.4  -  -  -  -  -
        ntc           .          -  -
        sample S1     .          29.0  29.0  29.0
        control gene ALB
        standard      1000 ng    24.0  24.2
        standard      100 ng     27.3  27.5
        standard      10 ng      30.6  30.8
        sample S1     .          27.3  27.5
        """
    bound(
        "curve_r_squared_minimum",
        on=(
            f"""
        standard      1e-1       25.0  25.5  26.0
        standard      1e-2       28.5  29.0  29.5
        standard      1e-3       32.0  32.5  33.0{rest}""",
            """
            curves
            n_dilutions  r_squared  accepted
            3            0.98       true
            evidence
            criterion        value  minimum  outcome
            curve_r_squared  0.98   0.98     pass
            calls
            call
            positive_quantifiable
            """,
        ),
        inside=(
            f"""
        standard      1e-1       25.01  25.5  25.99
        standard      1e-2       28.51  29.0  29.49
        standard      1e-3       32.01  32.5  32.99{rest}""",
            """
            curves
            n_dilutions  r_squared  accepted
            3            ~0.98078   true
            evidence
            criterion        value     minimum  outcome
            curve_r_squared  ~0.98078  0.98     pass
            """,
        ),
        outside=(
            f"""
        standard      1e-1       24.9999998  25.5  26.0000002
        standard      1e-2       28.4999998  29.0  29.5000002
        standard      1e-3       31.9999998  32.5  33.0000002{rest}""",
            """
            curves
            n_dilutions  r_squared     accepted
            3            ~0.979999984  false
            evidence
            criterion        value         minimum  outcome
            curve_r_squared  ~0.979999984  0.98     fail
            calls
            call           reasons
            not_evaluable  curve_r_squared
            """,
        ),
    )


def test_never_borrowed():
    """A run without standards of the target has no curve, though another run has one."""
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-11 good plate, but
        no standard 1e-1
        no standard 1e-2
        no standard 1e-3
        no standard 1e-4
        no standard 1e-5
        """,
        """
        calls
        run_id  call                   reasons
        R1      positive_quantifiable  .
        R2      not_evaluable          curve_points
        curves
        run_id  target  n_dilutions
        R2      T1      0
        """,
    )
