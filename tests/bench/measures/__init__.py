"""The benchmarks, one idea a module: each has ``measure(plan)``, which yields rows. Adding one is adding a file."""
