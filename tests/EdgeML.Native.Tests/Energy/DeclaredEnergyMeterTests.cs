using EdgeML.Native.Energy;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Tests.Energy;

public class DeclaredEnergyMeterTests
{
    [Fact]
    public void TaskJoules_IdleBusyRadio_AddUp()
    {
        var meter = new DeclaredEnergyMeter(new PowerModel(2, 8, 1.2));
        Assert.Equal("declared", meter.Source);
        // 100 ms at 2 W, 30 ms at 6 W more, 20 ms at 1.2 W more.
        Assert.Equal(0.2 + 0.18 + 0.024, meter.TaskJoules(100, 30, 20), 12);
    }
}
