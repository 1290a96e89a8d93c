using System.Text.Json.Serialization;

namespace EdgeML.Native.Models.Manifest;

/// <summary>Where a picture's channels lie in the input tensor.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PixelLayout>))]
public enum PixelLayout
{
    /// <summary>Channels, height, width: one plane after another.</summary>
    [JsonStringEnumMemberName("NCHW")]
    Nchw,

    /// <summary>Height, width, channels: one pixel after another.</summary>
    [JsonStringEnumMemberName("NHWC")]
    Nhwc,
}
