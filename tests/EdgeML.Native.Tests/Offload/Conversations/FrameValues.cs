using System.Buffers;
using System.Globalization;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Wire;

namespace EdgeML.Native.Tests.Offload.Conversations;

/// <summary>The values of a frame's header as the reader of this build finds them, and the frame that its writer makes of them.</summary>
static class FrameValues
{
    static readonly ProtocolLimits s_limits = new();

    /// <summary>The kind, every value of the header, and the payload's length, in one line.</summary>
    public static string Of(byte[] frame)
    {
        try
        {
            (FramePrelude prelude, byte[] header, _) = Split(frame);
            string values = prelude.Kind switch
            {
                FrameKind.Hello => Text(HelloHeader.Read(header)),
                FrameKind.HelloAck => Text(HelloAckHeader.Read(header)),
                FrameKind.Request => Text(RequestHeader.Read(header)),
                FrameKind.Reply => Text(ReplyHeader.Read(header)),
                FrameKind.Error => Text(ErrorHeader.Read(header)),
                FrameKind.GoAway => $"text '{GoAwayHeader.Read(header).Text}'",
                _ => Text(PingHeader.Read(header)),
            };
            return $"{prelude.Kind}: {values}; payload {prelude.PayloadBytes}";
        }
        catch (Exception e) when (e is InvalidDataException or ProtocolVersionException)
        {
            return "refused";
        }
    }

    /// <summary>The same frame by the writer of this build.</summary>
    public static byte[] Rewritten(byte[] frame) => Rewritten(frame, comparable: false);

    /// <summary>The same frame without measured times, without texts for people, and without the later frames that a client understands: all
    /// else is alike whenever the same is said.</summary>
    public static byte[] Comparable(byte[] frame) => Of(frame) == "refused" ? frame : Rewritten(frame, comparable: true);

    static byte[] Rewritten(byte[] frame, bool comparable)
    {
        (FramePrelude prelude, byte[] header, byte[] payload) = Split(frame);
        switch (prelude.Kind)
        {
            case FrameKind.Hello:
                HelloHeader hello = HelloHeader.Read(header);
                if (comparable) hello = hello with { Understands = 0 };
                return Frames.Make(prelude.Kind, hello.Write, payload);
            case FrameKind.HelloAck: return Frames.Make(prelude.Kind, HelloAckHeader.Read(header).Write, payload);
            case FrameKind.Request: return Frames.Make(prelude.Kind, RequestHeader.Read(header).Write, payload);
            case FrameKind.Reply:
                ReplyHeader reply = ReplyHeader.Read(header);
                if (comparable) reply.Times = default;
                return Frames.Make(prelude.Kind, reply.Write, payload);
            case FrameKind.Error:
                ErrorHeader error = ErrorHeader.Read(header);
                // The client does not keep the text of a refused request.
                if (error.TaskId != 0) error.Text = HeaderReader.Read<string>(header, TextOf);
                if (comparable) (error.Times, error.Text) = (default, "");
                return Frames.Make(prelude.Kind, error.Write, payload);
            case FrameKind.GoAway:
                return Frames.Make(prelude.Kind, (comparable ? new GoAwayHeader("") : GoAwayHeader.Read(header)).Write, payload);
            default:
                PingHeader ping = PingHeader.Read(header);
                if (comparable) ping.Times = default;
                return Frames.Make(prelude.Kind, ping.Write, payload);
        }
    }

    static string TextOf(ref HeaderReader reader)
    {
        string text = "";
        while (reader.NextKey(out int key))
        {
            if (key == 2) text = reader.ReadText(int.MaxValue);
            else reader.Skip();
        }
        return text;
    }

    static (FramePrelude Prelude, byte[] Header, byte[] Payload) Split(byte[] frame)
    {
        if (!FrameParser.TryRead(new ReadOnlySequence<byte>(frame), s_limits, out FramePrelude prelude, out ReadOnlySequence<byte> header))
            throw new InvalidDataException($"{frame.Length} bytes are no whole frame");
        return (prelude, header.ToArray(), frame[(FramePrelude.Bytes + prelude.HeaderBytes)..]);
    }

    static string Text(in HelloHeader hello) =>
        $"model {hello.ModelHash}, encodings {hello.Encodings}, bottlenecks {hello.Bottlenecks}, cuts {hello.Cuts}"
        + (hello.Understands == 0 ? "" : $", understands {hello.Understands}");

    static string Text(in HelloAckHeader ack) =>
        $"in flight {ack.MaxInFlight}, payload {ack.MaxPayloadBytes}, encodings {ack.Encodings}, units {Text(ack.UnitMs)}, "
        + $"heads {Text(ack.HeadMs)}, decoders {Text(ack.DecodeMs)}";

    static string Text(in RequestHeader request) =>
        $"task {request.TaskId}, cut {request.Policy.Cut}, encoding {(int)request.Encoding}, deadline {Text(request.DeadlineMs)}, "
        + $"thresholds {Text(request.Policy.Thresholds)}, bottleneck {request.Policy.Bottleneck}";

    static string Text(in ReplyHeader reply) =>
        $"task {reply.TaskId}, exit {reply.Answer.Exit}, class {reply.Answer.Class}, entropy {Text(reply.Answer.Entropy)}, "
        + $"confidence {Text(reply.Answer.Confidence)}, {Text(reply.Times)}";

    static string Text(in ErrorHeader error) => $"code {(int)error.Code}, task {error.TaskId}, text '{error.Text}', {Text(error.Times)}";

    static string Text(in PingHeader ping) => $"sequence {ping.Sequence}, {Text(ping.Times)}";

    static string Text(in TransferTimes times) =>
        $"times {times.ComputeMicros} {times.QueueMicros} {times.SpanMicros} {times.SpanBytes} {times.InFlight} {Text(times.BusyShare)} "
        + Text(times.Slowdown);

    static string Text(ReadOnlySpan<float> values) => $"[{string.Join(' ', values.ToArray().Select(Text))}]";

    static string Text(float value) => value.ToString("R", CultureInfo.InvariantCulture);
}
