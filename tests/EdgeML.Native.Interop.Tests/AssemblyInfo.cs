// The counter of live native objects belongs to the process: tests that read it must not overlap with others.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
