using System.Text.RegularExpressions;
using Mono.Cecil;

namespace EdgeML.Cli.Tests.Architecture;

/// <summary>Holds what docs/architecture.md says under "Folders": namespaces are folders, and dependencies point one way.</summary>
public partial class ArchitectureTests
{
    /// <summary>Each may use the ones before it.</summary>
    static readonly string[] s_projects = ["EdgeML.Native.Interop", "EdgeML.Native", "EdgeML.Training", "EdgeML.Simulation", "EdgeML.Server", "EdgeML.Server.Http", "edgeml"];

    public static TheoryData<string> Projects => [.. s_projects];

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    static partial Regex NamespaceLine { get; }

    static ModuleDefinition Read(string project) =>
        ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, $"{project}.dll"));

    [Theory]
    [MemberData(nameof(Projects))]
    public void Projects_UseOnlyLowerOnes(string project)
    {
        using ModuleDefinition module = Read(project);
        int own = Array.IndexOf(s_projects, project);
        Assert.All(module.AssemblyReferences, used => Assert.True(Array.IndexOf(s_projects, used.Name) < own, $"{project} -> {used.Name}"));
    }

    /// <summary>A program on a device carries neither along, nor does one that serves without pages.</summary>
    [Theory]
    [InlineData("EdgeML.Native.Interop")]
    [InlineData("EdgeML.Native")]
    [InlineData("EdgeML.Training")]
    [InlineData("EdgeML.Simulation")]
    [InlineData("EdgeML.Server")]
    public void Libraries_KnowNeitherAspNetCoreNorOpenTelemetry(string project)
    {
        using ModuleDefinition module = Read(project);
        Assert.DoesNotContain(
            module.AssemblyReferences, used => used.Name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
                || used.Name.StartsWith("OpenTelemetry", StringComparison.Ordinal) || used.Name == "EdgeML.Server.Http");
    }

    /// <summary>Programs that link the library or the server start where only .NET itself is installed.</summary>
    [Theory]
    [InlineData("CameraLoop")]
    [InlineData("OwnController")]
    [InlineData("HostedTail")]
    public void Programs_OfUsers_NeedNoAspNetCore(string sample)
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string file = Path.Combine(EdgemlProcess.RepositoryRoot, "samples", sample, "bin", configuration, "net10.0", $"{sample}.runtimeconfig.json");
        string text = File.ReadAllText(file);
        Assert.Contains("Microsoft.NETCore.App", text);
        Assert.DoesNotContain("Microsoft.AspNetCore.App", text);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_UseEachOtherOneWay(string project)
    {
        using ModuleDefinition module = Read(project);
        DependencyGraph graph = AssemblyReader.Namespaces(module);
        Assert.True(graph.Nodes.Count > 1, $"{project}: {graph.Nodes.Count} namespaces");
        AssertNoCycle(graph);

        // Areas too: two folders that use each other through different subfolders are a cycle.
        string root = project == "edgeml" ? "EdgeML.Cli" : project;
        int depth = root.Split('.').Length + 1;
        AssertNoCycle(graph.Merge(name => string.Join('.', name.Split('.').Take(depth))));
    }

    static void AssertNoCycle(DependencyGraph graph)
    {
        string? cycle = graph.Cycle();
        Assert.True(cycle is null, cycle);
    }

    [Fact]
    public void Control_KnowsNeitherSessionsNorSockets()
    {
        using ModuleDefinition module = Read("EdgeML.Native");
        DependencyGraph areas = AssemblyReader.Namespaces(module).Merge(name => string.Join('.', name.Split('.').Take(3)));
        Assert.True(areas.Uses("EdgeML.Native.Inference", "EdgeML.Native.Control"));
        foreach (string area in (string[])["Inference", "Offload", "Preparation"])
            Assert.False(areas.Uses("EdgeML.Native.Control", $"EdgeML.Native.{area}"), area);
        Assert.DoesNotContain(
            AssemblyReader.Foreign(module),
            used => used.From.StartsWith("EdgeML.Native.Control", StringComparison.Ordinal)
                && used.To.StartsWith("System.Net", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("benchmarks")]
    public void Namespaces_AreFolders(string root)
    {
        string folder = Path.Combine(EdgemlProcess.RepositoryRoot, root);
        int files = 0;
        var wrong = new List<string>();
        foreach (string file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            string[] parts = Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar);
            if (parts.Contains("obj") || parts.Contains("bin")) continue;
            if (NamespaceLine.Match(File.ReadAllText(file)) is not { Success: true } declared) continue;
            files++;
            string expected = string.Join('.', parts.SkipLast(1));
            if (declared.Groups[1].Value != expected) wrong.Add($"{file}: {declared.Groups[1].Value}");
        }
        Assert.Empty(wrong);
        Assert.True(files > 5, $"{files} files under {folder}");
    }

    [Fact]
    public void Cycle_IsFoundAndNamed()
    {
        var graph = new DependencyGraph();
        graph.Add("A", "B", "one uses two");
        graph.Add("B", "C", "two uses three");
        graph.Add("A", "C", "one uses three");
        Assert.Null(graph.Cycle());
        graph.Add("C", "B", "three uses two");
        Assert.Equal("B -> C: two uses three\nC -> B: three uses two", graph.Cycle());
    }
}
