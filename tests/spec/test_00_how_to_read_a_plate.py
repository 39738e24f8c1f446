"""How to read a plate

Every chapter that follows says in words what one rule is, and shows it on small plates. A plate
is a table of wells:

- `standard 1e-3  32.1  32.3`: two wells of the diagnostic DNA diluted to 1e-3, with their Cq.
- `-` is a well that ran and gave no signal (undetermined).
- `x32.4` or `x-` is a well that was left out (omitted).
- `background` is polyclonal normal DNA, `ntc` is no template, `sample S1` a follow-up sample.
- A lone `.` has no meaning; it keeps the columns in line.

The lines belong to target T1, an assay of patient P1, until `control gene ALB` or `target T2`
begins another. The amounts of the control gene's standards are written with their unit.
`run R2 2024-02-01` begins another run, with its date.

Unless a line says otherwise, every sample is bone marrow (BM) of patient P1 after C-1
(`post-C1`), the assay takes 100 ng of DNA per well (a round number, so that F can be worked out
in the head), the control gene is required, the rule set is `euromrd-2007-therapy-reduction` and
the protocol `all-mrd2019`. Such lines are `of sample S2: timepoint post-A1, material PB`,
`assay T1: blast_fraction 0.5`, `control gene: optional`, `rule set: euromrd-2024`.

`good plate, but` is the good plate of this chapter, with the lines below it in the place of its
own; `no standard 1e-5` takes a line away.

What is expected is drawn as a table as well: `.` is empty, `~1.28` is a number to as many digits
as are drawn, any other number is exact (to 9 digits), `with` and `without` speak of a flag. Only
the columns and rows that are drawn are compared; `(all)` says that there are no other rows.

A bound is shown on it, a hair inside and a hair outside. Each bound is inclusive, and numbers
that differ by no more than 1e-9 are the same number.
"""

from plates import GOOD_PLATE, example


def test_the_good_plate():
    """The good plate, from which most examples are made.

    Its wells lie 0.1 above and below the line Cq = 22.0 - 3.4 · log10(dilution): at 1e-1 the
    line is at 22.0 + 3.4 = 25.4, at 1e-2 at 28.8, at 1e-3 at 32.2, at 1e-4 at 35.6, at 1e-5 at
    39.0. The lowest background is 40.4. The control gene lies on Cq = 34.0 - 3.3 · log10(ng).

    The means down to 1e-4 lie 3.0 or more below 40.4 (35.6 does, 39.0 does not): the curve has 4
    dilutions and 8 wells. At 1e-5 the wells lie 1.0 or more below 40.4: that is the sensitivity.
    log10 of the 4 dilutions scatters about -2.5 with 2 · (1.5² + 0.5² + 0.5² + 1.5²) = 10, the
    slope explains 3.4² · 10 = 115.6 and 8 wells · 0.1² = 0.08 remain:
    R² = 115.6 / 115.68 = 0.99931; the residual SD is √(0.08 / 6) = 0.1155. The efficiency is
    10^(1/3.4) - 1 = 0.968.

    The control gene's wells of S1 have the mean 27.4, that of 100 ng: F = 100 / 100 = 1. The mean
    of S1 is 32.2, that of 1e-3.
    """
    example(
        GOOD_PLATE,
        """
        curves (all)
        run_id  target  kind          n_dilutions  n_wells  slope  intercept  r_squared
        R1      ALB     control_gene  3            6        -3.3   34.0       ~0.9986
        R1      T1      mrd           4            8        -3.4   22.0       ~0.99931
        curves
        target  efficiency  residual_sd  lowest_background_cq  quantitative_range  sensitivity  accepted
        T1      ~0.968      ~0.1155      40.4                  1e-4                1e-5         true
        curves
        target  lowest_background_cq  sensitivity  accepted
        ALB     .                     .            true
        calls (all)
        run_id  target  sample_id  patient_id  timepoint  call
        R1      T1      S1         P1          post-C1    positive_quantifiable
        calls
        n_wells  n_determined  n_positive  mean_cq  delta_cq  dna_amount_ng  normalisation
        3        3             3           32.2     0.2       100            1
        calls
        mrd_level  quantitative_range  sensitivity  superseded  guideline                       reasons  flags
        1e-3       1e-4                1e-5         false       euromrd-2007-therapy-reduction  .        .
        status (all)
        patient_id  timepoint  status                 mrd_level  deciding_target
        P1          post-C1    positive_quantifiable  1e-3       T1
        """,
    )


def test_one_line_changed():
    """The good plate with one line changed.

    S1 gave no signal in any well, so it is negative.
    """
    example(
        """
        good plate, but
        sample S1     .          -  -  -
        """,
        """
        calls
        call      n_wells  n_determined  n_positive  mean_cq  mrd_level
        negative  3        0             0           .        .
        """,
    )
