rule ingest:
    """Read the exports and layouts of one batch of runs; a bad run becomes a row, not a failure."""
    input:
        lambda wildcards: PLAN.files[wildcards.batch],
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
    shell:
        "MRDQ_JOB='{{{rule}}}{{{jobid}}}' mrdq ingest . --batch {wildcards.batch} >{log} 2>&1"


rule gather:
    """Put the batches together: the same bytes however the runs were batched."""
    input:
        fingerprint=f"{FINGERPRINTS}/gather",
        files=[file for files in PLAN.files.values() for file in files],
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
    shell:
        "MRDQ_JOB='{{{rule}}}{{{jobid}}}' mrdq ingest . --gather >{log} 2>&1"
