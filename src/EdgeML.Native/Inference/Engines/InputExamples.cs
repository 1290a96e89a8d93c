using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Inputs that any network can be run on.</summary>
static class InputExamples
{
    /// <summary>A row of inputs.</summary>
    /// <param name="manifest">Checked.</param>
    /// <param name="uniform">Numbers in 0..1.</param>
    public static float[] Row(ModelManifest manifest, Func<double> uniform)
    {
        var row = new float[manifest.Input.Elements];
        Fill(row, manifest.Inputs, () => (float)(uniform() * 255 * manifest.Input.ByteScale), uniform);
        return row;
    }

    /// <summary>Fills a row: integers of more than 8 bits are 0 or 1, because larger ones may be indices of nothing.</summary>
    /// <param name="row">Of all inputs.</param>
    /// <param name="inputs">That lie in it; null for one of floats.</param>
    /// <param name="value">Of a float.</param>
    /// <param name="uniform">Numbers in 0..1.</param>
    public static void Fill(Span<float> row, IReadOnlyList<NamedTensor>? inputs, Func<float> value, Func<double> uniform)
    {
        if (inputs is null)
        {
            foreach (ref float each in row) each = value();
            return;
        }
        foreach (NamedTensor input in inputs)
        {
            Span<float> own = row.Slice(input.Offset, input.RowElements);
            own.Clear(); // the higher parts of integers
            foreach (ref float each in own[..input.Elements])
            {
                each = input.Type switch
                {
                    "uint8" => (float)Math.Floor(256 * uniform()),
                    "int8" => (float)Math.Floor(256 * uniform()) - 128,
                    _ => !input.IsInteger ? value() : uniform() < 0.5 ? 0 : 1,
                };
            }
        }
    }
}
