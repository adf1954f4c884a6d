"""The study: the paper's analysis of a trace, on one machine or on many.

    engine, loading -> trace -> measured -> figures, assertions, findings -> drawing, report

`trace` holds expressions only (Ibis), written once: DuckDB or Spark computes them.  What comes out
is small, plain data; what comes after `measured` knows neither engine nor Parquet.
"""
