"""23. Bounds

Every bound is inclusive. Values are compared unrounded, with a tolerance of 1e-9: as it is for Cq,
slope and R², relative to the bound for dilutions, amounts and levels. Every parameter of every
shipped rule set is shown in one of the chapters on its bound, a hair inside and a hair outside
(counts of wells: one more and one less); a parameter without an example is an error of this
specification. The table names the chapter of each.
"""

from plates import RULE_SETS, example


def test_the_tolerance_for_cq():
    """A Cq that misses its bound by half of 1e-9 meets it, by 1e-8 it does not.

    The bound is 40.4 - 1.0 = 39.4.
    """
    plate = """
        good plate, but
        sample S1     .          {}  -  -
        """
    example(
        plate.format("39.4000000005"),
        """
        calls
        n_positive
        1
        """,
    )
    example(
        plate.format("39.40000001"),
        """
        calls
        n_positive
        0
        """,
    )


def test_the_tolerance_for_slopes():
    """A slope of -3.1 + 0.0000000005 is accepted; -3.1 + 0.00000001 (chapter 5) is not."""
    example(
        """
        good plate, but
        standard      1e-1       25.9999999995  26.1999999995
        standard      1e-2       29.0999999990  29.2999999990
        standard      1e-3       32.1999999985  32.3999999985
        standard      1e-4       35.2999999980  35.4999999980
        """,
        """
        curves
        slope          accepted
        -3.0999999995  true
        """,
    )


def test_the_tolerance_for_levels():
    """Levels have a relative tolerance: 35.6000000005 is 1e-4 less 3.4e-10 of it, and in the range.

    10^-(0.0000000005 / 3.4) = 1 - 0.00000000034.
    """
    example(
        """
        good plate, but
        sample S1     .          35.5000000005  35.6000000005  35.7000000005
        """,
        """
        calls
        call
        positive_quantifiable
        """,
        rule_sets=RULE_SETS,
    )


def test_the_tolerance_for_amounts():
    """Amounts have a relative tolerance: 30.7000000005 is 10 ng less 3.5e-10 of it, enough."""
    example(
        """
        good plate, but
        control gene ALB
        sample S1     .          30.7000000005
        """,
        """
        evidence
        criterion            outcome
        control_gene_amount  pass
        """,
        rule_sets=RULE_SETS,
    )


def test_the_tolerance_for_dilutions():
    """Dilutions have a relative tolerance: 0.3 and 0.03 are 10-fold apart, also for a computer.

    The step from 0.3 to 0.03 is 27.4 - 25.4 = 2.0, too small, and is judged. The same at
    0.0300000000001, which is 3e-12 of it less than 10-fold. At 0.0300000003 it is 1e-8 of it less
    than 10-fold: no step is asked for, and 0.003 follows at 30.8 with a step of 3.4.
    """
    plate = """
        standard      0.3              25.3  25.5
        standard      {}  27.3  27.5
        standard      0.003            30.7  30.9
        background    .                40.4  -  -  -  -  -
        ntc           .                -  -
        """
    example(
        plate.format("0.03           "),
        """
        curves
        n_dilutions
        1
        """,
        rule_sets=RULE_SETS,
    )
    example(
        plate.format("0.0300000000001"),
        """
        curves
        n_dilutions
        1
        """,
        rule_sets=RULE_SETS,
    )
    example(
        plate.format("0.0300000003   "),
        """
        curves
        n_dilutions
        3
        """,
        rule_sets=RULE_SETS,
    )
