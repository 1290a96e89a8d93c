using System.Collections;

namespace EdgeML.Server;

/// <summary>A line of the server's log, whose parts a structured log shows as fields.</summary>
/// <param name="Message">The whole line for people.</param>
sealed record ServerEvent(string Message) : IReadOnlyList<KeyValuePair<string, object?>>
{
    KeyValuePair<string, object?>[]? _fields;

    /// <summary>Address of the client.</summary>
    public string? Client { get; init; }

    /// <summary>The client's proven name.</summary>
    public string? Identity { get; init; }

    /// <summary>Name of the client's model.</summary>
    public string? Model { get; init; }

    public string? Reason { get; init; }

    public long? Count { get; init; }

    int IReadOnlyCollection<KeyValuePair<string, object?>>.Count => Fields.Length;

    public KeyValuePair<string, object?> this[int index] => Fields[index];

    KeyValuePair<string, object?>[] Fields => _fields ??=
    [
        .. new KeyValuePair<string, object?>[]
        {
            new("Client", Client), new("Identity", Identity), new("Model", Model), new("Reason", Reason), new("Count", Count),
        }.Where(each => each.Value is not null),
    ];

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => ((IEnumerable<KeyValuePair<string, object?>>)Fields).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => Message;
}
