using EdgeML.Benchmarks.Offload;

switch (args.FirstOrDefault())
{
    case OffloadPingPong.ServerArgument: return OffloadPingPong.Serve();
    case "offload": return OffloadPingPong.Run() <= 1.5 ? 0 : 1;
    default:
        Console.Error.WriteLine("edgeml-benchmarks: say which benchmark: offload");
        return 2;
}
