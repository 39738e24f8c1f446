"""13. Gates

If any gate fails the call is `not_evaluable`, with the failed criteria as reasons: `ntc_clean` (at
least one NTC well for the target in the run, none of them with a signal), `background_wells`,
`curve_points`, `curve_slope`, `curve_r_squared` (chapters 1 and 5), the control gene's four
(chapter 7) and `sample_wells` (at least 3 wells not left out).

If a well of the sample then lies at least δ below the lowest background, the flag `signal_seen` is
set: a strong positive must not fall silent because DNA was short.
"""

from plates import RULE_SETS, bound, example


def test_signal_in_the_ntc():
    """One NTC well with a signal, at whatever Cq, fails the gate."""
    example(
        """
        good plate, but
        ntc           .          -  44.9
        """,
        """
        evidence
        criterion  value  maximum  outcome
        ntc_clean  1      0        fail
        calls
        call           reasons    flags
        not_evaluable  ntc_clean  with signal_seen
        """,
        rule_sets=RULE_SETS,
    )


def test_one_clean_ntc_is_enough():
    """One NTC well without signal is enough."""
    example(
        """
        good plate, but
        ntc           .          -
        """,
        """
        evidence
        criterion  value  maximum  outcome
        ntc_clean  0      0        pass
        calls
        call
        positive_quantifiable
        """,
    )


def test_no_ntc():
    """Without an NTC for the target the gate fails. The control gene's NTC does not stand in."""
    example(
        """
        good plate, but
        no ntc
        """,
        """
        evidence
        criterion  outcome
        ntc_clean  fail
        calls
        call           reasons
        not_evaluable  ntc_clean
        """,
    )


def test_ntc_left_out():
    """NTC wells that were left out are none: neither clean, nor with a signal."""
    example(
        """
        good plate, but
        ntc           .          x-  x35.0
        """,
        """
        calls
        call           reasons
        not_evaluable  ntc_clean
        """,
    )
    example(
        """
        good plate, but
        ntc           .          -  x35.0
        """,
        """
        calls
        call                   reasons
        positive_quantifiable  .
        """,
    )


def test_gates_are_those_of_the_target():
    """The gates of one target do not touch another target of the run."""
    example(
        """
        good plate, but
        target T2 like T1, but
        ntc           .          30.0  30.0
        """,
        """
        calls
        target  call                   reasons
        T1      positive_quantifiable  .
        T2      not_evaluable          ntc_clean
        """,
    )


def test_number_of_sample_wells():
    """At least 3 wells of the sample that were not left out: 3 and 4 pass, 2 do not."""
    bound(
        "sample_wells_minimum",
        on=(
            """
            good plate, but
            sample S1     .          32.1  32.2  32.3  x32.4
            """,
            """
            evidence
            criterion     value  minimum  outcome
            sample_wells  3      3        pass
            calls
            call                   n_wells
            positive_quantifiable  3
            """,
        ),
        inside=(
            """
            good plate, but
            sample S1     .          32.1  32.2  32.3  32.4
            """,
            """
            evidence
            criterion     value  minimum  outcome
            sample_wells  4      3        pass
            calls
            call                   n_wells
            positive_quantifiable  4
            """,
        ),
        outside=(
            """
            good plate, but
            sample S1     .          32.1  32.2  x32.3
            """,
            """
            evidence
            criterion     value  minimum  outcome
            sample_wells  2      3        fail
            calls
            call           n_wells  reasons       flags
            not_evaluable  2        sample_wells  with signal_seen
            """,
        ),
    )


def test_two_wells_without_signal_are_no_negative():
    """Two wells without a signal prove nothing: not evaluable, not negative."""
    example(
        """
        good plate, but
        sample S1     .          -  -
        """,
        """
        calls
        call           reasons       flags
        not_evaluable  sample_wells  without signal_seen
        """,
    )


def test_all_wells_left_out():
    """A sample of which every well was left out has 0 wells, and no mean."""
    example(
        """
        good plate, but
        sample S1     .          x32.1  x32.2  x32.3
        """,
        """
        calls
        call           n_wells  n_determined  mean_cq  delta_cq  reasons       flags
        not_evaluable  0        0             .        .         sample_wells  without signal_seen
        """,
    )


def test_every_failed_gate_is_a_reason():
    """All failed gates are named, not only the first."""
    example(
        """
        good plate, but
        background    .          40.4  -  -
        ntc           .          36.0
        sample S1     .          32.1  32.2
        control gene ALB
        sample S1     .          -
        """,
        """
        calls
        call           reasons
        not_evaluable  ntc_clean;background_wells;control_gene_wells;sample_wells
        """,
    )


def test_signal_seen_bound():
    """`signal_seen` needs a well at least δ below the lowest background: 40.4 - 1.0 = 39.4."""
    plate = """
        good plate, but
        ntc           .          35.0
        sample S1     .          {}  -  -
        """
    example(
        plate.format("39.4"),
        """
        calls
        call           flags
        not_evaluable  with signal_seen
        """,
    )
    example(
        plate.format("39.39"),
        """
        calls
        call           flags
        not_evaluable  with signal_seen
        """,
    )
    example(
        plate.format("39.40000001"),
        """
        calls
        call           flags
        not_evaluable  without signal_seen
        """,
    )


def test_signal_seen_for_intensification():
    """For therapy intensification δ is 3.0: 38.0 is a signal for reduction only."""
    plate = """
        good plate, but
        {}ntc           .          35.0
        sample S1     .          38.0  -  -
        """
    example(
        plate.format(""),
        """
        calls
        flags
        with signal_seen
        """,
    )
    example(
        plate.format("rule set: euromrd-2007-therapy-intensification\n"),
        """
        calls
        flags
        without signal_seen
        """,
    )


def test_signal_seen_asks_for_the_background_only():
    """`signal_seen` does not ask how near to the sensitivity a well lies.

    There is no background signal, and M is 35.7 (the standards end at 1e-4): a well at 44.0 is not
    positive, but it is a signal.
    """
    example(
        """
        good plate, but
        background    .          -  -  -  -  -  -
        no standard 1e-5
        ntc           .          35.0
        sample S1     .          44.0  -  -
        """,
        """
        calls
        call           flags
        not_evaluable  with signal_seen
        """,
    )


def test_signal_seen_only_where_not_evaluable():
    """An evaluable sample has no such flag; its call says it."""
    example(
        "good plate, but",
        """
        calls
        call                   flags
        positive_quantifiable  without signal_seen
        """,
    )


def test_what_is_shown_of_a_not_evaluable_call():
    """Level, interval, limits and positive wells are empty; counts, Cq and DNA are shown."""
    example(
        """
        good plate, but
        ntc           .          35.0
        """,
        """
        calls
        n_wells  n_determined  mean_cq  delta_cq  dna_amount_ng  normalisation
        3        3             32.2     0.2       100            1
        calls
        n_positive  mrd_level  mrd_level_low  mrd_level_high  quantitative_range  sensitivity
        .           .          .              .               .                   .
        """,
    )
