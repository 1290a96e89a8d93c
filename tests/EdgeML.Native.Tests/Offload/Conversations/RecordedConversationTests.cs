using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Tests.Offload.Server;
using EdgeML.Native.Tests.Offload.Transport;
using EdgeML.Native.Tests.Offload.Wire;

namespace EdgeML.Native.Tests.Offload.Conversations;

/// <summary>Conversations that an earlier build had are still understood and still said, byte by byte.</summary>
public class RecordedConversationTests
{
    const string Conversations = "conversations.txt", Extremes = "extreme-frames.txt";
    const string RecordTo = "EDGEML_RECORD_CONVERSATIONS";
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    static IEnumerable<RecordedFrame> All =>
        Conversation.Read(Conversations).Concat(Conversation.Read(Extremes)).SelectMany(each => each.Frames);

    [Fact]
    public void Frames_Recorded_AreReadToTheSameValues()
    {
        Assert.True(All.Count() > 100);
        foreach (RecordedFrame frame in All) Assert.Equal(frame.Values, FrameValues.Of(frame.Bytes));
    }

    [Fact]
    public void Frames_Recorded_AreWrittenAsTheSameBytes()
    {
        foreach (RecordedFrame frame in All.Where(frame => frame.Values != "refused"))
            Assert.Equal(Convert.ToHexStringLower(frame.Bytes), Convert.ToHexStringLower(FrameValues.Rewritten(frame.Bytes)));
    }

    [Fact]
    public void Frames_WithExtremeValues_AreWrittenAsTheSameBytes()
    {
        IEnumerable<RecordedFrame> recorded = Conversation.Read(Extremes).Single().Frames;
        Assert.Equal(
            recorded.Select(frame => Convert.ToHexStringLower(frame.Bytes)), ExtremeFrames.Made().Select(Convert.ToHexStringLower));
    }

    /// <summary>With <c>EDGEML_RECORD_CONVERSATIONS</c> set to a folder, writes the files there.</summary>
    [Fact]
    public void Conversations_HadNow_DifferInTimesAndTextsOnly()
    {
        Conversation[] now = [.. ConversationRecorder.Record()];
        if (Environment.GetEnvironmentVariable(RecordTo) is { } folder) Write(folder, now);
        IReadOnlyList<Conversation> recorded = Conversation.Read(Conversations);
        Assert.Equal(recorded.SelectMany(InAnyOrder), now.SelectMany(InAnyOrder));

        // A tail of today refuses what cannot be in time before it computes anything else.
        static IEnumerable<string> InAnyOrder(Conversation conversation) =>
            conversation.Name == "late" ? Comparable(conversation).Order(StringComparer.Ordinal) : Comparable(conversation);
    }

    /// <summary>The recorded tail speaks when the client has said all that it was answering.</summary>
    [Fact]
    public void Client_WithTheRecordedTail_SaysTheSame()
    {
        IReadOnlyList<RecordedFrame> frames = Conversation.Read(Conversations)[0].Frames;
        using var tail = new RecordedTail(frames);
        using TailClient client = ConversationRecorder.Client(tail);
        Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
        foreach (ConversationRecorder.Task task in ConversationRecorder.Task.All) task.Ask(client);
        // Tails of then skip the key that the hello has now.
        Assert.Equal(
            frames.Where(frame => frame.FromClient).Select(frame => FrameValues.Comparable(frame.Bytes)), tail.Said.Select(FrameValues.Comparable));
    }

    /// <summary>Conversations in which one frame is answered before the next is sent.</summary>
    [Fact]
    public void Tail_WithTheRecordedClient_SaysTheSame()
    {
        string[] concurrent = ["busy", "late", "failed", "another model", "one client too many", "the tail leaves"];
        foreach (Conversation conversation in Conversation.Read(Conversations).Where(each => !concurrent.Contains(each.Name)))
        {
            (MemoryTransport mine, MemoryTransport theirs) = MemoryTransport.Pair();
            using var tail = new DetachedTail(ConversationRecorder.Tail());
            using var connection = tail.Connect(theirs);
            var server = new Thread(() => DetachedTail.Run(connection));
            server.Start();
            var transport = new RecordingTransport(mine);
            byte[] received = new byte[4096];
            foreach (RecordedFrame frame in conversation.Frames)
            {
                if (frame.FromClient) Assert.Equal(frame.Bytes.Length, transport.Send(frame.Bytes));
                else Assert.True(transport.Receive(received, (int)s_patience.TotalMilliseconds) > 0);
            }
            transport.EndSend();
            server.Join();
            Assert.Equal(Comparable(conversation), Comparable(new Conversation(conversation.Name, transport.Frames)));
        }
    }

    static IEnumerable<string> Comparable(Conversation conversation) => conversation.Frames.Select(
        frame => $"{conversation.Name} {(frame.FromClient ? '>' : '<')} {Convert.ToHexStringLower(FrameValues.Comparable(frame.Bytes))}");

    static void Write(string folder, Conversation[] conversations)
    {
        const string how = "\nLines: > or < (from the client or from the tail), the header's values and the payload's length; then the frame's bytes."
            + "\nWritten by RecordedConversationTests with " + RecordTo + "=<this folder>, before the headers went through"
            + "\nthe MessagePack library. Record again only where the protocol itself changes: older peers send and expect these bytes.";
        const string talk = "What TailClient and a tail server say to each other over memory (ConversationRecorder)." + how;
        const string extremes = "Headers with extreme values (ExtremeFrames); 'refused' where the reader does not take them." + how;
        RecordedFrame[] frames = [.. ExtremeFrames.Made().Select(frame => new RecordedFrame(true, FrameValues.Of(frame), frame))];
        Conversation.Write(Path.Combine(folder, Conversations), talk, conversations);
        Conversation.Write(Path.Combine(folder, Extremes), extremes, [new Conversation("extremes", frames)]);
    }

    /// <summary>Gives a client the tail's recorded frames, each when the client has said what came before it.</summary>
    sealed class RecordedTail(IReadOnlyList<RecordedFrame> frames) : ITransport
    {
        readonly List<byte> _left = [];
        int _next;
        bool _aborted;

        public List<byte[]> Said { get; } = [];

        public int Receive(Span<byte> destination, int timeoutMs)
        {
            lock (_left)
            {
                while (_left.Count == 0 && !_aborted)
                {
                    if (!Monitor.Wait(_left, timeoutMs)) return -1;
                }
                if (_aborted) throw new IOException("aborted");
                int count = Math.Min(destination.Length, _left.Count);
                _left[..count].CopyTo(destination);
                _left.RemoveRange(0, count);
                return count;
            }
        }

        public int Send(ReadOnlySpan<byte> source)
        {
            lock (_left)
            {
                Said.Add(source.ToArray());
                _next++;
                for (; _next < frames.Count && !frames[_next].FromClient; _next++) _left.AddRange(frames[_next].Bytes);
                Monitor.PulseAll(_left);
                return source.Length;
            }
        }

        public bool WaitWritable(int timeoutMs) => true;

        public void EndReceive()
        {
        }

        public void EndSend()
        {
        }

        public void Abort()
        {
            lock (_left)
            {
                _aborted = true;
                Monitor.PulseAll(_left);
            }
        }

        public void Dispose() => Abort();
    }
}
