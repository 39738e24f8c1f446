"""The analysis of a cohort: pure functions, arrays and tables in, tables out.

Its libraries take seconds to import: nothing outside of the verbs that need it imports it early.
"""
