"""A second, independent calculation of every KPI, written from the KPI contract alone.

It is plain Python over lists of rows, slow on purpose, and shares nothing with the models of the
warehouse.
"""
