"""Results made again from what the audit trail says was read, and compared with what it says was made."""
