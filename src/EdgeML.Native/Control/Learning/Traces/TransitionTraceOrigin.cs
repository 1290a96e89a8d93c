using EdgeML.Native.Control.Costs;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Learning.Traces;

/// <summary>The origin of a trace: the meaning of its numbers, and properties of the device.</summary>
sealed record TransitionTraceOrigin
{
    /// <summary>Hash of the model.</summary>
    public required string Model { get; init; }

    public required int StateSize { get; init; }

    public required int ActionSize { get; init; }

    /// <summary>Candidate cuts an action chooses from.</summary>
    public required int Cuts { get; init; }

    /// <summary>Milliseconds the whole network takes on the device.</summary>
    public required double LocalMs { get; init; }

    /// <summary>Joules of that.</summary>
    public required double LocalJ { get; init; }

    /// <summary>The bounds last recorded under.</summary>
    public Requirements Bounds { get; set; }

    public string Shape => $"{StateSize} state and {ActionSize} action numbers over {Cuts} cuts";

    public static TransitionTraceOrigin Of(CostModel model, int stateSize, int actionSize) => new()
    {
        Model = model.Manifest.Hash,
        StateSize = stateSize,
        ActionSize = actionSize,
        Cuts = model.Candidates.Length,
        LocalMs = model.LocalMs,
        LocalJ = model.Power.Joules(model.LocalMs, model.LocalMs, 0),
    };
}
