using System.Globalization;
using EdgeML.Native.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>What was found at one place to cut, on all routes.</summary>
sealed class TensorRtMatrixRow(int cut)
{
    const double Tolerance = 1e-5;

    readonly SortedSet<int> _exits = [];
    readonly List<string> _wrong = [];
    readonly Dictionary<ChainRoute, long> _allocated = [];
    int _tasks;
    int _sameBits;
    double _worst;

    public void Add(TensorRtAnswers answers)
    {
        (TensorRtAnswer device, TensorRtAnswer same) = (answers.Device, answers.Same);
        _tasks++;
        _exits.Add(device.Exit);
        bool bits = device.AtCut.AsSpan().SequenceEqual(same.AtCut) && device.Logits.AsSpan().SequenceEqual(same.Logits);
        _sameBits += bits ? 1 : 0;
        if (!bits) _wrong.Add($"{answers.What}: not the bits of the CPU");
        if ((device.Exit, device.Class) != (same.Exit, same.Class)) _wrong.Add($"{answers.What}: exit {device.Exit}, CPU {same.Exit}");
        if (!(Math.Abs(device.Entropy - same.Entropy) <= Tolerance))
            _wrong.Add($"{answers.What}: entropy {device.Entropy}, CPU {same.Entropy}");
        foreach (uint route in device.Routes)
            if (route != (uint)answers.Route) _wrong.Add($"{answers.What}: ran on route {route}");
        for (int i = 0; i < device.Logits.Length; i++)
        {
            double byUnits = answers.UnitLogits[i];
            _worst = Math.Max(_worst, Math.Abs(byUnits - device.Logits[i]) / Math.Max(1, Math.Abs(byUnits)));
        }
    }

    public void Allocated(ChainRoute route, long bytes) => _allocated[route] = bytes;

    public void Check()
    {
        Assert.Empty(_wrong);
        Assert.True(_worst <= Tolerance, $"cut {cut}: logits differ by {_worst} from those of the units");
        Assert.All(_allocated, route => Assert.True(route.Value == 0,
            $"cut {cut}, route {route.Key}: tasks allocated {route.Value} bytes"));
    }

    /// <summary>The rest of a line: cut, exits, tasks, same bits, difference, bytes on A, B, C.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"| {cut} | {string.Join(' ', _exits)} | {_sameBits} of {_tasks} | {_worst:0.0e+0} | {string.Join(", ", _allocated.Values)} |");
}
