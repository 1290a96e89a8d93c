using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Simulation.Processes;

namespace EdgeML.Cli.Tests.Packaging;

/// <summary>The files that operators copy from <c>packaging/</c>, as far as they can be checked without a container engine.</summary>
public sealed partial class PackagingTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    static readonly string s_root = EdgemlProcess.RepositoryRoot;

    [GeneratedRegex(@"(?m)^(?:ExecStart=/opt/edgeml/edgeml|CMD \[) *(?<arguments>.*?)\]?$")]
    static partial Regex Start { get; }

    [GeneratedRegex(@"(?m)^COPY (?<source>[\w./-]+) ")]
    static partial Regex Copied { get; }

    [GeneratedRegex(@"(?m)^ +(?<name>EDGEML_\w+): ""(?<value>[^""]*)""$")]
    static partial Regex Variable { get; }

    [Fact]
    public void ExampleConfiguration_IsValid()
    {
        Outcome outcome = CheckExample([]);
        Assert.True(outcome is { ExitCode: 0, Error: "" }, outcome.Error);
        Assert.Contains("maxBatch", outcome.Output);
        // Where health checks look.
        Assert.Contains("http.listen = 127.0.0.1:9410", outcome.Output);
        Assert.Contains("\"127.0.0.1\", \"9410\"", Read("docker/Dockerfile"));
    }

    [Fact]
    public void Compose_ServesThePagesOutsideOfItsContainer()
    {
        string compose = Read("docker/compose.yaml");
        Dictionary<string, string> variables = Variable.Matches(compose).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["value"].Value);
        Outcome outcome = CheckExample(variables);
        Assert.True(outcome is { ExitCode: 0, Error: "" }, outcome.Error);
        Assert.Contains("http.listen = 0.0.0.0:9410", outcome.Output);
        Assert.Contains("\"127.0.0.1:9410:9410\"", compose);
    }

    Outcome CheckExample(Dictionary<string, string> environment)
    {
        using var authority = new TestCertificates();
        (string certificate, string key) = authority.Issue("tail.test");
        string configuration = Read("serve.json").Replace("/etc/edgeml/tail.pem", certificate, StringComparison.Ordinal)
            .Replace("/etc/edgeml/tail.key", key, StringComparison.Ordinal)
            .Replace("/etc/edgeml/devices-ca.pem", authority.CaPath, StringComparison.Ordinal)
            .Replace("/var/lib/edgeml/models/shapes-vgg", package.Model, StringComparison.Ordinal);
        File.WriteAllText(package["serve.json"], configuration);
        return EdgemlProcess.Run(environment, "serve", "--config", package["serve.json"], "--check");
    }

    [Theory]
    [InlineData("systemd/edgeml-tail.service")]
    [InlineData("docker/Dockerfile")]
    public void Commands_ExistWithTheirOptions(string file)
    {
        string[] found = [.. Start.Matches(Read(file)).Select(match => match.Groups["arguments"].Value)
            .Where(each => !each.Contains("healthcheck", StringComparison.Ordinal))];
        Assert.NotEmpty(found);
        foreach (string written in found)
        {
            string[] words = written.Split([' ', ',', '"'], StringSplitOptions.RemoveEmptyEntries);
            string help = EdgemlProcess.Run(words[0], "--help").Output;
            foreach (string option in words.Where(word => word.StartsWith("--", StringComparison.Ordinal))) Assert.Contains(option, help);
        }
    }

    [Fact]
    public void Dockerfile_CopiesFilesThatExist()
    {
        MatchCollection copied = Copied.Matches(Read("docker/Dockerfile"));
        Assert.NotEmpty(copied);
        foreach (Match match in copied)
            Assert.True(Path.Exists(Path.Combine(s_root, match.Groups["source"].Value)), match.Value);
    }

    [Fact]
    public void Dockerfile_DoesNotRunAsRoot() => Assert.Matches(@"(?m)^USER (?!root|0\b)\w+$", Read("docker/Dockerfile"));

    [Fact]
    public void SystemdUnit_IsAccepted()
    {
        string folder = Directory.CreateTempSubdirectory("edgeml-unit-").FullName;
        try
        {
            // systemd wants the programs of a unit to exist.
            string unit = Path.Combine(folder, "edgeml-tail.service");
            File.WriteAllText(unit, Read("systemd/edgeml-tail.service").Replace("/opt/edgeml/edgeml", "/bin/true", StringComparison.Ordinal));
            Outcome outcome = Tool("systemd-analyze", "verify", "--man=no", unit);
            Assert.True(outcome is { ExitCode: 0, Error: "" }, outcome.Error);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void HaproxyConfiguration_IsAccepted()
    {
        Outcome outcome = Tool("haproxy", "-c", "-f", Path.Combine(s_root, "packaging", "haproxy", "haproxy.cfg"));
        Assert.True(outcome.ExitCode == 0, outcome.Output + outcome.Error);
    }

    [Fact]
    public async Task HealthCheck_AnswersByTheStatus()
    {
        foreach ((string status, int expected) in ((string, int)[])[("200 OK", 0), ("503 Service Unavailable", 1)])
        {
            using var server = new TcpListener(IPAddress.Loopback, 0);
            server.Start();
            int port = ((IPEndPoint)server.LocalEndpoint).Port;
            Task answering = Task.Run(async () =>
            {
                using var client = await server.AcceptTcpClientAsync();
                var stream = client.GetStream();
                using var reader = new StreamReader(stream, leaveOpen: true);
                while (await reader.ReadLineAsync() is { Length: > 0 })
                {
                }
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.0 {status}\r\n\r\n"));
            });
            Outcome outcome = Tool("bash", Path.Combine(s_root, "packaging", "docker", "healthcheck.sh"), "127.0.0.1", $"{port}");
            await answering;
            Assert.Equal(expected, outcome.ExitCode);
        }
    }

    static string Read(string file) => File.ReadAllText(Path.Combine(s_root, "packaging", file));

    static Outcome Tool(string name, params string[] arguments)
    {
        string[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin"];
        string? program = folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, $"{name} is not installed");
        return ChildProcess.Run([program, .. arguments], TimeSpan.FromMinutes(1));
    }
}
