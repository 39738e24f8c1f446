"""Two results compared: which calls, statuses, responses and next steps differ, and by what.

Pure: tables in, tables out.  A call is never translated: both sides were called from wells.
"""
