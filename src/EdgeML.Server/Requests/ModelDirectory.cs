using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Requests;

/// <summary>The models of a server by identity. Any thread.</summary>
sealed class ModelDirectory : IDisposable
{
    readonly Lock _gate = new();
    volatile ServedModel[] _models = [];

    /// <summary>Counts of every model.</summary>
    public IEnumerable<ModelCounts> Counts => _models.Select(model => model.Counts);

    /// <exception cref="ArgumentException">A model of that identity is served already.</exception>
    public void Add(ServedModel model)
    {
        lock (_gate)
        {
            if (Array.Exists(_models, other => other.Manifest.Identity == model.Manifest.Identity))
                throw new ArgumentException($"model {model.Manifest.Name} ({model.Manifest.Identity}) is served already");
            _models = [.. _models, model];
        }
    }

    /// <summary>The model that a client asks for.</summary>
    /// <returns>Model and no refusal; or the refusal, with the model where only its use is refused.</returns>
    public (ServedModel? Model, string? Refusal) Find(in HelloHeader hello)
    {
        ServedModel[] models = _models;
        string wanted = hello.ModelHash, digest = hello.Cuts;
        if (Array.Find(models, each => each.Manifest.Identity == wanted) is not { } model) return (null, Unknown(models, wanted));
        if (digest.Length > 0 && digest != model.Manifest.CutsDigest)
            return (null, $"client and tail cut model {model.Manifest.Identity} at different tensors; prepare it alike for both");
        if ((hello.Encodings & HelloHeader.EveryEncoding) == 0)
            return (model, $"client writes encodings 0x{hello.Encodings:x}, the tail reads 0x{HelloHeader.EveryEncoding:x}");
        return (model, null);
    }

    public void Dispose()
    {
        foreach (ServedModel model in _models) model.Dispose();
    }

    static string Unknown(ServedModel[] models, string wanted)
    {
        string file = wanted.Split('+')[0];
        if (Array.Find(models, each => each.Manifest.Hash == file) is { } sameFile)
            return $"client and tail turn pictures into the input of model {sameFile.Manifest.Hash} differently; prepare it alike for both";
        string held = models.Length == 0 ? "none" : string.Join(", ", models.Select(each => each.Manifest.Identity));
        return $"{ErrorHeader.OtherModel} {Printable.Text(wanted)}, the tail holds {held}";
    }
}
