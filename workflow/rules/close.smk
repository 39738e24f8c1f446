rule close:
    """Put the pages and the cohort under seal, so that the last block speaks of everything."""
    input:
        COHORT,
        sealed=f"{STATE}/sealed",
        page=f"{RESULTS}/report/index.html",
    output:
        closed=f"{STATE}/closed",
    log:
        "logs/close.log",
    benchmark:
        "benchmarks/close.tsv"
    conda:
        "../envs/mrdq.yaml"
    shell:
        "MRDQ_JOB='{{{rule}}}{{{jobid}}}' mrdq audit seal . --note closed >{log} 2>&1"
