namespace EdgeML.Simulation.Sweeps;

/// <summary>One demand of the acceptance and what became of it.</summary>
/// <param name="Demand">In one sentence.</param>
/// <param name="Held">Cells, or rows, where it holds.</param>
/// <param name="Asked">Cells, or rows, where it was asked; 0 says that nothing was measured.</param>
/// <param name="Failures">One line each, with the numbers, the worst first.</param>
sealed record SweepVerdict(string Demand, int Held, int Asked, IReadOnlyList<string> Failures)
{
    /// <summary>Whether it was measured and holds everywhere.</summary>
    public bool Holds => Asked > 0 && Held == Asked;
}
