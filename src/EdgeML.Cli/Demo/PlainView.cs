using EdgeML.Native.Models.Manifest;
using EdgeML.Simulation.Scenarios;

namespace EdgeML.Cli.Demo;

/// <summary>A line every ten seconds on stderr, for output that goes into a file or a pipe.</summary>
sealed class PlainView : IDemoView
{
    static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);
    DemoScenario? _scenario;
    IReadOnlyList<RowProgress> _rows = [];

    public void Say(string text) => Console.WriteLine(text);

    public void Begin(DemoScenario scenario, ModelManifest manifest, IReadOnlyList<RowProgress> rows)
    {
        (_scenario, _rows) = (scenario, rows);
        Console.WriteLine(
            $"{scenario.Tasks} tasks of {manifest.Name}, edge emulated {scenario.EdgeSlowdown:0.0} times slower than this machine");
    }

    public async Task ShowUntilAsync(Task running, int from, int to)
    {
        while (await Task.WhenAny(running, Task.Delay(s_pause)).ConfigureAwait(false) != running)
            await Console.Error.WriteLineAsync(Line(from, to)).ConfigureAwait(false);
        await running.ConfigureAwait(false);
    }

    public void End()
    {
    }

    string Line(int from, int to)
    {
        RowProgress first = _rows[from];
        string phase = first.Done < _scenario!.Tasks ? _scenario.PhaseOf(first.Done).Name : "done";
        string met = string.Join(", ",
            _rows.Skip(from).Take(to - from)
            .Select(row => row.Judge() is { } judged ? $"{row.Name} {judged.Satisfaction * 100:0} %" : row.Name));
        return $"{first.Done,5} of {first.Total}  {phase,-12}  satisfied: {met}";
    }
}
