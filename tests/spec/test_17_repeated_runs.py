"""17. Repeated runs

A later evaluable run of the same sample and target supersedes an earlier one. Runs are ordered by
date (no date is earliest), then by name as text. Superseded calls stay in the table, marked. Where
no run is evaluable none is superseded. Two evaluable runs that differ between positive and
negative are flagged `discordant_runs` and ask for review.
"""

from plates import example


def test_a_later_run_supersedes():
    """The later run counts; both are positive, so nothing is discordant.

    32.2 is 1e-3, 28.8 is 1e-2.
    """
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-20 good plate, but
        sample S1     .          28.7  28.8  28.9
        """,
        """
        calls (all)
        run_id  call                   superseded  mrd_level  flags
        R1      positive_quantifiable  true        1e-3       without discordant_runs
        R2      positive_quantifiable  false       1e-2       without discordant_runs
        status (all)
        timepoint  status                 mrd_level  flags
        post-C1    positive_quantifiable  1e-2       without discordant_runs
        """,
    )


def test_discordant_runs():
    """Positive in the first, negative in the second run: the second counts, and both are flagged."""
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-20 good plate, but
        sample S1     .          -  -  -
        """,
        """
        calls (all)
        run_id  call                   superseded  flags
        R1      positive_quantifiable  true        with discordant_runs
        R2      negative               false       with discordant_runs
        status (all)
        timepoint  status    deciding_target  flags
        post-C1    negative  T1               with discordant_runs
        """,
    )


def test_positives_of_two_kinds_are_not_discordant():
    """Quantifiable and not quantifiable are both positive."""
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-20 good plate, but
        sample S1     .          36.5  36.6  36.7
        """,
        """
        calls (all)
        run_id  call                       superseded  flags
        R1      positive_quantifiable      true        without discordant_runs
        R2      positive_not_quantifiable  false       without discordant_runs
        """,
    )


def test_a_later_run_that_is_not_evaluable_supersedes_nothing():
    """The earlier evaluable run still decides."""
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-20 good plate, but
        ntc           .          35.0
        sample S1     .          -  -  -
        """,
        """
        calls (all)
        run_id  call                   superseded  flags
        R1      positive_quantifiable  false       without discordant_runs
        R2      not_evaluable          false       without discordant_runs
        status (all)
        timepoint  status                 n_evaluable
        post-C1    positive_quantifiable  1
        """,
    )


def test_an_earlier_run_that_is_not_evaluable_is_superseded():
    """A repeat that worked takes the place of a run that did not."""
    example(
        """
        run R1 2024-01-10 good plate, but
        ntc           .          35.0
        run R2 2024-01-20 good plate, but
        """,
        """
        calls (all)
        run_id  call                   superseded
        R1      not_evaluable          true
        R2      positive_quantifiable  false
        """,
    )


def test_none_evaluable_none_superseded():
    """Where no run is evaluable none is superseded, and the status is not evaluable."""
    example(
        """
        run R1 2024-01-10 good plate, but
        ntc           .          35.0
        run R2 2024-01-20 good plate, but
        ntc           .          36.0
        """,
        """
        calls (all)
        run_id  call           superseded
        R1      not_evaluable  false
        R2      not_evaluable  false
        status (all)
        timepoint  status         n_targets  n_evaluable
        post-C1    not_evaluable  1          0
        """,
    )


def test_three_runs():
    """Evaluable, evaluable, not evaluable: the first is superseded, the second decides."""
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-20 good plate, but
        sample S1     .          28.7  28.8  28.9
        run R3 2024-01-30 good plate, but
        ntc           .          35.0
        """,
        """
        calls (all)
        run_id  call                   superseded
        R1      positive_quantifiable  true
        R2      positive_quantifiable  false
        R3      not_evaluable          false
        status (all)
        timepoint  mrd_level
        post-C1    1e-2
        """,
    )


def test_the_date_decides_not_the_name():
    """R1 was run after R2."""
    example(
        """
        run R1 2024-02-01 good plate, but
        run R2 2024-01-01 good plate, but
        """,
        """
        calls (all)
        run_id  superseded
        R1      false
        R2      true
        """,
    )


def test_on_one_day_the_name_decides_as_text():
    """As text, R10 comes before R2: R2 is the later run."""
    example(
        """
        run R10 2024-01-10 good plate, but
        run R2 2024-01-10 good plate, but
        """,
        """
        calls (all)
        run_id  superseded
        R10     true
        R2      false
        """,
    )


def test_no_date_is_earliest():
    """A run without a date comes before any with one, whatever its name."""
    example(
        """
        run R9 . good plate, but
        run R1 2020-01-01 good plate, but
        """,
        """
        calls (all)
        run_id  superseded
        R9      true
        R1      false
        """,
    )


def test_only_of_the_same_target_and_sample():
    """A later run of another target, or of another sample, supersedes nothing."""
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-20 good plate, but
        target T2 like T1, but
        no target T1
        run R3 2024-01-30 good plate, but
        no sample S1
        sample S2     .          -  -  -
        control gene ALB
        sample S2     .          27.4
        """,
        """
        calls (all)
        run_id  target  sample_id  superseded
        R1      T1      S1         false
        R2      T2      S1         false
        R3      T1      S2         false
        """,
    )
