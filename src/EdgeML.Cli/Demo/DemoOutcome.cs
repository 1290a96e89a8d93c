using EdgeML.Native.Control;
using EdgeML.Native.Lab.Reports;

namespace EdgeML.Cli.Demo;

/// <summary>What a demo run ended with.</summary>
sealed record DemoOutcome(DemoReportData Report, ControlCounters Control, double Seconds);
