using System.Text.Json.Serialization;

namespace EdgeML.Native.Models.Manifest;

/// <summary>Order of the colours in the input tensor. A network with 2 or 4 channels has alpha, not premultiplied, as its last one.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PixelChannels>))]
public enum PixelChannels
{
    /// <summary>Red, green, blue.</summary>
    [JsonStringEnumMemberName("RGB")]
    Rgb,

    /// <summary>Blue, green, red.</summary>
    [JsonStringEnumMemberName("BGR")]
    Bgr,

    /// <summary>Luma, (299 red + 587 green + 114 blue) / 1000, in every colour channel.</summary>
    [JsonStringEnumMemberName("GRAY")]
    Gray,
}
