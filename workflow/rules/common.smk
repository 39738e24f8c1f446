"""The study: its settings and sheets are read and checked before the first job."""

from pathlib import Path

from snakemake.exceptions import WorkflowError

from mrdq.errors import MrdqError
from mrdq.plan import STATE, load_plan

try:
    PLAN = load_plan(Path("."))
    if workflow.is_main_process:  # its jobs on a cluster evaluate this again
        from snakemake.logging import logger

        from mrdq.cli.workflow_log import watch

        PLAN.note()
        JOBS = watch(logger, PLAN.study.root, PLAN.study.config.results)
except MrdqError as error:
    raise WorkflowError(
        "The study's settings or sheets are wrong:", str(error)
    ) from None

RESULTS = PLAN.study.config.results
FINGERPRINTS = f"{STATE}/fingerprints"


# MRDQ_JOB tells the audit trail which job of which rule it records.  Its braces are for the linter, which
# takes a rule's name and a job's number for parameters; the results depend on neither.


# Cores of a job over all runs: fewer where --cores or a profile's max-threads say so.
MANY = 8


def table_memory_mb(_, attempt):
    return PLAN.table_memory_mb(attempt)


def table_minutes(_, attempt):
    return PLAN.table_minutes(attempt)


wildcard_constraints:
    batch="b[01]*",
