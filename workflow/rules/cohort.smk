rule cohort:
    """Rates, survival and their comparison: tables, and the page for people."""
    input:
        PUBLISHED,
        fingerprint=f"{FINGERPRINTS}/cohort",
        survival=f"{RESULTS}/survival.tsv",
    output:
        tables=expand(f"{RESULTS}/cohort/{{table}}", table=COHORT_TABLES),
        pages=expand(f"{RESULTS}/report/{{page}}", page=COHORT_PAGES),
    log:
        "logs/cohort.log",
    benchmark:
        "benchmarks/cohort.tsv"
    conda:
        "../envs/mrdq.yaml"
    shell:
        "mrdq cohort . >{log} 2>&1"
