using EdgeML.Native.Control.Loop;
using EdgeML.Simulation.Reports;

namespace EdgeML.Cli.Demo;

/// <summary>What a demo run ended with.</summary>
sealed record DemoOutcome(DemoReportData Report, ControlCounters Control, double Seconds);
