"""11. MRD level

The level is 10^((m - intercept) / slope) · F · blast fraction, m being the mean Cq of the sample's
wells. It is a fraction, never a percentage. The blast fraction is 1 unless the assays sheet gives
one. The level is reported only for `positive_quantifiable`. Its interval has a chapter of its own.
"""

from plates import example


def test_from_the_mean_of_the_wells():
    """The level is read at the mean Cq.

    S1 has 30.4, 30.5 and 30.6; (30.5 - 22.0) / -3.4 = -2.5; 10^-2.5 = 3.162e-3. With F = 1 that is
    the level.
    """
    example(
        """
        good plate, but
        sample S1     .          30.4  30.5  30.6
        """,
        """
        calls
        mean_cq  mrd_level
        30.5     ~3.162e-3
        """,
    )


def test_blast_fraction():
    """If half of the diagnostic cells were blasts, the level is half: 1e-3 · 0.5."""
    example(
        """
        good plate, but
        assay T1: blast_fraction 0.5
        """,
        """
        calls
        mrd_level
        5e-4
        """,
    )


def test_all_three_factors():
    """Curve 1e-3, F = 10, blast fraction 0.8: 8e-3."""
    example(
        """
        good plate, but
        assay T1: blast_fraction 0.8
        control gene ALB
        sample S1     .          30.7  30.7
        """,
        """
        calls
        mrd_level
        8e-3
        """,
    )


def test_two_ways_to_the_level():
    """Two ways to the level agree: the curve times F, and the corrected ΔΔCq.

    The target's line is 22.0 - 3.4 · x, the follow-up has 36.2: 10^(-14.2 / 3.4) = 6.6609e-5. The
    albumin line is 38.0 - 3.35 · log10(ng); 29.1 is 10^(8.9 / 3.35) = 453.645 ng; the diagnostic
    DNA at 28.7 is 10^(9.3 / 3.35) = 597.199 ng, here the assay's DNA per well. F = 597.199 / 453.645
    = 1.3164 and the level 6.6609e-5 · 1.3164 = 8.7686e-5. There is no background signal, so that
    1e-5 is in the range.
    """
    example(
        """
        good plate, but
        assay T1: dna_per_well 597.199 ng
        background    .          -  -  -  -  -  -
        sample S1     .          36.1  36.2  36.3
        control gene ALB
        standard      1000 ng    27.85  28.05
        standard      100 ng     31.2   31.4
        standard      10 ng      34.55  34.75
        sample S1     .          29.1   29.1
        """,
        """
        calls
        dna_amount_ng  normalisation  mrd_level   call
        ~453.645       ~1.3164        ~8.7686e-5  positive_quantifiable
        """,
    )


def test_only_for_quantifiable():
    """A positive that is not quantifiable has no level and no interval, but has its limits."""
    example(
        """
        good plate, but
        sample S1     .          32.1  32.2  -
        """,
        """
        calls
        call                       mrd_level  mrd_level_low  mrd_level_high  quantitative_range  sensitivity
        positive_not_quantifiable  .          .              .               1e-4                1e-5
        """,
    )
