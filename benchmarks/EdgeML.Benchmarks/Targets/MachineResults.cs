using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using EdgeML.Cli.Diagnostics;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Training.Data;

namespace EdgeML.Benchmarks.Targets;

/// <summary>The results page of this machine in the source tree: a number without a machine is no result.</summary>
static partial class MachineResults
{
    /// <param name="file">Name of the page.</param>
    /// <param name="title">Its heading.</param>
    /// <param name="option">The option that made it, before <c>--write</c>.</param>
    /// <param name="text">What stands below.</param>
    /// <returns>The folder written to.</returns>
    /// <exception cref="DirectoryNotFoundException">The program does not lie in a source tree.</exception>
    public static string Write(string file, string title, string option, string text)
    {
        string folder = Path.Combine(SourceTree(), "benchmarks", "results", NotInNames().Replace(ProcessorSearch.Model, ".").Trim('.'));
        Directory.CreateDirectory(folder);
        string versions = Versions();
        OutputFile.Write(Path.Combine(folder, "Versions.txt"), stream => stream.Write(Encoding.UTF8.GetBytes(versions)));
        string page = $"# {title}, {ProcessorSearch.Model}\n\n" +
            $"Written by `dotnet run -c Release --project benchmarks/EdgeML.Benchmarks -- {option} --write`; " +
            $"how each is measured: [README](../../README.md), software: [Versions.txt](Versions.txt).\n\n{text}";
        OutputFile.Write(Path.Combine(folder, file), stream => stream.Write(Encoding.UTF8.GetBytes(page)));
        return folder;
    }

    /// <summary>Writes a page below docs.</summary>
    /// <returns>Where it is.</returns>
    /// <exception cref="DirectoryNotFoundException">The program does not lie in a source tree.</exception>
    public static string WriteDocument(string path, string text)
    {
        string full = Path.Combine(SourceTree(), "docs", path);
        OutputFile.Write(full, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
        return full;
    }

    /// <summary>Dependencies of the numbers, one line each.</summary>
    public static string Versions()
    {
        using var backend = new Backend(new BackendOptions());
        return $"""
            Processor      {ProcessorSearch.Model}, {Environment.ProcessorCount} threads usable
            OS             {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}
            .NET           {Environment.Version}
            Inference      {backend.Name} {backend.LibraryVersion}
            EdgeML.Native  {typeof(EdgeSession).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}

            """;
    }

    public static string SourceTree() => ProjectFolders.SourceTree
        ?? throw new DirectoryNotFoundException($"no EdgeML.Native.sln above {AppContext.BaseDirectory}: results are kept in the source tree");

    [GeneratedRegex("[^A-Za-z0-9]+")]
    private static partial Regex NotInNames();
}
