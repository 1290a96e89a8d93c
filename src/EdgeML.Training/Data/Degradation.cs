namespace EdgeML.Training.Data;

/// <summary>The effect of one number in 0..1 on a picture: contrast, light, noise, blur and occlusion get worse together.</summary>
/// <param name="Contrast">Distance of shape and background per channel before darkening, 0..1.</param>
/// <param name="Brightness">Factor of the picture.</param>
/// <param name="Noise">Standard deviation of the sensor noise, 0..1, after darkening.</param>
/// <param name="BlurPasses">Passes of a (1 2 1) kernel at 96 pixels per side.</param>
/// <param name="Texture">Amplitude of the background's pattern.</param>
/// <param name="Occluders">Pieces laid over the shape, the fraction is drawn.</param>
/// <param name="OccluderSize">Half width of such a piece against the shape's radius.</param>
readonly record struct Degradation(
    float Contrast, float Brightness, float Noise, float BlurPasses, float Texture, float Occluders, float OccluderSize)
{
    /// <summary>The degradation of a difficulty; values outside 0..1 are clamped.</summary>
    public static Degradation Of(float difficulty)
    {
        float d = Math.Clamp(difficulty, 0f, 1f);
        return new(
            Contrast: 0.60f - (0.35f * d),
            Brightness: 1.0f - (0.68f * d),
            Noise: 0.010f + (0.035f * d),
            BlurPasses: 5f * d,
            Texture: 0.06f + (0.08f * d),
            Occluders: 2.5f * d,
            OccluderSize: 0.14f + (0.10f * d));
    }
}
