using EdgeML.Native.Numerics;
using EdgeML.Simulation.Baselines;

namespace EdgeML.Simulation.Tests.Baselines;

public class Nsga3Tests
{
    [Fact]
    public void Rank_DebsWorkedExample_FindsHisFronts()
    {
        // Deb, Multi-Objective Optimization using Evolutionary Algorithms (2001), the two-variable example: parents 1..6, children a..f.
        double[] points =
        [
            0.31, 6.10, 0.43, 6.79, 0.22, 7.09, 0.59, 7.85, 0.66, 3.65, 0.83, 4.23,
            0.21, 5.90, 0.79, 3.97, 0.51, 6.51, 0.27, 6.93, 0.58, 4.52, 0.24, 8.54,
        ];
        var sort = new NondominatedSort(12, 2);
        Assert.Equal(4, sort.Rank(points, 12));
        Assert.Equal([1, 2, 1, 3, 0, 2, 0, 1, 2, 1, 0, 2], sort.Front);
    }

    [Fact]
    public void Rank_RandomPoints_FrontIsTheLongestChainOfDominators()
    {
        var random = new Random(5);
        var sort = new NondominatedSort(60, 3);
        for (int round = 0; round < 20; round++)
        {
            double[] values = [.. Enumerable.Range(0, 180).Select(_ => (double)random.Next(6))];
            double[][] points = [.. values.Chunk(3)];
            sort.Rank(values, 60);
            for (int i = 0; i < 60; i++)
            {
                IEnumerable<int> above = Enumerable.Range(0, 60).Where(j => NondominatedSort.Dominates(points[j], points[i]));
                Assert.Equal(above.Select(j => sort.Front[j] + 1).DefaultIfEmpty().Max(), sort.Front[i]);
            }
        }
    }

    [Theory]
    [InlineData(3, 12, 91)]
    [InlineData(3, 6, 28)]
    [InlineData(3, 4, 15)]
    [InlineData(2, 99, 100)]
    [InlineData(5, 6, 210)]
    public void DasDennis_Count_IsTheBinomial(int objectives, int divisions, int count)
    {
        double[][] directions = [.. ReferenceDirections.DasDennis(objectives, divisions).Chunk(objectives)];
        Assert.Equal(count, directions.Length);
        Assert.Equal(count, directions.Select(direction => string.Join(' ', direction)).Distinct().Count());
        Assert.All(directions, direction => Assert.Equal(1, direction.Sum(), 12));
    }

    static Nsga3 Solve(int variables, int objectives, int divisions, int generations, int seed, Action<Nsga3, int> evaluate)
    {
        var search = new Nsga3(new Nsga3Options { Divisions = divisions }, variables, objectives, new SeededRandom(seed));
        for (int member = 0; member < search.Population; member++) evaluate(search, member);
        for (int generation = 0; generation < generations; generation++)
        {
            search.Breed();
            for (int child = 0; child < search.Population; child++) evaluate(search, search.Population + child);
            search.Select();
        }
        return search;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Select_Dtlz2_MembersLieEvenlyOnTheSphere(int seed)
    {
        const int Variables = 7;
        Nsga3 search = Solve(Variables, 3, 12, 150, seed, (search, member) =>
        {
            Span<double> x = search.Genes(member), f = search.Values(member);
            double g = 0;
            for (int i = 2; i < Variables; i++) g += (x[i] - 0.5) * (x[i] - 0.5);
            (double a, double b) = (x[0] * Math.PI / 2, x[1] * Math.PI / 2);
            f[0] = (1 + g) * Math.Cos(a) * Math.Cos(b);
            f[1] = (1 + g) * Math.Cos(a) * Math.Sin(b);
            f[2] = (1 + g) * Math.Sin(a);
        });
        Assert.Equal(91, search.Population);
        double[][] found = [.. Enumerable.Range(0, 91).Select(member => search.Values(member).ToArray())];
        Assert.All(found, f => Assert.InRange(Math.Sqrt(f.Sum(v => v * v)), 1, 1.02));
        // Where each reference line meets the sphere there is a member nearby.
        double mean = ReferenceDirections.DasDennis(3, 12).Chunk(3).Average(line =>
        {
            double length = Math.Sqrt(line.Sum(v => v * v));
            return found.Min(f => Math.Sqrt(f.Select((v, i) => v - (line[i] / length)).Sum(d => d * d)));
        });
        Assert.True(mean < 0.03, $"seed {seed}: mean distance {mean:0.0000}");
    }

    [Fact]
    public void Select_Zdt1OfUnlikeScales_ReachesTheFront()
    {
        const int Variables = 8;
        Nsga3 search = Solve(Variables, 2, 39, 300, 3, (search, member) =>
        {
            Span<double> x = search.Genes(member), f = search.Values(member);
            double g = 1;
            for (int i = 1; i < Variables; i++) g += 9 * x[i] / (Variables - 1);
            (f[0], f[1]) = (x[0], 1000 * g * (1 - Math.Sqrt(x[0] / g)));
        });
        double[][] found = [.. Enumerable.Range(0, search.Population).Select(member => search.Values(member).ToArray())];
        Assert.All(found, f => Assert.InRange(f[1] - (1000 * (1 - Math.Sqrt(f[0]))), -1e-6, 40));
        Assert.True(found.Max(f => f[0]) > 0.9 && found.Min(f => f[0]) < 0.1);
    }

    [Fact]
    public void Breed_Children_AreInRangeAndUnlikeAllOthers()
    {
        Nsga3 search = Solve(5, 3, 4, 1, 1, (search, member) => search.Values(member).Fill(1));
        for (int generation = 0; generation < 50; generation++)
        {
            search.Breed();
            int all = 2 * search.Population;
            Assert.Equal(all, Enumerable.Range(0, all).Select(member => string.Join(' ',
                search.Genes(member).ToArray())).Distinct().Count());
            for (int member = 0; member < all; member++)
                Assert.All(search.Genes(member).ToArray(), gene => Assert.InRange(gene, 0, 1));
            search.Select();
        }
    }
}
