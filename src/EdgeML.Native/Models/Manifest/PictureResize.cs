using System.Text.Json.Serialization;

namespace EdgeML.Native.Models.Manifest;

/// <summary>How a picture of another size becomes one of the input's. Pixels are interpolated linearly, over the covered area where the
/// picture shrinks; Pillow's <c>BILINEAR</c> gives the same values.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PictureResize>))]
public enum PictureResize
{
    /// <summary>The largest centred part that has the input's proportions, as Pillow's <c>ImageOps.fit</c>.</summary>
    [JsonStringEnumMemberName("crop")]
    Crop,

    /// <summary>The whole picture, its proportions changed, as Pillow's <c>Image.resize</c>.</summary>
    [JsonStringEnumMemberName("stretch")]
    Stretch,

    /// <summary>The whole picture with its proportions, centred between black borders (transparent where the network takes alpha), as Pillow's <c>ImageOps.pad</c>.</summary>
    [JsonStringEnumMemberName("letterbox")]
    Letterbox,
}
