using System.Net;

namespace EdgeML.Simulation.Scenarios;

/// <summary>A tail that a scenario can load.</summary>
interface IScenarioTail
{
    /// <summary>Where it listens.</summary>
    IPEndPoint EndPoint { get; }

    /// <summary>Stretches its computing by a factor from now on; 1 is the machine as it is.</summary>
    void SetLoad(double factor);
}
