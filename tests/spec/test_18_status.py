"""18. Patient status

Per patient and timepoint the current calls (those not superseded) of all targets and samples are
combined. They rank `positive_quantifiable`, then `positive_not_quantifiable` and
`low_positive_below_range`, then `uncertain_significance`, `negative`, `not_evaluable`. Within a
rank the highest level decides, then the lowest sensitivity, then target, sample and run as text.
The deciding target and sample are named, with the reasons of that call. Where a timepoint has
samples of several materials, those of the protocol's material (BM) decide if any of them is
evaluable. A sample of the samples sheet that no run holds gives a row `not_done`. `n_targets`
counts the targets called, `n_evaluable` those with an evaluable current call.
"""

from plates import example


def test_positive_before_negative():
    """T1 is negative, T2 positive: the patient is positive, by T2."""
    example(
        """
        good plate, but
        target T2 like T1, but
        target T1
        sample S1     .          -  -  -
        """,
        """
        status (all)
        patient_id  timepoint  status                 mrd_level  deciding_target  n_targets  n_evaluable
        P1          post-C1    positive_quantifiable  1e-3       T2               2          2
        """,
    )


def test_quantifiable_before_not_quantifiable():
    """A quantifiable positive decides before one that is not."""
    example(
        """
        good plate, but
        target T2 like T1, but
        target T1
        sample S1     .          36.5  36.6  36.7
        """,
        """
        status (all)
        timepoint  status                 deciding_target
        post-C1    positive_quantifiable  T2
        """,
    )


def test_not_quantifiable_before_negative():
    """A positive that is not quantifiable decides before a negative."""
    example(
        """
        good plate, but
        target T2 like T1, but
        sample S1     .          36.5  36.6  36.7
        target T1
        sample S1     .          -  -  -
        """,
        """
        status (all)
        timepoint  status                     deciding_target
        post-C1    positive_not_quantifiable  T2
        """,
    )


def test_uncertain_between_low_positive_and_negative():
    """In euromrd-2024 uncertain significance ranks below a low positive and above a negative.

    Two wells at 38.0 are a low positive, one is uncertain.
    """
    plate = """
        good plate, but
        rule set: euromrd-2024
        target T2 like T1, but
        sample S1     .          38.0  -  -
        target T1
        sample S1     .          {}
        """
    example(
        plate.format("38.0  38.0  -"),
        """
        status (all)
        timepoint  status                    deciding_target
        post-C1    low_positive_below_range  T1
        """,
    )
    example(
        plate.format("-  -  -"),
        """
        status (all)
        timepoint  status                  deciding_target
        post-C1    uncertain_significance  T2
        """,
    )


def test_negative_before_not_evaluable():
    """One evaluable target makes the timepoint evaluable: 2 called, 1 evaluable."""
    example(
        """
        good plate, but
        target T2 like T1, but
        sample S1     .          -  -  -
        target T1
        ntc           .          35.0
        """,
        """
        status (all)
        timepoint  status    deciding_target  n_targets  n_evaluable
        post-C1    negative  T2               2          1
        """,
    )


def test_highest_level():
    """Of two quantifiable positives the higher level decides: T1 1e-3, T2 1e-2."""
    example(
        """
        good plate, but
        target T2 like T1, but
        sample S1     .          28.7  28.8  28.9
        """,
        """
        status (all)
        timepoint  mrd_level  deciding_target
        post-C1    1e-2       T2
        """,
    )


def test_lowest_sensitivity():
    """Of two negatives the one with the lower sensitivity decides: T1 1e-4, T2 1e-5."""
    example(
        """
        good plate, but
        sample S1     .          -  -  -
        target T2 like T1, but
        target T1
        no standard 1e-5
        """,
        """
        status (all)
        timepoint  status    sensitivity  deciding_target
        post-C1    negative  1e-5         T2
        """,
    )


def test_then_the_target_as_text():
    """If all is equal the target decides, as text: T10 comes before T2."""
    example(
        """
        good plate, but
        target T2 like T1, but
        target T10 like T1, but
        no target T1
        """,
        """
        status (all)
        timepoint  status                 deciding_target
        post-C1    positive_quantifiable  T10
        """,
    )


def test_two_samples_of_one_timepoint():
    """Two samples of one timepoint and material are combined as well."""
    example(
        """
        good plate, but
        sample S2     .          28.7  28.8  28.9
        control gene ALB
        sample S2     .          27.4
        """,
        """
        status (all)
        timepoint  mrd_level  n_targets
        post-C1    1e-2       1
        """,
    )


def test_each_timepoint_its_own_status():
    """Timepoints are not mixed; they stand in the protocol's order."""
    example(
        """
        good plate, but
        of sample S2: timepoint post-A1
        sample S1     .          -  -  -
        sample S2     .          32.1  32.2  32.3
        control gene ALB
        sample S2     .          27.4
        """,
        """
        status (all)
        timepoint  status                 mrd_level
        post-A1    positive_quantifiable  1e-3
        post-C1    negative               .
        """,
    )


def test_each_patient_their_own_status():
    """Patients are not mixed: T2 is the assay of P2."""
    example(
        """
        good plate, but
        assay T2: patient P2
        of sample S2: patient P2
        target T2 like T1, but
        no sample S1
        sample S2     .          -  -  -
        control gene ALB
        sample S2     .          27.4
        """,
        """
        status (all)
        patient_id  timepoint  status                 deciding_target
        P1          post-C1    positive_quantifiable  T1
        P2          post-C1    negative               T2
        """,
    )


BM_AND_PB = """
        good plate, but
        of sample S1: material BM
        of sample S2: material PB
        sample S1     .          {bm}
        sample S2     .          {pb}
        control gene ALB
        sample S1     .          27.4
        sample S2     .          27.4
        """


def test_bone_marrow_decides():
    """Bone marrow is negative, blood positive: the bone marrow decides, as the protocol says."""
    example(
        BM_AND_PB.format(bm="-  -  -", pb="32.1  32.2  32.3"),
        """
        status (all)
        timepoint  status    mrd_level
        post-C1    negative  .
        calls (all)
        sample_id  call
        S1         negative
        S2         positive_quantifiable
        """,
    )


def test_blood_where_bone_marrow_is_not_evaluable():
    """No bone marrow sample is evaluable (2 wells only): the blood decides."""
    example(
        BM_AND_PB.format(bm="-  -", pb="32.1  32.2  32.3"),
        """
        status (all)
        timepoint  status                 mrd_level
        post-C1    positive_quantifiable  1e-3
        """,
    )


def test_blood_alone():
    """Only blood was taken: it decides."""
    example(
        """
        good plate, but
        of sample S1: material PB
        """,
        """
        status (all)
        timepoint  status
        post-C1    positive_quantifiable
        """,
    )


def test_materials_of_which_none_is_the_protocols():
    """Blood and liquor, no bone marrow: both decide, as two samples of one material would."""
    example(
        BM_AND_PB.replace("material BM", "material CSF").format(
            bm="-  -  -", pb="32.1  32.2  32.3"
        ),
        """
        status (all)
        timepoint  status                 mrd_level
        post-C1    positive_quantifiable  1e-3
        """,
    )


def test_not_done():
    """A sample of the sheet that no run holds: `not_done`, with nothing to say of it."""
    example(
        """
        good plate, but
        of sample S2: timepoint post-A1
        """,
        """
        status (all)
        timepoint  status                 mrd_level  deciding_target  deciding_sample  reasons  n_targets  n_evaluable  response       next_step
        post-A1    not_done               .          .                .                .        0          0            not_evaluable  .
        post-C1    positive_quantifiable  1e-3       T1               S1               .        1          1            failure        one A, then blinatumomab x4; transplantation recommended if feasible, else two years of maintenance
        """,
    )


def test_not_done_beside_a_sample_that_was():
    """Of two samples of a timepoint one was done: the timepoint has the status of that one."""
    example(
        """
        good plate, but
        of sample S2: timepoint post-C1
        """,
        """
        status (all)
        timepoint  status
        post-C1    positive_quantifiable
        """,
    )


def test_what_the_deciding_call_rests_on():
    """The sample that decided is named, and why its call is what it is: S2 lies below the range."""
    example(
        """
        good plate, but
        sample S1     .          -  -  -
        sample S2     .          36.5  36.6  36.7
        control gene ALB
        sample S2     .          27.4
        """,
        """
        status (all)
        timepoint  status                     deciding_sample  reasons
        post-C1    positive_not_quantifiable  S2               sample_range
        """,
    )
