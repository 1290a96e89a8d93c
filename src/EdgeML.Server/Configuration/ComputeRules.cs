using EdgeML.Native;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Configuration;

/// <summary>The keys about threads that compute. Whether this process may use the cores is found out when a model is
/// loaded.</summary>
/// <param name="rules">Checks single values.</param>
/// <param name="trace">Receives what is wrong.</param>
sealed class ComputeRules(ServeRules rules, ConfigurationTrace trace)
{
    /// <summary>Checks a configuration with all its defaults.</summary>
    public void Check(ServeConfiguration configuration)
    {
        Check("", configuration, configuration.Threads!.Value, configuration.Cores, configuration.RealTime);
        foreach ((string name, ComputeSection own) in configuration.Compute ?? [])
        {
            string key = $"compute.{name}";
            if (!configuration.Models!.ContainsKey(name))
                trace.Refuse(key, $"{Printable.Text(key)} is about a model that is not among models{NearestName.Hint(name, configuration.Models.Keys)}");
            Check($"{key}.", configuration, own.Threads ?? configuration.Threads!.Value, own.Cores ?? configuration.Cores, own.RealTime ?? configuration.RealTime);
        }
    }

    /// <summary>The options for a model, by its name.</summary>
    /// <param name="configuration">Sound.</param>
    /// <param name="name">Of the model.</param>
    /// <param name="options">What is the same for all models.</param>
    public static BackendOptions Options(ServeConfiguration configuration, string name, BackendOptions options)
    {
        ComputeSection? own = configuration.Compute?.GetValueOrDefault(name);
        string? cores = own?.Cores ?? configuration.Cores;
        return options with
        {
            Threads = own?.Threads ?? configuration.Threads!.Value,
            OwnThreads = own is not null,
            Cores = cores is not null && CoreList.TryParse(cores, out int[] list) ? list : [],
            RealTimePriority = own?.RealTime ?? configuration.RealTime ?? 0,
        };
    }

    void Check(string before, ServeConfiguration configuration, int threads, string? cores, int? realTime)
    {
        rules.Within($"{before}threads", threads, 1, OptionRule.MostThreads);
        if (realTime is { } priority) rules.Within($"{before}realTime", priority, 1, BackendOptions.MostPriority);
        string key = $"{before}cores";
        int[] list = [];
        if (cores is not null && !CoreList.TryParse(cores, out list))
            trace.Refuse(key, $"{Printable.Text(key)} is '{Printable.Text(cores)}', not {CoreList.Form}");
        else if (cores is not null && list.Length < threads)
            trace.Refuse(key, $"{Printable.Text(key)} is '{Printable.Text(cores)}', {list.Length} for {threads} threads: at least one core per thread is needed");
        if (configuration.Backend == "tensorrt" && (before.Length > 0 || cores is not null || realTime is not null))
            trace.Refuse(before.Length > 0 ? before[..^1] : key, "threads of single models, cores and realTime go with ONNX Runtime, and backend is tensorrt");
    }
}
