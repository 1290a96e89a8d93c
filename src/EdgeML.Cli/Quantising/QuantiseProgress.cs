using EdgeML.Cli.CommandLine;
using EdgeML.Training.Quantisation;

namespace EdgeML.Cli.Quantising;

/// <summary>The stages of <c>quantize</c> on the progress line.</summary>
sealed class QuantiseProgress : IQuantiseProgress, IDisposable
{
    ProgressLine? _line;

    public void Begin(string what, int total)
    {
        End();
        _line = new ProgressLine(what, total);
    }

    public void Report(int done) => _line?.Report(done);

    public void End()
    {
        _line?.Dispose();
        _line = null;
    }

    public void Dispose() => End();
}
