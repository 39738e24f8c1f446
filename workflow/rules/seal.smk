rule seal:
    """Put what was made under seal; the pages that follow carry its number and hash."""
    input:
        wells=f"{RESULTS}/wells.parquet",
        runs=f"{RESULTS}/runs.tsv",
        calls=f"{RESULTS}/calls.tsv",
        status=f"{RESULTS}/status.tsv",
        survival=f"{RESULTS}/survival.tsv",
    output:
        sealed=f"{STATE}/sealed",
    log:
        "logs/seal.log",
    benchmark:
        "benchmarks/seal.tsv"
    conda:
        "../envs/mrdq.yaml"
    shell:
        "MRDQ_JOB='{{{rule}}}{{{jobid}}}' mrdq audit seal . --note sealed >{log} 2>&1"
