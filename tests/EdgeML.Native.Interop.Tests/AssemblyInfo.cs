// The counter of live native objects belongs to the process: tests that read it must not overlap with others.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
