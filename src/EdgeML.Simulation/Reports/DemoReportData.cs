using EdgeML.Simulation.Decisions;
using EdgeML.Simulation.Scenarios;

namespace EdgeML.Simulation.Reports;

/// <summary>The data of a demo run's report.</summary>
sealed record DemoReportData
{
    /// <summary>The scenario.</summary>
    public required DemoScenario Scenario { get; init; }

    /// <summary>The rows; the first one is the controller on show.</summary>
    public required IReadOnlyList<ScenarioRow> Rows { get; init; }

    /// <summary>One line under each row's name, by name: its description.</summary>
    public required IReadOnlyDictionary<string, string> RowNotes { get; init; }

    /// <summary>Name and value of further facts: machine, versions, model, seed.</summary>
    public required IReadOnlyList<(string Name, string Value)> Environment { get; init; }

    /// <summary>Cut that runs everything on the edge.</summary>
    public required int LocalCut { get; init; }

    /// <summary>Exits of the model, the final one included.</summary>
    public required int Exits { get; init; }

    /// <summary>Decisions of the first row; null to leave them out.</summary>
    public DecisionLog? Decisions { get; init; }

    /// <summary>The command line that produced it.</summary>
    public required string CommandLine { get; init; }
}
