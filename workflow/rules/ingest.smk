rule ingest:
    """Read the exports and layouts of one batch of runs; a bad run becomes a row, not a failure."""
    input:
        fingerprint=f"{FINGERPRINTS}/ingest/{{batch}}",
    output:
        wells=f"{STATE}/batches/{{batch}}/wells.parquet",
        runs=f"{STATE}/batches/{{batch}}/runs.tsv",
        basis=f"{STATE}/batches/{{batch}}/basis.json",
    log:
        "logs/ingest/{batch}.log",
    benchmark:
        "benchmarks/ingest/{batch}.tsv"
    conda:
        "../envs/mrdq.yaml"
    threads: 2 if len(PLAN.batches) == 1 else 1
    resources:
        mem_mb=lambda wildcards, attempt: PLAN.memory_mb(wildcards.batch, attempt),
        runtime=lambda wildcards, attempt: PLAN.minutes(wildcards.batch, attempt),
    shell:
        "MRDQ_JOB='{{{rule}}}{{{jobid}}}' mrdq ingest . --batch {wildcards.batch} --cores {threads} >{log} 2>&1"


rule gather:
    """Put the batches together: the same bytes however the runs were batched."""
    input:
        fingerprint=f"{FINGERPRINTS}/gather",
        batches=expand(
            f"{STATE}/batches/{{batch}}/{{table}}",
            batch=PLAN.batches,
            table=["wells.parquet", "runs.tsv"],
        ),
    output:
        wells=f"{RESULTS}/wells.parquet",
        runs=f"{RESULTS}/runs.tsv",
    log:
        "logs/gather.log",
    benchmark:
        "benchmarks/gather.tsv"
    conda:
        "../envs/mrdq.yaml"
    threads: 1
    resources:
        mem_mb=table_memory_mb,
        runtime=table_minutes,
    shell:
        "MRDQ_JOB='{{{rule}}}{{{jobid}}}' mrdq ingest . --gather --cores {threads} >{log} 2>&1"
