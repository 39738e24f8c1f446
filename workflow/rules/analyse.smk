rule call:
    """Curves, limits, evidence and calls of all runs."""
    input:
        fingerprint=f"{FINGERPRINTS}/call",
        wells=f"{RESULTS}/wells.parquet",
    output:
        curves=f"{RESULTS}/curves.tsv",
        standards=f"{RESULTS}/standards.tsv",
        evidence=f"{RESULTS}/evidence.tsv",
        calls=f"{RESULTS}/calls.tsv",
    log:
        "logs/call.log",
    benchmark:
        "benchmarks/call.tsv"
    conda:
        "../envs/mrdq.yaml"
    threads: MANY
    resources:
        mem_mb=table_memory_mb,
        runtime=table_minutes,
    shell:
        "MRDQ_JOB='{{{rule}}}{{{jobid}}}' mrdq call . --cores {threads} >{log} 2>&1"


rule status:
    """The status of every patient and timepoint, and the hand-off to survival analysis."""
    input:
        fingerprint=f"{FINGERPRINTS}/status",
        calls=f"{RESULTS}/calls.tsv",
    output:
        status=f"{RESULTS}/status.tsv",
        survival=f"{RESULTS}/survival.tsv",
        adtte=f"{RESULTS}/adtte.tsv",
    log:
        "logs/status.log",
    benchmark:
        "benchmarks/status.tsv"
    conda:
        "../envs/mrdq.yaml"
    threads: MANY
    resources:
        mem_mb=table_memory_mb,
        runtime=table_minutes,
    shell:
        "MRDQ_JOB='{{{rule}}}{{{jobid}}}' mrdq status . --cores {threads} >{log} 2>&1"
