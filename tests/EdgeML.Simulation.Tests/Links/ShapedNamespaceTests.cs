using System.Net;
using System.Net.Sockets;
using EdgeML.Simulation.Links;
using EdgeML.Simulation.Processes;

namespace EdgeML.Simulation.Tests.Links;

public sealed class ShapedNamespaceTests
{
    [Fact]
    public void Create_AndDispose_LeavesNeitherNamespaceNorInterface()
    {
        string name;
        using (ShapedNamespace shaped = CreateOrSkip(8))
        {
            name = shaped.Name;
            Assert.True(File.Exists($"/run/netns/{name}"));
            // The bucket really stands on this side's interface, and the other side answers.
            Assert.Null(SystemCommand.Run($"ip netns exec {name} ip addr show to {shaped.Inside}"));
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(shaped.Outside, 0));
        }
        Assert.False(File.Exists($"/run/netns/{name}"));
        Assert.False(Directory.Exists($"/sys/class/net/eml{Environment.ProcessId}"));
    }

    [Fact]
    public void Create_AfterAProcessThatWasKilled_RemovesWhatItLeft()
    {
        CreateOrSkip(8).Dispose();
        using var gone = ChildProcess.Start(["true"]);
        gone.WaitForEnd(TimeSpan.FromSeconds(10));
        string abandoned = $"edgeml-{gone.Id}";
        Assert.Null(SystemCommand.Run($"ip netns add {abandoned}"));
        CreateOrSkip(8).Dispose();
        Assert.False(File.Exists($"/run/netns/{abandoned}"));
    }

    [Fact]
    public void BurstBytes_AnyRate_TakesAFullFrame()
    {
        Assert.Equal(ShapedNamespace.SmallestBurst, ShapedNamespace.BurstBytes(1));
        Assert.Equal(25_000, ShapedNamespace.BurstBytes(1000));
    }

    static ShapedNamespace CreateOrSkip(double mbps)
    {
        string? reason = ShapedNamespace.WhyNot();
        if (reason is not null) Assert.Skip(reason);
        try
        {
            return ShapedNamespace.Create(mbps);
        }
        catch (InvalidOperationException error)
        {
            // Root within a container may still be refused.
            Assert.Skip(error.Message);
            throw;
        }
    }
}
