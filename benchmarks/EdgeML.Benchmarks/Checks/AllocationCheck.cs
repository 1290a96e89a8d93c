namespace EdgeML.Benchmarks.Checks;

/// <summary>A part that is verified, and then watched allocating.</summary>
/// <param name="Name">As in <c>budgets.json</c>.</param>
/// <param name="BytesPerOperation">Verifies, warms up, and counts; throws <see cref="InvalidOperationException"/> where the
/// part is wrong.</param>
sealed record AllocationCheck(string Name, Func<double> BytesPerOperation)
{
    /// <summary>Bytes this thread allocates for one call, after as many calls again to warm up.</summary>
    public static double OnThisThread(Action action, int calls)
    {
        for (int i = 0; i < calls; i++) action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < calls; i++) action();
        return (double)(GC.GetAllocatedBytesForCurrentThread() - before) / calls;
    }
}
