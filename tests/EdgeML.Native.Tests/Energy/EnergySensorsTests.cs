using System.Diagnostics;
using EdgeML.Native.Energy;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Tests.Energy;

public sealed class EnergySensorsTests(FakeNvml nvml) : IClassFixture<FakeNvml>, IDisposable
{
    const string Nowhere = "/no/such/libnvidia-ml.so";

    readonly FakeSysfs _sys = new();

    public void Dispose() => _sys.Dispose();

    [Fact]
    public void Open_NothingThere_IsTheDeclaredModel()
    {
        IEnergyMeter meter = EnergySensors.Open(new PowerModel(2, 8, 1), Options());
        Assert.Equal("declared", meter.Source);
        Assert.Equal(0.1 * 2, meter.TaskJoules(100, 0, 0), 9);
    }

    [Fact]
    public void Open_Everything_GoesByTheOrder()
    {
        nvml.Play();
        Monitor();
        EnergySensorOptions all = Options() with { NvmlFile = nvml.File };
        Assert.Equal("nvml", SourceOf(all with { OnGpu = true }));
        Assert.Equal("ina3221", SourceOf(all));
        Assert.Equal("ina3221", SourceOf(all with { OnGpu = true, NvmlFile = Nowhere }));
        Assert.Equal("declared", SourceOf(all with { Source = "declared" }));
        Assert.Equal("nvml", SourceOf(all with { Source = "nvml" }));
        Assert.Equal(0, nvml.Initialised);
    }

    [Fact]
    public void Open_CounterThatStandsStill_IsNotTaken()
    {
        Counter(5_000_000);
        Assert.Equal("declared", SourceOf(Options()));
        string message = Assert.Throws<ArgumentException>(() => SourceOf(Options() with { Source = "rapl" })).Message;
        Assert.Equal("energy source rapl: it shows no energy at all", message);
    }

    [Fact]
    public void Open_AskedForWhatIsNotThere_SaysWhy()
    {
        Assert.Equal(
            "energy source ina3221: no power monitor of a Jetson board",
            Assert.Throws<ArgumentException>(() => SourceOf(Options() with { Source = "ina3221" })).Message);
        Assert.Equal(
            "energy source 'wattmeter' is none of nvml, ina3221, rapl, declared",
            Assert.Throws<ArgumentException>(() => SourceOf(Options() with { Source = "wattmeter" })).Message);
    }

    [Theory]
    [InlineData(1, 0, 0, 0, null, true, "energy counter of Fake 1 at 00000000:3B:00.0, 1981 MHz")]
    [InlineData(1, 0, FakeNvml.NotSupported, 0, null, true, "power of Fake 1 at 00000000:3B:00.0, 1981 MHz, 40.00 W now")]
    [InlineData(2, 0, FakeNvml.NotSupported, 0, "00000000:3C:00.0", true, "power of Fake 2 at 00000000:3C:00.0, 1982 MHz, 80.00 W now")]
    [InlineData(2, 0, 0, 0, null, false, "2 boards, and none was chosen by its PCI id")]
    [InlineData(2, 0, 0, 0, "00000000:99:00.0", false, "board 00000000:99:00.0: Not Found")]
    [InlineData(0, 0, 0, 0, null, false, "NVIDIA's library sees no board")]
    [InlineData(1, FakeNvml.DriverNotLoaded, 0, 0, null, false, "NVIDIA's library is installed, but says: Driver Not Loaded")]
    [InlineData(1, 0, FakeNvml.GpuIsLost, FakeNvml.GpuIsLost, null, false, "Fake 1 tells neither energy nor power: GPU is lost")]
    public void Look_Nvml_SaysWhatItIsOrWhyNot(
        uint boards, int init, int energy, int power, string? pciId, bool usable, string text)
    {
        nvml.Play(boards, init, energy, power);
        SensorState state = EnergySensors.Look(Options() with { NvmlFile = nvml.File, PciBusId = pciId })[0];
        Assert.Equal((usable, text), (state.Usable, state.Text));
        Assert.Equal(0, nvml.Initialised);
    }

    [Fact]
    public void Look_EmptyMachine_SaysWhereItLooked()
    {
        IReadOnlyList<SensorState> states = EnergySensors.Look(Options());
        Assert.Equal(["nvml", "ina3221", "rapl"], states.Select(state => state.Name));
        Assert.All(states, state => Assert.False(state.Usable));
        Assert.All(states, state => Assert.NotEmpty(state.Looked));
        Assert.Equal("NVIDIA's library is not installed", states[0].Text);
    }

    [Fact]
    public void TaskJoules_SteadyPower_IsPowerTimesTime()
    {
        Monitor();
        using var meter = (IDisposable)EnergySensors.Open(PowerModel.Default, Options());
        double joules = ((IEnergyMeter)meter).TaskJoules(10, 0, 0);
        Assert.InRange(joules, 0.0599, 0.0601);
    }

    [Fact]
    public void TaskJoules_ThousandTasks_AllocatesNothing()
    {
        Monitor();
        IEnergyMeter meter = EnergySensors.Open(PowerModel.Default, Options());
        meter.TaskJoules(10, 0, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) meter.TaskJoules(10, 0, 0);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        ((IDisposable)meter).Dispose();
    }

    [Fact]
    public void TaskJoules_SensorThatStopsAnswering_IsDeclaredFromThenOnAndSaysSo()
    {
        Monitor();
        using var meter = (IDisposable)EnergySensors.Open(new PowerModel(2, 8, 1), Options());
        _sys["class/hwmon/hwmon0/in1_input"] = "";
        long started = Stopwatch.GetTimestamp();
        while (((IEnergyMeter)meter).Source != "declared" && Stopwatch.GetElapsedTime(started).TotalSeconds < 20) Thread.Yield();
        Assert.Equal("declared", ((IEnergyMeter)meter).Source);
        Assert.Equal(0.2, ((IEnergyMeter)meter).TaskJoules(100, 0, 0), 9);
    }

    EnergySensorOptions Options() => new() { Root = _sys.Root, NvmlFile = Nowhere };

    static string SourceOf(EnergySensorOptions options)
    {
        IEnergyMeter meter = EnergySensors.Open(PowerModel.Default, options);
        using (meter as IDisposable) return meter.Source;
    }

    /// <summary>6 W.</summary>
    void Monitor()
    {
        _sys["class/hwmon/hwmon0/name"] = "ina3221";
        _sys["class/hwmon/hwmon0/in1_label"] = "VDD_IN";
        _sys["class/hwmon/hwmon0/in1_input"] = "5000";
        _sys["class/hwmon/hwmon0/curr1_input"] = "1200";
    }

    void Counter(long micros)
    {
        _sys["class/powercap/intel-rapl:0/name"] = "package-0";
        _sys["class/powercap/intel-rapl:0/energy_uj"] = $"{micros}";
    }
}
