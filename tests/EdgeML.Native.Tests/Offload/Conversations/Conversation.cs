using System.Text;
using EdgeML.Native.Tests.Offload.Wire;

namespace EdgeML.Native.Tests.Offload.Conversations;

/// <summary>What a client and a tail said to each other, frame by frame.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Frames">In the order in which the client sent and received them.</param>
sealed record Conversation(string Name, IReadOnlyList<RecordedFrame> Frames)
{
    /// <summary>The conversations of a file beside this one.</summary>
    public static IReadOnlyList<Conversation> Read(string file)
    {
        var all = new List<Conversation>();
        var frames = new List<RecordedFrame>();
        using Stream stream = typeof(Conversation).Assembly.GetManifestResourceStream(file)!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith("== ", StringComparison.Ordinal)) all.Add(new Conversation(line[3..], frames = []));
            else if (line.Length > 2 && line[0] is '>' or '<')
                frames.Add(new RecordedFrame(line[0] == '>', line[2..], Convert.FromHexString(reader.ReadLine()!.Trim())));
        }
        return all;
    }

    /// <summary>Writes a file that <see cref="Read"/> reads.</summary>
    public static void Write(string path, string note, IEnumerable<Conversation> all)
    {
        var text = new StringBuilder();
        foreach (string line in note.Split('\n')) text.Append("# ").Append(line).Append('\n');
        foreach (Conversation conversation in all)
        {
            text.Append("\n== ").Append(conversation.Name).Append('\n');
            foreach (RecordedFrame frame in conversation.Frames)
                text.Append(frame.FromClient ? "> " : "< ").Append(frame.Values).Append("\n  ")
                    .Append(Convert.ToHexStringLower(frame.Bytes)).Append('\n');
        }
        File.WriteAllText(path, text.ToString());
    }
}

/// <summary>One frame of a conversation.</summary>
/// <param name="FromClient">Whether the client sent it.</param>
/// <param name="Values">What <see cref="FrameValues.Of"/> said of it when it was recorded.</param>
/// <param name="Bytes">The whole frame, or what a peer sent instead of one.</param>
sealed record RecordedFrame(bool FromClient, string Values, byte[] Bytes);
