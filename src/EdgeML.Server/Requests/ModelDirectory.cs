using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Requests;

/// <summary>The models of a server by identity. Any thread.</summary>
sealed class ModelDirectory : IDisposable
{
    readonly Lock _gate = new();
    volatile ServedModel[] _models = [];

    /// <summary>Counts of every model.</summary>
    public IEnumerable<ModelCounts> Counts => _models.Select(model => model.Counts);

    /// <summary>All of them, in the order in which they came.</summary>
    public IReadOnlyList<ServedModel> All => _models;

    /// <inheritdoc cref="Swap" path="/exception"/>
    public void Add(ServedModel model) => Swap(null, model);

    /// <summary>Takes one model away and adds another, in one step for clients.</summary>
    /// <param name="removed">Null for none.</param>
    /// <param name="added">Null for none.</param>
    /// <exception cref="ArgumentException">A model of the added one's identity is served already, or the one to remove is not.</exception>
    public void Swap(ServedModel? removed, ServedModel? added)
    {
        lock (_gate)
        {
            if (removed is not null && !_models.Contains(removed))
                throw new ArgumentException($"model {removed.Name} ({removed.Manifest.Identity}) is not served any more");
            ServedModel[] others = [.. _models.Where(each => each != removed)];
            if (added is not null && Array.Exists(others, other => other.Manifest.Identity == added.Manifest.Identity))
                throw new ArgumentException($"model {added.Name} ({added.Manifest.Identity}) is served already");
            _models = added is null ? others : [.. others, added];
        }
    }

    /// <summary>The model that a client asks for; the caller has entered it then.</summary>
    /// <returns>Model and no refusal; or the refusal, with the model, which is not entered, where only its use is refused.</returns>
    public (ServedModel? Model, string? Refusal) Find(in HelloHeader hello)
    {
        string wanted = hello.ModelHash, digest = hello.Cuts;
        while (true)
        {
            ServedModel[] models = _models;
            if (Array.Find(models, each => each.Manifest.Identity == wanted) is not { } model) return (null, Unknown(models, wanted));
            if (digest.Length > 0 && digest != model.Manifest.CutsDigest)
                return (null, $"client and tail cut model {model.Manifest.Identity} at different tensors; prepare it alike for both");
            if ((hello.Encodings & HelloHeader.EveryEncoding) == 0)
                return (model, $"client writes encodings 0x{hello.Encodings:x}, the tail reads 0x{HelloHeader.EveryEncoding:x}");
            // One that is leaving was taken from the list in this moment.
            if (model.TryEnter()) return (model, null);
        }
    }

    public void Dispose()
    {
        foreach (ServedModel model in _models) model.Dispose();
    }

    static string Unknown(ServedModel[] models, string wanted)
    {
        string file = wanted.Split(ModelManifest.PictureSeparator)[0], model = file.Split(ModelManifest.RuleSeparator)[0];
        string rule = file.Length > model.Length ? file[(model.Length + 1)..] : ExitRule.Entropy.ToString();
        if (Array.Find(models, each => each.Manifest.Hash == model && each.Manifest.ExitRule.ToString() != rule) is { } otherRule
            && !Array.Exists(models, each => each.Manifest.Hash == model && each.Manifest.ExitRule.ToString() == rule))
            return $"client decides about the exits of model {otherRule.Manifest.Hash} by {Printable.Text(rule)}, the tail by {otherRule.Manifest.ExitRule}; "
                + "prepare it with the same --exit-rule for both";
        if (Array.Find(models, each => each.Manifest.Hash == model) is { } sameFile)
            return $"client and tail turn pictures into the input of model {sameFile.Manifest.Hash} differently; prepare it alike for both";
        string held = models.Length == 0 ? "none" : string.Join(", ", models.Select(each => each.Manifest.Identity));
        return $"{ErrorHeader.OtherModel} {Printable.Text(wanted)}, the tail holds {held}";
    }
}
