"""Benchmarks. They print figures and ratios and judge nothing."""
