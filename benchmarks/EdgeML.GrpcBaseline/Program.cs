using System.Globalization;
using System.Text.Json;
using EdgeML.GrpcBaseline;

switch (args)
{
    case ["serve", var onnx, var atOnce]:
        await Server.RunAsync(onnx, int.Parse(atOnce, CultureInfo.InvariantCulture));
        return 0;
    case ["load", var port, var server, var payload]:
        byte[] tensor = await File.ReadAllBytesAsync(payload);
        while (Console.ReadLine()?.Split(' ') is [var inFlight, var milliseconds])
        {
            LoadReport report = await Load.RunAsync(
                int.Parse(port, CultureInfo.InvariantCulture), int.Parse(server, CultureInfo.InvariantCulture), tensor,
                [.. inFlight.Split(',').Select(count => int.Parse(count, CultureInfo.InvariantCulture))],
                TimeSpan.FromMilliseconds(int.Parse(milliseconds, CultureInfo.InvariantCulture)));
            Console.WriteLine(JsonSerializer.Serialize(report));
        }
        return 0;
    default:
        Console.Error.WriteLine(
            """
            EdgeML.GrpcBaseline: the other side of edgeml-benchmarks --tail, which starts it
              serve MODEL.onnx AT-ONCE                                     a server; prints its port, ends with its input
              load PORT PROCESS PAYLOAD                                    devices; for every line IN-FLIGHT,... MILLISECONDS of its input,
                                                                           prints what they saw as JSON
            """);
        return 2;
}
