namespace EdgeML.GrpcBaseline;

/// <summary>The load client's measurements, as it prints them.</summary>
/// <param name="LatenciesMs">Of every call, unsorted.</param>
/// <param name="CallsByDevice">In the order of the devices.</param>
/// <param name="Seconds">Measured.</param>
/// <param name="ServerCpuSeconds">Processor time of the server meanwhile.</param>
/// <param name="Logits">Of the first call, to compare.</param>
sealed record LoadReport(double[] LatenciesMs, int[] CallsByDevice, double Seconds, double ServerCpuSeconds, float[] Logits);
