using System.Text.Json.Serialization;

namespace EdgeML.Native.Models.Manifest;

/// <summary>How an output of the model file follows from the logits that its exit decides on.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OutputForm>))]
public enum OutputForm
{
    /// <summary>The output holds the logits.</summary>
    [JsonStringEnumMemberName("logits")]
    Logits,

    /// <summary>The output holds probabilities that sum to 1: the softmax of the logits.</summary>
    [JsonStringEnumMemberName("softmax")]
    Softmax,

    /// <summary>The output holds logarithms of probabilities that sum to 1.</summary>
    [JsonStringEnumMemberName("logSoftmax")]
    LogSoftmax,

    /// <summary>The output holds one probability per class, each for itself: the sigmoid of its logit.</summary>
    [JsonStringEnumMemberName("sigmoid")]
    Sigmoid,

    /// <summary>The output holds one number, the probability of class 1 of two: the sigmoid of logit 1 minus logit 0.</summary>
    [JsonStringEnumMemberName("oneSigmoid")]
    OneSigmoid,
}

/// <summary>From logits to the values that the model file itself puts out, so that the two can be compared.</summary>
static class OutputForms
{
    /// <summary>Number of values of the file's output.</summary>
    internal static int Values(OutputForm form, int classes) => form == OutputForm.OneSigmoid ? 1 : classes;

    /// <summary>The file's output where exits see <paramref name="logits"/>.</summary>
    internal static float[] Apply(OutputForm form, ReadOnlySpan<float> logits)
    {
        var values = new float[Values(form, logits.Length)];
        switch (form)
        {
            case OutputForm.Softmax or OutputForm.LogSoftmax:
                double largest = double.NegativeInfinity, sum = 0;
                foreach (float logit in logits) largest = Math.Max(largest, logit);
                foreach (float logit in logits) sum += Math.Exp(logit - largest);
                for (int i = 0; i < values.Length; i++)
                {
                    double log = logits[i] - largest - Math.Log(sum);
                    values[i] = (float)(form == OutputForm.Softmax ? Math.Exp(log) : log);
                }
                break;
            case OutputForm.Sigmoid:
                for (int i = 0; i < values.Length; i++) values[i] = Sigmoid(logits[i]);
                break;
            case OutputForm.OneSigmoid:
                values[0] = Sigmoid((double)logits[1] - logits[0]);
                break;
            default:
                logits.CopyTo(values);
                break;
        }
        return values;
    }

    static float Sigmoid(double logit) => (float)(1 / (1 + Math.Exp(-logit)));
}
