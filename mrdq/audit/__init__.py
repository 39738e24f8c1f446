"""The audit trail of a folder: records of jobs, sealed in numbered blocks that hash each other."""
