rule report:
    """The page for people."""
    input:
        fingerprint=f"{FINGERPRINTS}/report",
        wells=f"{RESULTS}/wells.parquet",
        runs=f"{RESULTS}/runs.tsv",
        curves=f"{RESULTS}/curves.tsv",
        evidence=f"{RESULTS}/evidence.tsv",
        calls=f"{RESULTS}/calls.tsv",
        status=f"{RESULTS}/status.tsv",
        sealed=f"{STATE}/sealed",
    output:
        page=f"{RESULTS}/report/index.html",
    log:
        "logs/report.log",
    benchmark:
        "benchmarks/report.tsv"
    conda:
        "../envs/mrdq.yaml"
    threads: MANY
    resources:
        mem_mb=table_memory_mb,
        runtime=table_minutes,
    shell:
        "MRDQ_JOB='{{{rule}}}{{{jobid}}}' mrdq report . --cores {threads} >{log} 2>&1"


rule gate:
    """Rows to success or failure: fails, at the end, if a run could not be read."""
    input:
        runs=f"{RESULTS}/runs.tsv",
        page=f"{RESULTS}/report/index.html",
    output:
        touch(f"{STATE}/every-run-was-read"),
    log:
        "logs/gate.log",
    benchmark:
        "benchmarks/gate.tsv"
    conda:
        "../envs/mrdq.yaml"
    shell:
        "mrdq gate . >{log} 2>&1"
