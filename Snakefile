# The example study of config/, or any other with: snakemake --directory STUDY --snakefile THIS
include: "workflow/Snakefile"


# An included file sets no default target.
rule everything:
    default_target: True
    input:
        rules.all.input,
