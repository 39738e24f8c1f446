"""24. Amendments

A person can leave wells out and change a call. Each amendment is a row of a sheet with who, when
and why. Nothing automatic is overwritten: what the engine makes of all wells (`automatic_call`,
`automatic_status` and so on) stands beside the amended result, and what rests on an amendment is
marked `amended`.

- `!32.2` or `!-` is a well that a person left out; its automatic Cq is 32.2, or none. It counts as
  little as one that the instrument or the layout left out.
- `amend R2: retracted` leaves out the whole run R2. The result is that of a study without it.
- `amend R1 T1 S1: negative` changes the call of sample S1 for target T1 in run R1. `call` stays the
  engine's; a person's call, `amended_call`, counts in its place where runs are compared and calls
  are combined.

A person's call has a level only if it is `positive_quantifiable`, and it can be that only where the
engine has a level of its own. It has no limits if it is `not_evaluable`, and where the engine gives
none. It has the engine's reasons only if it is the engine's call.
"""

from plates import example


def test_a_well_left_out():
    """A well of the sample is left out: the level is that of the others, the automatic one stands
    beside it.

    28.8, 32.1 and 32.3 have the spread 3.5: positive, not quantifiable. Without 28.8 two wells are
    left, and three are needed; with a fourth well the mean of the others is 32.2, that of 1e-3.
    """
    example(
        """
        good plate, but
        sample S1     .          !28.8  32.1  32.2  32.3
        """,
        """
        calls (all)
        call                   automatic_call             amended_call  amended  mrd_level  automatic_mrd_level
        positive_quantifiable  positive_not_quantifiable  .             true     1e-3       .
        calls
        n_wells  reasons  automatic_reasons         flags                   automatic_flags  amendment
        3        .        sample_delta              wells_omitted;amended   .                row 2: operator A 2024-03-01: reason
        status (all)
        status                 mrd_level  response  amended  flags                  amendment
        positive_quantifiable  1e-3       failure   true     wells_omitted;amended  row 2: operator A 2024-03-01: reason
        status
        automatic_status           automatic_mrd_level  automatic_response
        positive_not_quantifiable  .                    intermediate
        """,
    )
    example(
        """
        good plate, but
        sample S1     .          !28.8  32.1  32.3
        """,
        """
        calls (all)
        call           automatic_call             reasons
        not_evaluable  positive_not_quantifiable  sample_wells
        """,
    )


def test_left_out_by_a_person_or_by_the_layout():
    """It makes no difference to the result who left the well out."""
    for well, amended in (("!33.5", "true"), ("x33.5", "false")):
        example(
            f"""
            good plate, but
            sample S1     .          {well}  32.1  32.2  32.3
            """,
            f"""
            calls (all)
            call                   n_wells  mean_cq  mrd_level  amended
            positive_quantifiable  3        32.2     1e-3       {amended}
            """,
        )


def test_what_every_sample_rests_on():
    """Standards, background and NTC are shared: every sample of the target in the run is amended.

    A signal in an NTC makes S1 and S2 not evaluable. A person leaves that well out.
    """
    example(
        """
        good plate, but
        ntc           .          !36.0  -
        sample S2     .          -  -  -
        control gene ALB
        sample S2     .          27.4
        """,
        """
        calls (all)
        sample_id  call                   automatic_call  amended  automatic_reasons
        S1         positive_quantifiable  not_evaluable   true     ntc_clean
        S2         negative               not_evaluable   true     ntc_clean
        status (all)
        status                 automatic_status  automatic_response  automatic_next_step
        positive_quantifiable  not_evaluable     not_evaluable       repeat
        """,
    )


def test_an_outlier_among_the_standards():
    """Without a person's hand the curve ends at 1e-3, for the wells at 1e-4 differ by 2.1 cycles."""
    example(
        """
        good plate, but
        standard      1e-4       35.5  35.7  !37.6
        """,
        """
        calls (all)
        quantitative_range  automatic_quantitative_range  amended
        1e-4                1e-3                          true
        """,
    )


def test_the_control_gene():
    """A control gene's wells and curve count among what a call rests on, its background does not:
    that takes part in nothing.

    27.4 is 100 ng, F = 1. With 30.7 the mean is 29.05, and the spread 3.3 fails.
    """
    example(
        """
        good plate, but
        control gene ALB
        sample S1     .          27.4  !30.7
        """,
        """
        calls (all)
        call                   automatic_call  automatic_reasons   amended
        positive_quantifiable  not_evaluable   control_gene_delta  true
        """,
    )
    example(
        """
        good plate, but
        control gene ALB
        background    .          !30.0
        """,
        """
        calls (all)
        call                   amended  flags
        positive_quantifiable  false    .
        """,
    )


def test_what_it_would_have_rested_on():
    """The control gene in the run itself is left out: that of another run is taken. The call rested
    on the wells before, so it is amended.

    28.4 in R2 is 10^((34 - 28.4) / 3.3) ng = 49.8 ng.
    """
    example(
        """
        run R1 2024-01-10 good plate, but
        control gene ALB
        sample S1     .          !27.4
        run R2 2024-01-20 good plate, but
        no target T1
        control gene ALB
        sample S1     .          28.4
        """,
        """
        calls (all)
        run_id  dna_amount_ng  normalisation  flags                           automatic_flags  amended
        R1      ~49.8          ~2.0           control_gene_other_run;amended  .                true
        """,
    )


def test_what_it_rested_on_and_what_it_rests_on_are_named():
    """The control gene's wells in R1 are left out (row 2), and a standard in R2 (row 3), whose curve
    is used instead; row 4 is about another sample."""
    example(
        """
        run R1 2024-01-10 good plate, but
        control gene ALB
        sample S1     .          !27.4
        run R2 2024-01-20 good plate, but
        no target T1
        control gene ALB
        standard      100 ng     27.3  27.5  !29.5
        sample S1     .          27.4
        sample S2     .          27.4  !27.4
        """,
        """
        calls (all)
        run_id  dna_amount_ng  amendment
        R1      100            row 2: operator A 2024-03-01: reason | row 3: operator A 2024-03-01: reason
        """,
    )


def test_a_well_that_counted_nowhere():
    """A well that is left out by the instrument already: a person changes nothing, and nothing is
    amended. (`mrdq check` says so.)"""
    example(
        """
        good plate, but
        sample S1     .          32.1  32.2  32.3  x28.0
        """,
        """
        calls (all)
        call                   automatic_call         amended  n_wells
        positive_quantifiable  positive_quantifiable  false    3
        """,
    )


def test_other_samples_and_targets_are_not_amended():
    """S2 rests on nothing that was left out of S1, and T2 is another target."""
    example(
        """
        good plate, but
        sample S1     .          !32.0  32.1  32.2  32.3
        sample S2     .          -  -  -
        target T2 like T1, but
        sample S1     .          32.1  32.2  32.3
        control gene ALB
        sample S2     .          27.4
        """,
        """
        calls (all)
        target  sample_id  amended  flags
        T1      S1         true     wells_omitted;amended
        T1      S2         false    .
        T2      S1         false    .
        T2      S2         false    .
        """,
    )


def test_a_retracted_run_leaves_no_trace():
    """R2 superseded the negative R1, and made it discordant. Retracted, it does neither; what the
    status says is R1's alone."""
    example(
        """
        run R1 2024-01-10 good plate, but
        sample S1     .          -  -  -
        run R2 2024-01-20 good plate, but
        sample S1     .          32.1  32.2  32.3
        amend R2: retracted
        """,
        """
        calls (all)
        run_id  call           automatic_call         retracted  superseded  automatic_superseded  amended
        R1      negative       negative               false      false       true                  true
        R2      not_evaluable  positive_quantifiable  true       false       false                 true
        calls
        run_id  flags    automatic_flags
        R1      amended  discordant_runs
        status (all)
        status    mrd_level  sensitivity  n_targets  n_evaluable  response  flags    amended
        negative  .          1e-5         1          1            complete  amended  true
        status
        automatic_status       automatic_mrd_level  automatic_response
        positive_quantifiable  1e-3                 failure
        """,
    )


def test_no_limit_of_a_retracted_run():
    """R2's curve reached down to 1e-5, R1's only to 1e-4: the sensitivity is R1's."""
    example(
        """
        run R1 2024-01-10 good plate, but
        no standard 1e-5
        sample S1     .          -  -  -
        run R2 2024-01-20 good plate, but
        sample S1     .          -  -  -
        amend R2: retracted
        """,
        """
        status (all)
        status    sensitivity  response  amended
        negative  1e-4         complete  true
        """,
    )


def test_no_control_gene_of_a_retracted_run():
    """The amount of DNA was measured in R2 alone: without R2 there is none."""
    example(
        """
        run R1 2024-01-10 good plate, but
        control gene ALB
        no sample S1
        run R2 2024-01-20 good plate, but
        no target T1
        amend R2: retracted
        """,
        """
        calls (all)
        run_id  call           dna_amount_ng  reasons             flags    automatic_call         amended
        R1      not_evaluable  .              control_gene_wells  with amended  positive_quantifiable  true
        """,
    )


def test_the_only_run_is_retracted():
    """As if no run held the sample: `not_done`, and not `not_evaluable`."""
    example(
        """
        good plate, but
        amend R1: retracted
        """,
        """
        status (all)
        status    n_targets  n_evaluable  flags    automatic_status       response       next_step
        not_done  0          0            amended  positive_quantifiable  not_evaluable  .
        """,
    )


def test_a_retracted_run_that_did_not_count():
    """R1 was superseded in any case: its retraction changes no status, and none is amended."""
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-20 good plate, but
        amend R1: retracted
        """,
        """
        status (all)
        status                 amended  flags
        positive_quantifiable  false    .
        calls (all)
        run_id  retracted  amended
        R1      true       true
        R2      false      false
        """,
    )


def test_two_retracted_runs():
    """R2 counted, and without R2 it would be R1: both retractions are behind the status."""
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-20 good plate, but
        amend R1: retracted
        amend R2: retracted
        """,
        """
        status (all)
        status    automatic_status       amendment
        not_done  positive_quantifiable  row 2: operator A 2024-03-01: reason | row 3: operator A 2024-03-01: reason
        """,
    )


def test_a_persons_call():
    """A person calls a quantified sample negative: `call` and the level beside it stay the engine's,
    the status has no level."""
    example(
        """
        good plate, but
        amend R1 T1 S1: negative
        """,
        """
        calls (all)
        call                   amended_call  automatic_call         mrd_level  amended  flags
        positive_quantifiable  negative      positive_quantifiable  1e-3       true     amended
        status (all)
        status    mrd_level  mrd_level_low  mrd_level_high  sensitivity  quantitative_range  response  reasons
        negative  .          .              .               1e-5         1e-4                complete  .
        status
        automatic_status       automatic_mrd_level  automatic_response  amended  amendment
        positive_quantifiable  1e-3                 failure             true     row 2: operator A 2024-03-01: reason
        """,
    )


def test_not_evaluable_by_a_person():
    """No level, no limit and no reason of the engine's is left; the signal must not fall silent."""
    example(
        """
        good plate, but
        sample S1     .          36.5  36.6  36.7
        amend R1 T1 S1: not_evaluable
        """,
        """
        calls (all)
        call                       reasons
        positive_not_quantifiable  sample_range
        status (all)
        status         quantitative_range  sensitivity  reasons  n_evaluable  response       flags
        not_evaluable  .                   .            .        0            not_evaluable  signal_seen;amended
        """,
    )


def test_evaluable_by_a_person_alone():
    """The engine gives no limits to what it cannot evaluate, so a person's negative has none: it is
    no complete response."""
    example(
        """
        good plate, but
        ntc           .          36.0  -
        sample S1     .          -  -  -
        amend R1 T1 S1: negative
        """,
        """
        status (all)
        status    sensitivity  quantitative_range  response      automatic_status  reasons  n_evaluable
        negative  .            .                   intermediate  not_evaluable     .        1
        """,
    )


def test_a_person_agrees():
    """A call that a person confirms is the engine's, with its level, limits and reasons."""
    example(
        """
        good plate, but
        amend R1 T1 S1: positive_quantifiable
        """,
        """
        status (all)
        status                 mrd_level  amended  automatic_status
        positive_quantifiable  1e-3       true     positive_quantifiable
        """,
    )
    example(
        """
        good plate, but
        sample S1     .          36.5  36.6  36.7
        amend R1 T1 S1: positive_not_quantifiable
        """,
        """
        status (all)
        status                     reasons       quantitative_range  amended
        positive_not_quantifiable  sample_range  1e-4                true
        """,
    )


def test_a_persons_call_supersedes():
    """The later run is not evaluable by itself and does not supersede; a person calls it negative,
    and now it does."""
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-20 good plate, but
        ntc           .          36.0  -
        sample S1     .          -  -  -
        amend R2 T1 S1: negative
        """,
        """
        calls (all)
        run_id  call                   amended_call  superseded  automatic_superseded  amended
        R1      positive_quantifiable  .             true        false                 true
        R2      not_evaluable          negative      false       false                 true
        calls
        run_id  flags
        R1      discordant_runs;amended
        R2      discordant_runs;amended
        status (all)
        status    automatic_status       mrd_level  sensitivity
        negative  positive_quantifiable  .          .
        """,
    )


def test_a_superseded_call_that_a_person_changes():
    """R1 is superseded: a person's call of it changes no status. Two negatives are not discordant."""
    example(
        """
        run R1 2024-01-10 good plate, but
        run R2 2024-01-20 good plate, but
        sample S1     .          -  -  -
        amend R1 T1 S1: negative
        """,
        """
        calls (all)
        run_id  call                   amended_call  superseded  flags    automatic_flags
        R1      positive_quantifiable  negative      true        amended  discordant_runs
        R2      negative               .             false       amended  discordant_runs
        status (all)
        status    amended  flags    amendment
        negative  true     amended  row 2: operator A 2024-03-01: reason
        """,
    )


def test_a_persons_call_among_targets():
    """The amended call takes part in the combination: T1 no longer decides."""
    example(
        """
        good plate, but
        target T2 like T1, but
        sample S1     .          -  -  -
        amend R1 T1 S1: not_evaluable
        """,
        """
        status (all)
        status    deciding_target  n_targets  n_evaluable  flags                automatic_status
        negative  T2               2          1            signal_seen;amended  positive_quantifiable
        """,
    )


def test_several_amendments_are_named():
    """Every amendment that a call rests on is named, by its row."""
    example(
        """
        good plate, but
        background    .          !38.0  40.4  -  -  -  -  -
        sample S1     .          !30.0  32.1  32.2  32.3
        amend R1 T1 S1: negative
        """,
        """
        calls (all)
        amended_call  amendment
        negative      row 2: operator A 2024-03-01: reason | row 3: operator A 2024-03-01: reason | row 4: operator A 2024-03-01: reason
        """,
    )
