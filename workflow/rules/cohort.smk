from mrdq.cohort.tables import AGAINST, TABLES

WANTED = PLAN.study.config.cohort
PUBLISHED = [WANTED.published.partition("#")[0]] if WANTED and WANTED.published else []
COHORT = (
    [f"{RESULTS}/cohort/{table.name}" for table in TABLES if table is not AGAINST]
    + [f"{RESULTS}/report/cohort.html"]
    + [
        f"{RESULTS}/{file}"
        for file in ("cohort/against.tsv", "report/published.html")
        if PUBLISHED
    ]
    if WANTED
    else []
)


rule cohort:
    """Rates, survival and their comparison: tables, and the page for people."""
    input:
        PUBLISHED,
        fingerprint=f"{FINGERPRINTS}/cohort",
        survival=f"{RESULTS}/survival.tsv",
        sealed=f"{STATE}/sealed",
    output:
        COHORT,
    log:
        "logs/cohort.log",
    benchmark:
        "benchmarks/cohort.tsv"
    conda:
        "../envs/mrdq.yaml"
    threads: 1
    resources:
        mem_mb=table_memory_mb,
        runtime=table_minutes,
    shell:
        "MRDQ_JOB='{{{rule}}}{{{jobid}}}' mrdq cohort . >{log} 2>&1"
