namespace EdgeML.Training.Quantisation;

/// <summary>A layer's weights and biases as integers, a scale for every output channel.</summary>
/// <remarks>
/// Processors without VNNI multiply uint8 by int8 in pairs whose sum saturates at 16 bits (VPMADDUBSW): 2 * 255 * 127 is beyond 32767.
/// So no two weights of a channel may sum to more than 128, or to less than -128: then every pair of products is within 32640, in
/// whatever order a kernel pairs them, and all processors compute the same exact sums. A channel with one outstanding weight keeps it at
/// up to 127; otherwise weights have 7 bits.
/// </remarks>
/// <param name="Weights">As the float weights lie.</param>
/// <param name="Scales">One for each channel.</param>
/// <param name="Biases">One for each channel, in units of the input's scale times the channel's.</param>
sealed record ChannelWeights(sbyte[] Weights, float[] Scales, int[] Biases)
{
    /// <summary>The most that two weights of a channel may sum to, in size.</summary>
    internal const int MostOfPair = 128;

    const int Most = sbyte.MaxValue;

    const float LeastScale = 1e-12f;

    /// <summary>Sums of a channel, its bias included, have 32 bits.</summary>
    const double MostSum = int.MaxValue - 1;

    /// <param name="weights">Of all channels.</param>
    /// <param name="channels">How many there are.</param>
    /// <param name="apart">Whether a channel's weights lie apart, one in each row, instead of in one row.</param>
    /// <param name="biases">One for each channel, or empty.</param>
    /// <param name="input">Scale of the layer's input.</param>
    internal static ChannelWeights Of(ReadOnlySpan<float> weights, int channels, bool apart, ReadOnlySpan<float> biases, float input)
    {
        int each = weights.Length / channels;
        var made = new ChannelWeights(new sbyte[weights.Length], new float[channels], new int[channels]);
        float[] row = new float[each];
        for (int c = 0; c < channels; c++)
        {
            for (int i = 0; i < each; i++) row[i] = weights[apart ? (i * channels) + c : (c * each) + i];
            float bias = biases.Length == 0 ? 0 : biases[c];
            float scale = ScaleOf(row, bias, input);
            made.Scales[c] = scale;
            made.Biases[c] = (int)Math.Round(bias / ((double)input * scale));
            for (int i = 0; i < each; i++) made.Weights[apart ? (i * channels) + c : (c * each) + i] = (sbyte)Rounded(row[i], scale);
        }
        return made;
    }

    /// <summary>The smallest scale with which weights, pairs of them, and the channel's sum stay within bounds.</summary>
    static float ScaleOf(ReadOnlySpan<float> row, float bias, float input)
    {
        (float high, float second, float low, float next) = (0, 0, 0, 0);
        foreach (float weight in row)
        {
            if (weight > high) (high, second) = (weight, high);
            else if (weight > second) second = weight;
            if (weight < low) (low, next) = (weight, low);
            else if (weight < next) next = weight;
        }
        float scale = Math.Max(Math.Max(high, -low) / Most, Math.Max(high + second, -low - next) / MostOfPair);
        scale = Math.Max(scale, LeastScale);
        // A channel of tiny weights may have a bias that is huge in its units.
        scale = Math.Max(scale, (float)(2 * Math.Abs((double)bias) / input / MostSum));
        while (Exceeds(high, second, scale) || Exceeds(-low, -next, scale) || Sum(row, bias, input, scale) > MostSum) scale *= 1.0005f;
        return scale;
    }

    static bool Exceeds(float high, float second, float scale) =>
        Rounded(high, scale) > Most || Rounded(high, scale) + Rounded(second, scale) > MostOfPair;

    static double Sum(ReadOnlySpan<float> row, float bias, float input, float scale)
    {
        double sum = Math.Abs((double)bias) / ((double)input * scale);
        foreach (float weight in row) sum += TensorScale.Levels * (double)Math.Abs(Rounded(weight, scale));
        return sum;
    }

    static int Rounded(float weight, float scale) => (int)MathF.Round(weight / scale);
}
