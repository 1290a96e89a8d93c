using EdgeML.Native.Offload.Server;
using EdgeML.Server.Configuration;
using EdgeML.Server.Connections;
using EdgeML.Server.Requests;

namespace EdgeML.Server;

/// <content>Models that come and go while the server runs.</content>
public sealed partial class TailServer
{
    /// <summary>The models that clients get now.</summary>
    public IReadOnlyList<ITailExecutor> Models => [.. _services.Models.All.Select(model => model.Executor)];

    /// <summary>Serves a further model, or a further version of one: clients get the one they hold themselves. Where the options say so, it
    /// computes once before the first client gets it.</summary>
    /// <param name="executor">The model; not disposed by the server, its slots are.</param>
    /// <param name="name">For rules of identities and for metrics; versions of one model share it. Null for the name in its manifest.</param>
    /// <exception cref="ArgumentException">The same model is served already.</exception>
    public void Add(ITailExecutor executor, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(executor);
        Put(null, executor, name);
    }

    /// <summary>Serves one model instead of another, of the same identity or not: from one moment to the next clients get the new one, and
    /// those of the old one are asked to leave.</summary>
    /// <param name="old">Served so far.</param>
    /// <param name="executor">The model; not disposed by the server, its slots are.</param>
    /// <param name="name">As for <see cref="Add"/>.</param>
    /// <returns>Completes when the old one is not used any more, its requests are answered and its slots are disposed. Clients that have not
    /// left within the drain limit are cut.</returns>
    /// <exception cref="ArgumentException">The old one is not served, or the new one already.</exception>
    public Task ReplaceAsync(ITailExecutor old, ITailExecutor executor, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(executor);
        ServedModel removed = Find(old);
        Put(removed, executor, name);
        return RetireAsync(removed);
    }

    /// <summary>Serves a model no longer: no further client gets it, and those that have it are asked to leave.</summary>
    /// <param name="executor">The model.</param>
    /// <returns>As of <see cref="ReplaceAsync"/>.</returns>
    /// <exception cref="ArgumentException">It is not served.</exception>
    public Task RemoveAsync(ITailExecutor executor)
    {
        ServedModel removed = Find(executor);
        _services.Models.Swap(removed, null);
        return RetireAsync(removed);
    }

    /// <summary>Changes the rights of identities, also of clients that are connected: those that have lost theirs are refused.</summary>
    /// <param name="identities">By name, as in <see cref="TailServerOptions.Identities"/>.</param>
    /// <exception cref="ArgumentException">A rule with a value that it cannot have.</exception>
    public void SetIdentities(IReadOnlyDictionary<string, IdentityRule>? identities)
    {
        foreach (IdentityRule rule in identities?.Values ?? []) rule.Check();
        _services.Access.Set(identities);
        ForEach(connection => connection.CheckRights());
    }

    ServedModel Find(ITailExecutor executor)
    {
        ArgumentNullException.ThrowIfNull(executor);
        return _services.Models.All.FirstOrDefault(model => model.Executor == executor)
            ?? throw new ArgumentException($"model {executor.Manifest.Name} ({executor.Manifest.Identity}) is not served", nameof(executor));
    }

    void Put(ServedModel? removed, ITailExecutor executor, string? name)
    {
        var model = new ServedModel(executor, _services.Staging, name);
        try
        {
            if (_options.WarmUp) model.WarmUp();
            _services.Models.Swap(removed, model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    async Task RetireAsync(ServedModel model)
    {
        Task unused = model.LeaveAsync();
        ForEach(connection =>
        {
            if (connection.Served == model) connection.AskToLeave(ClientConnection.ModelLeaves);
        });
        if (await Task.WhenAny(unused, Task.Delay(_options.DrainLimit)).ConfigureAwait(false) != unused)
            ForEach(connection =>
            {
                if (connection.Served == model) connection.Abort();
            });
        await unused.ConfigureAwait(false);
        model.Dispose();
    }
}
