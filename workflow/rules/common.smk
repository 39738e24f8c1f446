"""The study: its settings and sheets are read and checked before the first job."""

from pathlib import Path

from snakemake.exceptions import WorkflowError

from mrdq.errors import MrdqError
from mrdq.plan import STATE, load_plan

try:
    PLAN = load_plan(Path("."))
    PLAN.note()
except MrdqError as error:
    raise WorkflowError(
        "The study's settings or sheets are wrong:", str(error)
    ) from None

RESULTS = PLAN.study.config.results
FINGERPRINTS = f"{STATE}/fingerprints"


# MRDQ_JOB tells the audit trail which job of which rule it records.  Its braces are for the linter, which
# takes a rule's name and a job's number for parameters; the results depend on neither.


wildcard_constraints:
    batch="b[01]*",
