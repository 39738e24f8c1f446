"""The study: its settings and sheets are read and checked before the first job."""

from pathlib import Path

from snakemake.exceptions import WorkflowError

from mrdq.errors import MrdqError
from mrdq.plan import plan

try:
    PLAN = plan(Path("."))
except MrdqError as error:
    raise WorkflowError(
        "The study's settings or sheets are wrong:", str(error)
    ) from None

RESULTS = PLAN.results
STATE = ".mrdq"


wildcard_constraints:
    batch="b[01]*",
