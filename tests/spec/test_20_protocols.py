"""20. Protocols

A protocol names the timepoints in order, which statuses count as MRD-positive at each, from what
level on, and what follows. Unless it says otherwise the quantifiable and the below-range positives
are positive; `uncertain_significance` and `not_evaluable` are to be repeated. A quantified level
below `positive_from_level` counts as negative, or where the protocol says so as undecided, which is to be
repeated. At a timepoint that the protocol does not name, and
for a sample that was not done, nothing follows.
"""

from plates import example

POSITIVE = "32.1  32.2  32.3"
BELOW_RANGE = "36.5  36.6  36.7"
UNCERTAIN = "38.0  -  -"
NO_SIGNAL = "-  -  -"
TOO_FEW_WELLS = "-  -"

AFTER_2019 = "one A, then blinatumomab x4; transplantation recommended if feasible, else two years of maintenance"
AFTER_2023 = (
    "blinatumomab x4; transplantation recommended if feasible, else two years of maintenance"
)


def at(protocol: str, timepoint: str, wells: str, rule_set: str = "") -> str:
    return f"""
        good plate, but
        protocol: {protocol}{f"{chr(10)}        rule set: {rule_set}" if rule_set else ""}
        of sample S1: timepoint {timepoint}
        sample S1     .          {wells}
        """


def steps(protocol: str, timepoint: str, *, positive: str, negative: str) -> None:
    """All five classes of the status at one timepoint of one protocol."""
    for wells, status, following, rule_set in (
        (POSITIVE, "positive_quantifiable", positive, ""),
        (BELOW_RANGE, "positive_not_quantifiable", positive, ""),
        (BELOW_RANGE, "low_positive_below_range", positive, "euromrd-2024"),
        (UNCERTAIN, "uncertain_significance", "repeat", "euromrd-2024"),
        (NO_SIGNAL, "negative", negative, ""),
        (TOO_FEW_WELLS, "not_evaluable", "repeat", ""),
    ):
        example(
            at(protocol, timepoint, wells, rule_set),
            f"status\nstatus  next_step  protocol\n{status}  {following}  {protocol}",
        )


def test_all_mrd2019_after_a1():
    """ALL/MRD2019 after A-1: treatment goes on, whatever the result; repeat what is unclear."""
    steps("all-mrd2019", "post-A1", positive="continue", negative="continue")


def test_all_mrd2019_after_c1():
    """ALL/MRD2019 after C-1: positive to blinatumomab, negative to further chemotherapy."""
    steps(
        "all-mrd2019", "post-C1", positive=AFTER_2019, negative="further A, B, C, then maintenance"
    )


def test_all_mrd2023_after_a1():
    """ALL/MRD2023 after A-1: treatment goes on, whatever the result; repeat what is unclear."""
    steps("all-mrd2023", "post-A1", positive="continue", negative="continue")


def test_all_mrd2023_after_c1():
    """ALL/MRD2023 after C-1: blinatumomab for all, transplantation for the positive."""
    steps(
        "all-mrd2023", "post-C1", positive=AFTER_2023, negative="blinatumomab x4, then maintenance"
    )


def test_aieop_bfm_2009():
    """AIEOP-BFM 2009, an example: a positive that is not quantifiable counts as positive."""
    steps(
        "aieop-bfm-2009",
        "day-33",
        positive="not standard risk; continue to day 78",
        negative="standard risk if also negative on day 78",
    )
    steps(
        "aieop-bfm-2009",
        "day-78",
        positive="high risk from 1e-3 on, else medium risk",
        negative="standard risk if also negative on day 33, else medium risk",
    )


def test_gmall_like():
    """GMALL-like, an example: only a quantifiable level of 1e-4 or more is a failure.

    A result below the range, or a quantifiable level below 1e-4, is neither that nor negative: it is
    repeated.
    """
    failure = "failure; another treatment is considered"
    for wells, status, following in (
        (POSITIVE, "positive_quantifiable", failure),
        (BELOW_RANGE, "positive_not_quantifiable", "repeat"),
        (NO_SIGNAL, "negative", "continue"),
        (TOO_FEW_WELLS, "not_evaluable", "repeat"),
    ):
        example(
            at("gmall-like", "week-16", wells),
            f"status\nstatus  next_step\n{status}  {following}",
        )


def test_not_done():
    """A sample that was not done has no next step."""
    example(
        """
        good plate, but
        of sample S2: timepoint post-A1
        """,
        """
        status
        timepoint  status    next_step
        post-A1    not_done  .
        """,
    )


def test_a_timepoint_that_the_protocol_does_not_name():
    """At a timepoint of the laboratory's own nothing follows; the response is still named."""
    example(
        at("all-mrd2019", "week-22", POSITIVE),
        """
        status
        status                 response  next_step
        positive_quantifiable  failure   .
        """,
    )
    example(
        at("generic", "post-C1", POSITIVE),
        """
        status
        status                 response  next_step
        positive_quantifiable  failure   .
        """,
    )


def test_positive_from_a_level_on():
    """A protocol of one's own can count low levels as negative.

    From 1e-3 on: the mean 32.2 is 1e-3 and positive, 32.19 a little more; 32.20000001 is a little
    less and counts as negative. What is below the range has no level and stays positive.
    """
    protocol = "all-mrd2019, positive_from_level 1e-3"
    for wells, following, side in (
        ("32.1  32.2  32.3", AFTER_2019, "on the bound"),
        ("32.09  32.19  32.29", AFTER_2019, "a hair inside"),
        (
            "32.10000001  32.20000001  32.30000001",
            "further A, B, C, then maintenance",
            "a hair outside",
        ),
    ):
        example(
            at(protocol, "post-C1", wells),
            f"status\nstatus  next_step\npositive_quantifiable  {following}",
            side=side,
        )
    example(
        at(protocol, "post-C1", BELOW_RANGE),
        f"status\nstatus  next_step\npositive_not_quantifiable  {AFTER_2019}",
    )
