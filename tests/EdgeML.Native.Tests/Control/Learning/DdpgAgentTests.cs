using EdgeML.Native.Control.Learning;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Tests.Control.Learning;

public class DdpgAgentTests
{
    /// <summary>Drives a point on -1..1 towards 0: x' = x + 0.8 (a - 0.5), reward -x'^2; the best action is 0.5 - 1.25 x,
    /// clipped.</summary>
    static (ActingNetworks Networks, float[] Trajectory) Learn(int seed, int steps)
    {
        var options = new DdpgOptions { ActorRate = 1e-3f, NoiseDecay = 0.9995 };
        var agent = new DdpgAgent(options, 1, 1, seed);
        using var learner = new InlineLearner(agent);
        var noise = new OrnsteinUhlenbeck(1, 0.15, 0.2, options.NoiseDecay, 0.02, new SeededRandom(seed, 3));
        var world = new SeededRandom(seed, 9);
        float[] state = [0.5f], next = [0], action = [0];
        var trajectory = new float[steps];
        for (int i = 0; i < steps; i++)
        {
            if (i % 20 == 0) state[0] = world.Uniform(-1, 1);
            learner.Networks.Act(state, noise.Next(), action);
            next[0] = Move(state[0], action[0]);
            learner.Step(state, action, -next[0] * next[0], next);
            trajectory[i] = action[0];
            state[0] = next[0];
        }
        return (learner.Networks, trajectory);
    }

    static float Move(float x, float action) => Math.Clamp(x + (0.8f * (action - 0.5f)), -1f, 1f);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Learn_SmallContinuousEnvironment_IsSolvedWithinFixedSteps(int seed)
    {
        (ActingNetworks networks, _) = Learn(seed, 1500);
        double cost = 0;
        float[] action = new float[1];
        foreach (float start in (float[])[-0.9f, -0.5f, 0.4f, 0.8f])
        {
            float x = start;
            for (int step = 0; step < 10; step++)
            {
                networks.Act([x], default, action);
                x = Move(x, action[0]);
                if (step >= 5) cost += x * x / 20;
            }
        }
        Assert.True(cost < 0.02, $"seed {seed}: mean square distance {cost:0.0000} after five steps; doing nothing leaves 0.47");
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(0.1f, 0.5f)]
    public void Gradients_OfCriticAndActor_EqualFiniteDifferences(float residualScale, float cloning)
    {
        const int Seed = 11, States = 5, Actions = 2;
        var options = new DdpgOptions
        {
            Hidden = 16,
            Batch = 8,
            WarmUp = 8,
            Discount = 0.7f,
            ResidualScale = residualScale,
            CloningWeight = cloning,
        };
        var agent = new DdpgAgent(options, States, Actions, Seed);
        var random = new SeededRandom(Seed, stream: 7);
        for (int i = 0; i < 40; i++)
        {
            // References far enough from 0 and 1 that no move is clipped.
            float[] state = [.. Enumerable.Range(0, States).Select(_ => random.Uniform(0.3f, 0.7f))];
            float[] next = [.. Enumerable.Range(0, States).Select(_ => random.Uniform(0.3f, 0.7f))];
            agent.Remember(state, [random.Uniform(0.1f, 0.9f), random.Uniform(0.1f, 0.9f)], random.Uniform(-1, 1), next);
        }
        // The last layers start with weights so small that hardly anything has a gradient.
        for (int i = 0; i < 5; i++) agent.Learn();
        agent.Critic.Initialise(random, last: 1);
        agent.Actor.Initialise(random, last: 1);
        agent.PickBatch();
        double CriticLoss()
        {
            agent.CriticGradients();
            return agent.CriticLoss;
        }
        double ActorLoss()
        {
            agent.ActorGradients();
            double loss = 0, weight = residualScale > 0 ? cloning * (1 - (agent.Steps / (double)options.CloningUpdates)) : 0;
            for (int row = 0; row < options.Batch; row++)
            {
                loss -= agent.Critic.OutputRow(row)[0] / options.Batch;
                foreach (float output in agent.Actor.OutputRow(row))
                    loss += weight * ((2 * output) - 1) * ((2 * output) - 1) / options.Batch;
            }
            return loss;
        }
        CriticLoss();
        Compare(agent.Critic, CriticLoss, "critic");
        // The actor's loss reads the states the critic's left in the batch.
        ActorLoss();
        Compare(agent.Actor, ActorLoss, "actor");

        void Compare(Mlp net, Func<double> loss, string name)
        {
            const float Step = 4e-3f;
            float[] gradients = [.. net.Gradients];
            float largest = gradients.Max(gradient => Math.Abs(gradient));
            int compared = 0;
            for (int i = 0; i < gradients.Length; i += 3)
            {
                float kept = net.Weights[i];
                double Difference(float step)
                {
                    net.Weights[i] = kept + step;
                    double above = loss();
                    net.Weights[i] = kept - step;
                    double below = loss();
                    net.Weights[i] = kept;
                    return (above - below) / (2.0 * step);
                }
                (double wide, double narrow) = (Difference(Step), Difference(Step / 2));
                // A unit that switches on or off in between has no gradient there.
                if (Math.Abs(wide - narrow) > (0.005 * largest) + (0.02 * Math.Abs(narrow))) continue;
                compared++;
                Assert.True(Math.Abs(gradients[i] - narrow) < (0.01 * largest) + (0.03 * Math.Abs(narrow)),
                    $"seed {Seed} {name} weight {i}: {gradients[i]}, not {narrow}");
            }
            Assert.True(compared > gradients.Length / 4, $"{compared} of {gradients.Length / 3} {name} weights had a gradient");
            Assert.True(largest > 0.005, $"{name} has no gradients worth comparing: {largest}");
        }
    }

    [Fact]
    public void Learn_SameSeed_SameTrajectory()
    {
        float[] first = Learn(5, 300).Trajectory;
        Assert.Equal(first, Learn(5, 300).Trajectory);
        Assert.NotEqual(first, Learn(6, 300).Trajectory);
    }

    [Fact]
    public void Act_UntrainedResidual_KeepsTheReferenceAction()
    {
        var agent = new DdpgAgent(new DdpgOptions { ResidualScale = 0.1f }, 4, 2, 1);
        float[] action = new float[2];
        agent.NewActingNetworks().Act([0.3f, -0.2f, 0.25f, 0.75f], default, action);
        Assert.Equal(0.25f, action[0], 2);
        Assert.Equal(0.75f, action[1], 2);
    }

    [Fact]
    public void Learn_ResidualWithCloning_MovesTowardsRewardButNotFar()
    {
        // The reward wants 0.6 where the reference says 0.5; the residual may move by 0.05 at most.
        var options = new DdpgOptions { ResidualScale = 0.05f, CloningWeight = 1, CloningUpdates = 100, ActorRate = 1e-3f, Discount = 0 };
        var agent = new DdpgAgent(options, 1, 1, 1);
        var random = new SeededRandom(1);
        for (int i = 0; i < 500; i++)
        {
            float action = random.Uniform(0.4f, 0.6f);
            agent.Remember([0.5f], [action], -(action - 0.6f) * (action - 0.6f) * 100, [0.5f]);
        }
        for (int i = 0; i < 600; i++) agent.Learn();
        float[] learned = new float[1];
        agent.NewActingNetworks().Act([0.5f], default, learned);
        Assert.InRange(learned[0], 0.52f, 0.551f);
    }

    [Fact]
    public void Background_TaskTimeGoesBy_WeightsArrive()
    {
        var agent = new DdpgAgent(new DdpgOptions(), 3, 5, 1);
        using var learner = new BackgroundLearner(agent, budget: 0.02);
        var random = new SeededRandom(2);
        float[] state = new float[3], action = new float[5], before = new float[5], now = new float[5];
        learner.Networks.Act([0, 0, 0], default, before);
        bool WeightsArrive()
        {
            foreach (ref float x in state.AsSpan()) x = random.Uniform(-1, 1);
            learner.TaskDone(50, 0);
            learner.Step(state, action, random.Uniform(-1, 1), state);
            learner.Networks.Act([0, 0, 0], default, now);
            return !now.AsSpan().SequenceEqual(before);
        }
        for (int i = 0; i < 200; i++) WeightsArrive();
        Assert.True(SpinWait.SpinUntil(WeightsArrive, TimeSpan.FromSeconds(30)), $"{learner.Counters.Steps} steps and no new weights");
    }

    [Fact]
    public void Background_NoTaskTime_LearnsNothing()
    {
        var agent = new DdpgAgent(new DdpgOptions(), 3, 5, 1);
        var learner = new BackgroundLearner(agent, 0.02);
        float[] state = new float[3], action = new float[5];
        for (int i = 0; i < 200; i++) learner.Step(state, action, 0, state);
        learner.Dispose();
        Assert.Equal(0, learner.Counters.Steps);
    }

    [Fact]
    public void Background_Share_StaysBelowTheBudget()
    {
        var agent = new DdpgAgent(new DdpgOptions(), 3, 5, 1);
        var learner = new BackgroundLearner(agent, 0.02);
        float[] state = new float[3], action = new float[5];
        double taskMs = 0;
        for (int i = 0; i < 3000; i++)
        {
            learner.TaskDone(5, 0.01);
            taskMs += 5;
            learner.Step(state, action, 0, state);
        }
        SpinWait.SpinUntil(() => learner.Counters.Steps > 20, TimeSpan.FromSeconds(20));
        learner.Dispose();
        double share = learner.Counters.BusyMicros / 1000 / taskMs;
        // One step may overshoot its estimate; the stopwatch also counts what others stole from it.
        Assert.True(share < 0.04, $"{learner.Counters.Steps} steps took {share:0.0000} of task time");
    }
}
