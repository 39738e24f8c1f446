"""8. Normalisation

F is the DNA per well that the assay takes, divided by the DNA that the control gene found in the
sample's wells. With `control_gene: optional` and none measured, F is 1 and the control gene's
criteria are not applicable. With `control_gene: required` and none measured the call is not
evaluable.
"""

from plates import example


def test_less_dna_than_nominal():
    """10 ng instead of 100: F = 100 / 10 = 10, and the level is 10 times the curve's: 1e-3 · 10."""
    example(
        """
        good plate, but
        control gene ALB
        sample S1     .          30.6  30.8
        """,
        """
        calls
        dna_amount_ng  normalisation  mrd_level
        10             10             1e-2
        """,
    )


def test_more_dna_than_nominal():
    """1000 ng instead of 100: F = 0.1, and the level is 1e-3 · 0.1 = 1e-4."""
    example(
        """
        good plate, but
        control gene ALB
        sample S1     .          24.0  24.2
        """,
        """
        calls
        dna_amount_ng  normalisation  mrd_level
        1000           0.1            1e-4
        """,
    )


def test_genomes():
    """An amount can be written in genomes, at 6.6 pg each: 100000 genomes are 660 ng, F = 6.6."""
    example(
        """
        good plate, but
        assay T1: dna_per_well 100000 genome
        """,
        """
        calls
        dna_amount_ng  normalisation
        100            6.6
        """,
    )


def test_required_and_none_measured():
    """Required and none measured: not evaluable, with the one reason that no well was found."""
    example(
        """
        good plate, but
        no control gene
        """,
        """
        calls
        call           dna_amount_ng  normalisation  reasons             flags
        not_evaluable  .              .              control_gene_wells  with signal_seen
        evidence
        criterion            value  outcome
        control_gene_wells   0      fail
        control_gene_curve   .      not_evaluable
        control_gene_delta   .      not_evaluable
        control_gene_amount  .      not_evaluable
        """,
    )


def test_optional_and_none_measured():
    """Optional and none measured: F = 1, nothing is asked of the control gene."""
    example(
        """
        good plate, but
        control gene: optional
        no control gene
        """,
        """
        calls
        call                   dna_amount_ng  normalisation  mrd_level
        positive_quantifiable  .              1              1e-3
        evidence
        criterion            outcome
        control_gene_wells   not_applicable
        control_gene_curve   not_applicable
        control_gene_delta   not_applicable
        control_gene_amount  not_applicable
        """,
    )


def test_optional_and_measured():
    """Optional and measured: it counts like a required one, and can fail like one."""
    example(
        """
        good plate, but
        control gene: optional
        control gene ALB
        sample S1     .          30.7  30.7
        """,
        """
        calls
        call                   normalisation  mrd_level
        positive_quantifiable  10             1e-2
        """,
    )
    example(
        """
        good plate, but
        control gene: optional
        control gene ALB
        sample S1     .          27.4  -
        """,
        """
        calls
        call           reasons
        not_evaluable  control_gene_wells
        """,
    )


def test_optional_and_only_left_out_wells():
    """Optional, and all its wells were left out: none was measured."""
    example(
        """
        good plate, but
        control gene: optional
        control gene ALB
        sample S1     .          x27.3  x27.5
        """,
        """
        calls
        call                   dna_amount_ng  normalisation
        positive_quantifiable  .              1
        """,
    )
