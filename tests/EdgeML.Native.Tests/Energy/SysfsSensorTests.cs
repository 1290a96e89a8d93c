using EdgeML.Native.Energy;

namespace EdgeML.Native.Tests.Energy;

public sealed class SysfsSensorTests : IDisposable
{
    readonly FakeSysfs _sys = new();

    public void Dispose() => _sys.Dispose();

    [Fact]
    public void Rapl_TwoPackages_AddsThemUpAndLeavesTheirPartsAlone()
    {
        Package(0, "package-0", 5_000_000);
        Package(1, "package-1", 1_000_000);
        Package(2, "psys", 9_000_000);
        _sys["class/powercap/intel-rapl:0:0/name"] = "core";
        _sys["class/powercap/intel-rapl:0:0/energy_uj"] = "4000000";
        using RaplSensor sensor = RaplSensor.Open(_sys.Root, out _)!;
        Assert.Equal(0, Read(sensor));
        Package(0, "package-0", 7_500_000);
        Package(1, "package-1", 1_250_000);
        Package(2, "psys", 99_000_000);
        Assert.Equal(2.75, Read(sensor), 9);
        Assert.Equal("energy counter of package-0, package-1", sensor.Description);
    }

    [Fact]
    public void Rapl_CounterWrapsAround_GoesOn()
    {
        Package(0, "package-0", 262_143_000_000);
        using RaplSensor sensor = RaplSensor.Open(_sys.Root, out _)!;
        Read(sensor);
        Package(0, "package-0", 1_671_150);
        Assert.Equal(2, Read(sensor), 5);
    }

    [Fact]
    public void Rapl_NotReadable_SaysSo()
    {
        _sys["class/powercap/intel-rapl:0/name"] = "package-0";
        // Root may read every file, but opening a folder as one is refused in the same way.
        Directory.CreateDirectory(Path.Combine(_sys.Root, "sys/class/powercap/intel-rapl:0/energy_uj"));
        Assert.Null(RaplSensor.Open(_sys.Root, out string reason));
        Assert.Equal("package-0 is there, but this user may not read it; root may", reason);
    }

    [Fact]
    public void Rapl_NothingThere_SaysSo()
    {
        Assert.Null(RaplSensor.Open(_sys.Root, out string reason));
        Assert.Equal("no energy counter of the processor", reason);
    }

    [Fact]
    public void Ina3221_OrinNano_TakesTheRailThatFeedsTheModule()
    {
        const string Monitor = "bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon4";
        Rail(Monitor, 1, "VDD_IN", 5000, 1200);
        Rail(Monitor, 2, "VDD_CPU_GPU_CV", 5000, 400);
        Rail(Monitor, 3, "VDD_SOC", 5000, 300);
        _sys[$"{Monitor}/in7_label"] = "sum of shunt voltages";
        _sys[$"{Monitor}/in7_input"] = "3";
        using Ina3221Sensor sensor = Ina3221Sensor.Open(_sys.Root, out _)!;
        Assert.False(sensor.IsCounter);
        Assert.Equal("power of VDD_IN", sensor.Description);
        Assert.Equal(6.0, Read(sensor), 9);
        Rail(Monitor, 1, "VDD_IN", 4950, 2000);
        Assert.Equal(9.9, Read(sensor), 9);
    }

    [Fact]
    public void Ina3221_AgxOrin_AddsUpTheRailsOfBothChips()
    {
        const string First = "bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon1", Second = "bus/i2c/drivers/ina3221/1-0041/hwmon/hwmon3";
        Rail(First, 1, "VDD_GPU_SOC", 19000, 200);
        Rail(First, 2, "VDD_CPU_CV", 19000, 100);
        Rail(First, 3, "VIN_SYS_5V0", 5000, 600);
        Rail(Second, 1, "NC", 0, 0);
        Rail(Second, 2, "VDDQ_VDD2_1V8AO", 5000, 100);
        using Ina3221Sensor sensor = Ina3221Sensor.Open(_sys.Root, out _)!;
        Assert.Equal("power of VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0 + VDDQ_VDD2_1V8AO", sensor.Description);
        Assert.Equal(3.8 + 1.9 + 3 + 0.5, Read(sensor), 9);
    }

    [Fact]
    public void Ina3221_JetPack4_ReadsPower()
    {
        const string Monitor = "bus/i2c/drivers/ina3221x/6-0040/iio:device0";
        _sys[$"{Monitor}/rail_name_0"] = "POM_5V_IN";
        _sys[$"{Monitor}/in_power0_input"] = "4321";
        _sys[$"{Monitor}/rail_name_1"] = "POM_5V_GPU";
        _sys[$"{Monitor}/in_power1_input"] = "1000";
        using Ina3221Sensor sensor = Ina3221Sensor.Open(_sys.Root, out _)!;
        Assert.Equal("power of POM_5V_IN", sensor.Description);
        Assert.Equal(4.321, Read(sensor), 9);
    }

    [Fact]
    public void Ina3221_ChannelWithoutData_IsLeftOut()
    {
        const string Monitor = "class/hwmon/hwmon2";
        _sys[$"{Monitor}/name"] = "ina3221";
        Rail(Monitor, 1, "VDD_GPU", 5000, 100);
        _sys[$"{Monitor}/in2_label"] = "VDD_OFF";
        _sys[$"{Monitor}/in2_input"] = "";
        using Ina3221Sensor sensor = Ina3221Sensor.Open(_sys.Root, out _)!;
        Assert.Equal("power of VDD_GPU", sensor.Description);
    }

    [Fact]
    public void GpuClock_Orin_TellsClockLimitGovernorAndLoad()
    {
        const string Gpu = "class/devfreq/17000000.ga10b";
        _sys["class/devfreq/15340000.vic/cur_freq"] = "1";
        _sys[$"{Gpu}/cur_freq"] = "306000000";
        _sys[$"{Gpu}/max_freq"] = "1300000000";
        _sys[$"{Gpu}/governor"] = "nvhost_podgov";
        _sys["devices/platform/gpu.0/load"] = "123";
        using GpuClock clock = GpuClock.Open(_sys.Root, out _)!;
        Assert.True(clock.TryRead(out double megahertz));
        Assert.Equal(306, megahertz);
        Assert.Equal("17000000.ga10b at 306 MHz of 1300, governor nvhost_podgov, load 12 %", clock.Describe(_sys.Root));
    }

    [Fact]
    public void TryRead_ThousandTimes_AllocatesNothing()
    {
        Package(0, "package-0", 5_000_000);
        Rail("bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon4", 1, "VDD_IN", 5000, 1200);
        using RaplSensor rapl = RaplSensor.Open(_sys.Root, out _)!;
        using Ina3221Sensor ina = Ina3221Sensor.Open(_sys.Root, out _)!;
        Read(rapl);
        Read(ina);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            rapl.TryRead(out _);
            ina.TryRead(out _);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    void Package(int number, string name, long micros)
    {
        _sys[$"class/powercap/intel-rapl:{number}/name"] = name;
        _sys[$"class/powercap/intel-rapl:{number}/max_energy_range_uj"] = "262143328850";
        _sys[$"class/powercap/intel-rapl:{number}/energy_uj"] = $"{micros}";
    }

    void Rail(string monitor, int channel, string label, int millivolts, int milliamperes)
    {
        _sys[$"{monitor}/in{channel}_label"] = label;
        _sys[$"{monitor}/in{channel}_input"] = $"{millivolts}";
        _sys[$"{monitor}/curr{channel}_input"] = $"{milliamperes}";
    }

    static double Read(IEnergySensor sensor)
    {
        Assert.True(sensor.TryRead(out double value));
        return value;
    }
}
