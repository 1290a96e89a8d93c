using System.Text.Json;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Cli.CommandLine;

/// <summary>What is known of the exits, as JSON: an object, or null where nothing is.</summary>
static class CalibrationJson
{
    public static void WriteCalibration(this Utf8JsonWriter writer, CalibrationInfo? info)
    {
        if (info is null)
        {
            writer.WriteNull("calibration");
            return;
        }
        writer.WriteStartObject("calibration");
        writer.WriteNumber("samples", info.Samples);
        writer.WriteString("source", info.Source);
        writer.WriteBoolean("labelled", info.Labelled);
        writer.WriteBoolean("learned", info.Learned);
        writer.WriteEndObject();
    }
}
