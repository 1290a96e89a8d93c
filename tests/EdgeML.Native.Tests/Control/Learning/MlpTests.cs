using EdgeML.Native.Control.Learning;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Tests.Control.Learning;

public class MlpTests
{
    [Theory]
    [InlineData(4, 16, 5)]
    [InlineData(7, 24, 9)]
    [InlineData(64, 64, 13)]
    [InlineData(1, 64, 64)]
    public unsafe void Multiply_PlainAndTransposed_EqualsTheDefinition(int m, int n, int k)
    {
        var random = new SeededRandom(1);
        float[] a = [.. Enumerable.Range(0, m * k).Select(_ => random.Uniform(-1, 1))];
        float[] b = [.. Enumerable.Range(0, k * n).Select(_ => random.Uniform(-1, 1))];
        float[] bias = [.. Enumerable.Range(0, n).Select(_ => random.Uniform(-1, 1))];
        float[] c = new float[m * n], t = new float[m * n];
        float[] transposed = new float[m * k];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < k; j++) transposed[(j * m) + i] = a[(i * k) + j];
        }
        fixed (float* pa = a, pb = b, pc = c, pt = t, ptransposed = transposed, pbias = bias)
        {
            MatrixProduct.Multiply(pa, k, 1, pb, pc, m, n, k, pbias);
            MatrixProduct.Multiply(ptransposed, 1, m, pb, pt, m, n, k);
        }
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = 0;
                for (int l = 0; l < k; l++) sum += a[(i * k) + l] * (double)b[(l * n) + j];
                Assert.Equal(sum + bias[j], c[(i * n) + j], 1e-4);
                Assert.Equal(sum, t[(i * n) + j], 1e-4);
            }
        }
    }

    [Theory]
    [InlineData((int)Activation.Linear)]
    [InlineData((int)Activation.Sigmoid)]
    public void Backward_EveryWeightAndInput_EqualsFiniteDifferences(int last)
    {
        const int Rows = 6;
        const float Step = 1e-3f;
        var net = new Mlp([5, 12, 9, 3], [Activation.Sigmoid, Activation.Relu, (Activation)last], Rows);
        var random = new SeededRandom(7);
        net.Initialise(random, last: 0.5f);
        var weightsOfLoss = new float[Rows * 3];
        for (int i = 0; i < weightsOfLoss.Length; i++) weightsOfLoss[i] = random.Uniform(-1, 1);
        for (int row = 0; row < Rows; row++)
        {
            foreach (ref float input in net.InputRow(row)) input = random.Uniform(-1, 1);
        }
        double Loss()
        {
            net.Forward(Rows);
            double loss = 0;
            for (int row = 0; row < Rows; row++)
            {
                for (int i = 0; i < 3; i++) loss += weightsOfLoss[(row * 3) + i] * net.OutputRow(row)[i];
            }
            return loss;
        }
        Loss();
        for (int row = 0; row < Rows; row++) weightsOfLoss.AsSpan(row * 3, 3).CopyTo(net.OutputGradientRow(row));
        net.Backward(Rows, weightGradients: true, inputGradients: true);
        float[] gradients = [.. net.Gradients];
        float[] inputGradients = [.. Enumerable.Range(0, Rows).SelectMany(row => net.InputGradientRow(row).ToArray())];

        double Numeric(ref float value)
        {
            float kept = value;
            value = kept + Step;
            double above = Loss();
            value = kept - Step;
            double below = Loss();
            value = kept;
            return (above - below) / (2 * Step);
        }
        int kinks = 0;
        for (int i = 0; i < gradients.Length; i++)
        {
            double numeric = Numeric(ref net.Weights[i]);
            // A finite step may cross the corner of a rectifier; a wrong formula would be off everywhere.
            if (Math.Abs(numeric - gradients[i]) > 2e-3 + (0.02 * Math.Abs(numeric))) kinks++;
        }
        Assert.InRange(kinks, 0, gradients.Length / 50);
        kinks = 0;
        for (int row = 0; row < Rows; row++)
        {
            for (int i = 0; i < 5; i++)
            {
                double numeric = Numeric(ref net.InputRow(row)[i]);
                if (Math.Abs(numeric - inputGradients[(row * 5) + i]) > 2e-3 + (0.02 * Math.Abs(numeric))) kinks++;
            }
        }
        Assert.InRange(kinks, 0, 1);
    }

    [Fact]
    public void Step_Adam_FollowsTheFormulaAndLearnsALine()
    {
        var adam = new Adam(8, 0.1f);
        float[] weights = [1, 1, 1, 1, 1, 1, 1, 1];
        adam.Step(weights, [0.5f, -0.5f, 0, 2, 2, 2, 2, 2]);
        // The first step is the rate against the sign, whatever the size.
        Assert.Equal(0.9f, weights[0], 4);
        Assert.Equal(1.1f, weights[1], 4);
        Assert.Equal(1f, weights[2]);

        var net = new Mlp([1, 16, 1], [Activation.Relu, Activation.Linear], 32);
        var random = new SeededRandom(3);
        net.Initialise(random, 0.1f);
        var optimiser = new Adam(net.Weights.Length, 1e-2f);
        double loss = 0;
        for (int step = 0; step < 400; step++)
        {
            for (int row = 0; row < 32; row++) net.InputRow(row)[0] = random.Uniform(-1, 1);
            net.Forward(32);
            loss = 0;
            for (int row = 0; row < 32; row++)
            {
                float error = net.OutputRow(row)[0] - ((2 * net.InputRow(row)[0]) - 0.5f);
                loss += error * error / 32;
                net.OutputGradientRow(row)[0] = 2 * error / 32;
            }
            net.Backward(32, true, false);
            optimiser.Step(net.Weights, net.Gradients);
        }
        Assert.InRange(loss, 0, 0.01);
    }
}
