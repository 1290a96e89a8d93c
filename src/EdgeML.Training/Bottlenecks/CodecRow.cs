namespace EdgeML.Training.Bottlenecks;

/// <summary>Bytes and accuracy of one encoding of the tensor at one cut.</summary>
/// <param name="Cut">Units before it.</param>
/// <param name="Codec">How it is sent.</param>
/// <param name="Bytes">Of the payload.</param>
/// <param name="Accuracy">Share of right answers of the final exit; NaN without labels.</param>
/// <param name="Lost">Points of accuracy below the network's without a codec, in 0..1; may be negative. NaN without labels.</param>
/// <param name="Differs">Share of answers that differ from the network's without a codec.</param>
public sealed record CodecRow(int Cut, string Codec, long Bytes, double Accuracy, double Lost, double Differs);
