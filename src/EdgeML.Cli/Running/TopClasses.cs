namespace EdgeML.Cli.Running;

/// <summary>The most probable classes of logits.</summary>
static class TopClasses
{
    /// <summary>Softmax probabilities in falling order, lower index first on ties; NaN where logits are not finite.</summary>
    /// <param name="logits">One per class.</param>
    /// <param name="count">At most as many as there are classes.</param>
    public static RankedClass[] Of(ReadOnlySpan<float> logits, int count)
    {
        float largest = float.NegativeInfinity;
        foreach (float logit in logits) largest = Math.Max(largest, logit);
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit - largest);
        var top = new RankedClass[Math.Min(count, logits.Length)];
        int filled = 0;
        for (int label = 0; label < logits.Length; label++)
        {
            int at = filled;
            while (at > 0 && logits[label] > logits[top[at - 1].Class]) at--;
            if (at >= top.Length) continue;
            filled = Math.Min(filled + 1, top.Length);
            for (int i = filled - 1; i > at; i--) top[i] = top[i - 1];
            top[at] = new RankedClass(label, (float)(Math.Exp(logits[label] - largest) / sum));
        }
        return top;
    }
}
