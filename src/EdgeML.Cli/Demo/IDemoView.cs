using EdgeML.Native.Models.Manifest;
using EdgeML.Simulation.Scenarios;

namespace EdgeML.Cli.Demo;

/// <summary>Shows a demo run in progress.</summary>
interface IDemoView
{
    /// <summary>One line about a step of the preparation.</summary>
    void Say(string text);

    /// <summary>The rows are about to run.</summary>
    void Begin(DemoScenario scenario, ModelManifest manifest, IReadOnlyList<RowProgress> rows);

    /// <summary>Shows rows until they are done.</summary>
    /// <param name="running">Ends when they are; its failure is passed on.</param>
    /// <param name="from">First row that runs.</param>
    /// <param name="to">One past the last task.</param>
    Task ShowUntilAsync(Task running, int from, int to);

    /// <summary>No row runs any more, for whatever reason.</summary>
    void End();
}
