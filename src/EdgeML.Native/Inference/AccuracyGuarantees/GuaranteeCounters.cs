namespace EdgeML.Native.Inference.AccuracyGuarantees;

/// <summary>Counts of a session's guarantee checks.</summary>
/// <param name="Checked">Sampled tasks of which the whole network's answer is known.</param>
/// <param name="Differing">Of them, those that an exit had answered otherwise.</param>
/// <param name="Skipped">Sampled tasks that came while another one was being checked.</param>
/// <param name="Tightened">Times the limits were tightened.</param>
/// <param name="Evidence">Against the guarantee, since it was last tightened; 1 for none, 20 is doubted by one in twenty.</param>
public readonly record struct GuaranteeCounters(long Checked, long Differing, long Skipped, int Tightened, double Evidence);
