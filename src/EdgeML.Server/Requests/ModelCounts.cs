using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Wire;
using EdgeML.Server.Status;

namespace EdgeML.Server.Requests;

/// <summary>Totals of one model, read by metrics and pages. Counting allocates nothing and runs no listener's code. Any thread.</summary>
/// <param name="manifest">Of the model.</param>
/// <param name="name">The name that the server knows it by.</param>
sealed class ModelCounts(ModelManifest manifest, string name)
{
    /// <summary>Digits of the hash that tell versions apart.</summary>
    const int VersionDigits = 12;

    readonly long[] _answers = new long[manifest.Exits.Count];
    long _received;
    long _sent;

    /// <summary>The model's label in metrics.</summary>
    public KeyValuePair<string, object?> NameTag { get; } = new("model", name);

    /// <summary>Its version's label.</summary>
    public KeyValuePair<string, object?> VersionTag { get; } = new("version", VersionOf(manifest));

    public RefusalCounts Refusals { get; } = new();

    public long Received => Interlocked.Read(ref _received);

    public long Sent => Interlocked.Read(ref _sent);

    public int Exits => _answers.Length;

    /// <summary>The first digits of the hash; of one that has an unusual form, all of it.</summary>
    public static string VersionOf(ModelManifest manifest)
    {
        string digits = manifest.Hash[(manifest.Hash.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return digits.Length > VersionDigits ? digits[..VersionDigits] : digits;
    }

    /// <summary>Answers of an exit, from 1.</summary>
    public long Answers(int exit) => Interlocked.Read(ref _answers[exit - 1]);

    /// <summary>A request's payload is about to be received.</summary>
    public void Receive(int bytes) => Interlocked.Add(ref _received, bytes);

    /// <summary>A request was answered.</summary>
    public void Answer(int exit, int bytes)
    {
        Interlocked.Increment(ref _answers[Math.Clamp(exit, 1, _answers.Length) - 1]);
        Interlocked.Add(ref _sent, bytes);
    }

    /// <summary>A request was answered with an error.</summary>
    public void Refuse(ErrorCode code) => Refusals.Add(RefusalReasons.Of(code));

    public ModelStatus Status() => new()
    {
        Name = name,
        Version = (string)VersionTag.Value!,
        Answers = [.. Enumerable.Range(1, _answers.Length).Select(Answers)],
        Refused = Refusals.ToDictionary(),
        BytesReceived = Received,
        BytesSent = Sent,
    };
}
