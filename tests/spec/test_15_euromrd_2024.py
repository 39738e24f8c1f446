"""15. Calls of euromrd-2024 (provisional)

The 2024 update splits the old class below the quantitative range in two. Its exact predicate could
not be read from the source. `euromrd-2024` is therefore provisional, with a working predicate: a
positive that is not quantifiable is `low_positive_below_range` with at least 2 positive wells and
of `uncertain_significance` with exactly 1; δ is 1.0. Every parameter is graded `unverified`. It
issues, best first, `positive_quantifiable`, `low_positive_below_range`, `uncertain_significance`,
`negative` and `not_evaluable`. A stored call is never translated between rule sets: it is called
again from the wells.
"""

from plates import EUROMRD_2024, INTENSIFICATION, REDUCTION, bound, example

from mrdq.definitions import load_guideline

NEW = (EUROMRD_2024,)


def test_two_positive_wells():
    """Two positive wells are a low positive below the range, one is of uncertain significance.

    The wells at 38.0 are positive (bound 39.4), those at 40.0 are not.
    """
    bound(
        "low_positive_wells_minimum",
        on=(
            """
            good plate, but
            sample S1     .          38.0  38.0  40.0
            """,
            """
            calls
            call                      n_positive
            low_positive_below_range  2
            evidence
            criterion           value  minimum  outcome
            low_positive_wells  2      2        pass
            """,
        ),
        inside=(
            """
            good plate, but
            sample S1     .          38.0  38.0  38.1
            """,
            """
            calls
            call                      n_positive
            low_positive_below_range  3
            evidence
            criterion           value  minimum  outcome
            low_positive_wells  3      2        pass
            """,
        ),
        outside=(
            """
            good plate, but
            sample S1     .          38.0  40.0  -
            """,
            """
            calls
            call                    n_positive  mrd_level
            uncertain_significance  1           .
            evidence
            criterion           value  minimum  outcome
            low_positive_wells  1      2        fail
            """,
        ),
        rule_sets=NEW,
    )


def test_quantifiable_is_not_split():
    """The split concerns what is below the range only: a quantifiable sample stays one.

    The good plate is quantifiable under this rule set as under the others.
    """
    example(
        """
        good plate, but
        rule set: euromrd-2024
        """,
        """
        calls
        call                   guideline     mrd_level
        positive_quantifiable  euromrd-2024  1e-3
        """,
    )


def test_any_positive_that_is_not_quantifiable_is_split():
    """Not only the level: a well without signal, or a wide spread, lead to the same split.

    The mean of 32.2 and 32.3 is well in the range.
    """
    example(
        """
        good plate, but
        sample S1     .          32.2  32.3  -
        """,
        """
        calls
        call                      n_positive
        low_positive_below_range  2
        """,
        rule_sets=NEW,
    )
    example(
        """
        good plate, but
        sample S1     .          32.2  -  -
        """,
        """
        calls
        call                    n_positive
        uncertain_significance  1
        """,
        rule_sets=NEW,
    )


def test_negative_and_not_evaluable():
    """Negative and not evaluable are as before."""
    example(
        """
        good plate, but
        sample S1     .          -  -  -
        """,
        """
        calls
        call
        negative
        """,
        rule_sets=NEW,
    )
    example(
        """
        good plate, but
        ntc           .          35.0
        """,
        """
        calls
        call           reasons
        not_evaluable  ntc_clean
        """,
        rule_sets=NEW,
    )


def test_status_of_uncertain_significance():
    """Of uncertain significance: intermediate response, and the next step is to repeat."""
    example(
        """
        good plate, but
        rule set: euromrd-2024
        sample S1     .          38.0  -  -
        """,
        """
        status
        status                  response      next_step  guideline
        uncertain_significance  intermediate  repeat     euromrd-2024
        """,
    )


def test_status_of_a_low_positive():
    """A low positive counts as positive in the protocols."""
    example(
        """
        good plate, but
        rule set: euromrd-2024
        protocol: all-mrd2023
        sample S1     .          38.0  38.0  -
        """,
        """
        status
        status                    response      next_step
        low_positive_below_range  intermediate  blinatumomab x4; transplantation recommended if feasible, else two years of maintenance
        """,
    )


def test_it_says_that_it_is_provisional():
    """The rule set says of itself that it is provisional, and that no parameter is verified."""
    guideline = load_guideline(EUROMRD_2024)
    assert guideline.status == "provisional"
    assert "PROVISIONAL" in guideline.notice
    assert {p.grade for p in guideline.parameters.values()} == {"unverified"}
    for name in (REDUCTION, INTENSIFICATION):
        assert load_guideline(name).status == "final"
        assert "PROVISIONAL" not in load_guideline(name).notice


def test_the_calls_each_rule_set_may_issue():
    """The calls that a rule set may issue are a part of it, best first."""
    old = ("positive_quantifiable", "positive_not_quantifiable", "negative", "not_evaluable")
    new = (
        "positive_quantifiable", "low_positive_below_range", "uncertain_significance", "negative",
        "not_evaluable",
    )  # fmt: skip
    assert load_guideline(REDUCTION).calls == old
    assert load_guideline(INTENSIFICATION).calls == old
    assert load_guideline(EUROMRD_2024).calls == new
