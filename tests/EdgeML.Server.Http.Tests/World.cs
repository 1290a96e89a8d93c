using System.Net;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server.Configuration;
using EdgeML.Server.Tests.Connections;

namespace EdgeML.Server.Http.Tests;

/// <summary>A tail with a status server that watches it.</summary>
sealed class World : IAsyncDisposable
{
    readonly List<Peer> _clients = [];

    World(TailServer tail, StatusServer status)
    {
        (Tail, Status) = (tail, status);
        Http = new HttpClient { BaseAddress = new Uri($"http://{status.EndPoint}") };
    }

    public TailServer Tail { get; }

    public StatusServer Status { get; }

    public HttpClient Http { get; }

    public static async Task<World> StartAsync(FakeTail? model = null, TailServerOptions? options = null)
    {
        StatusServer status = await StatusServer.StartAsync(new StatusServerOptions());
        var tail = new TailServer(model ?? new FakeTail(), options ?? new TailServerOptions());
        status.Watch(tail);
        return new World(tail, status);
    }

    public Peer Connect()
    {
        _clients.Add(new Peer(Tail.EndPoint).SayHello());
        return _clients[^1];
    }

    public async Task<(HttpStatusCode Code, string Text)> GetAsync(string path)
    {
        using HttpResponseMessage response = await Http.GetAsync(new Uri(path, UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        Http.Dispose();
        await Tail.DisposeAsync();
        await Status.DisposeAsync();
    }
}
