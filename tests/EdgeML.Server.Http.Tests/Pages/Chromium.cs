using System.Diagnostics;

namespace EdgeML.Server.Http.Tests.Pages;

/// <summary>The browser of this machine without a window; BROWSER may name one.</summary>
static class Chromium
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome"];

    public static string? Path { get; } = Environment.GetEnvironmentVariable("BROWSER") is { Length: > 0 } named ? named
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .SelectMany(folder => s_names.Select(name => System.IO.Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    /// <summary>Opens an address and gives the page as the browser then holds it.</summary>
    public static async Task<string> DumpAsync(string address, params string[] options)
    {
        DirectoryInfo profile = Directory.CreateTempSubdirectory("edgeml-chromium-");
        try
        {
            string[] always = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", $"--user-data-dir={profile.FullName}", "--virtual-time-budget=3000", "--dump-dom"];
            var start = new ProcessStartInfo(Path!, [.. always, .. options, address]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
            using var limit = new CancellationTokenSource(s_limit);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw new TimeoutException($"{Path} did not end: {await errors}");
            }
            Assert.True(process.ExitCode == 0, await errors);
            return await output;
        }
        finally
        {
            profile.Delete(recursive: true);
        }
    }
}
