namespace EdgeML.Simulation.Baselines;

/// <summary>Settings of NSGA-III; the defaults are Deb and Jain's.</summary>
sealed record Nsga3Options
{
    /// <summary>Divisions of the reference directions; with three objectives 12, 6 and 4 make 91, 28 and 15 of them.</summary>
    public int Divisions { get; init; } = 12;

    /// <summary>Members; 0 for as many as there are directions.</summary>
    public int Population { get; init; }

    /// <summary>Distribution index of simulated binary crossover.</summary>
    public double CrossoverIndex { get; init; } = 30;

    /// <summary>Probability that crossover touches a variable.</summary>
    public double CrossoverVariable { get; init; } = 0.5;

    /// <summary>Distribution index of polynomial mutation.</summary>
    public double MutationIndex { get; init; } = 20;

    /// <summary>Probability that a child mutates at all.</summary>
    public double MutationMember { get; init; } = 0.9;
}
