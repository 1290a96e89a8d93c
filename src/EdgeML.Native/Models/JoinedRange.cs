using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Models;

/// <summary>One range on its way into a joined model.</summary>
/// <param name="Range">The range as the package has it.</param>
/// <param name="Model">Its graph: the range's own, or what the inference library made of it for this processor.</param>
/// <param name="Exit">The exit behind it, 0 for none.</param>
sealed record JoinedRange(RangeModel Range, ModelProto Model, int Exit);
