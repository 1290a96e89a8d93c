using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EdgeML.Cli.Running;

/// <summary>Writes answers to a stream as they come, one line each. Not thread-safe.</summary>
/// <param name="stream">Stays the caller's.</param>
/// <param name="format">CSV or JSON lines.</param>
/// <param name="names">Of the classes; empty where they have none.</param>
/// <param name="top">How many of the most probable classes are written; 0 for the answer alone.</param>
/// <param name="live">Whether every line is passed on at once.</param>
sealed class AnswerWriter(Stream stream, AnswerFormat format, IReadOnlyList<string> names, int top, bool live)
    : IDisposable
{
    const int FlushAt = 1 << 15;

    static readonly SearchValues<char> s_quoted = SearchValues.Create(",\"\r\n");

    readonly ArrayBufferWriter<byte> _line = new(1 << 16);
    readonly Utf8JsonWriter _json = new(Stream.Null, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Begins the output.</summary>
    /// <exception cref="IOException">The stream takes nothing.</exception>
    public void Begin()
    {
        if (format != AnswerFormat.Csv) return;
        Raw("input,class,name,confidence,exit,where,latency_ms");
        for (int k = 1; k <= top; k++) Raw(string.Create(CultureInfo.InvariantCulture, $",class_{k},name_{k},confidence_{k}"));
        Raw("\n");
        if (live) Flush();
    }

    /// <summary>Writes one answer.</summary>
    /// <exception cref="IOException">The stream takes nothing.</exception>
    public void Write(in Answer answer)
    {
        if (format == AnswerFormat.Csv) WriteCsv(answer);
        else WriteJson(answer);
        if (live || _line.WrittenCount >= FlushAt) Flush();
    }

    /// <summary>Flushes the rest.</summary>
    /// <exception cref="IOException">The stream takes nothing.</exception>
    public void Flush()
    {
        stream.Write(_line.WrittenSpan);
        stream.Flush();
        _line.ResetWrittenCount();
    }

    public void Dispose() => _json.Dispose();

    string? NameOf(int label) => label >= 0 && label < names.Count ? names[label] : null;

    void WriteCsv(in Answer answer)
    {
        Cell(answer.Input);
        Raw(",");
        if (answer.Class >= 0) Number(answer.Class);
        Raw(",");
        Cell(NameOf(answer.Class) ?? "");
        Raw(",");
        Number(answer.Confidence, 6);
        Raw(",");
        Number(answer.Exit);
        Raw(",");
        Raw(answer.Where);
        Raw(",");
        Number(answer.LatencyMs, 3);
        foreach (RankedClass ranked in answer.Top)
        {
            Raw(",");
            Number(ranked.Class);
            Raw(",");
            Cell(NameOf(ranked.Class) ?? "");
            Raw(",");
            Number(ranked.Probability, 6);
        }
        Raw("\n");
    }

    void WriteJson(in Answer answer)
    {
        _json.Reset(_line);
        _json.WriteStartObject();
        _json.WriteString("input", answer.Input);
        WriteClass(answer.Class, answer.Confidence);
        _json.WriteNumber("exit", answer.Exit);
        _json.WriteString("where", answer.Where);
        _json.WriteNumber("latencyMs", Math.Round(answer.LatencyMs, 3));
        if (top > 0)
        {
            _json.WriteStartArray("top");
            foreach (RankedClass ranked in answer.Top)
            {
                _json.WriteStartObject();
                WriteClass(ranked.Class, ranked.Probability);
                _json.WriteEndObject();
            }
            _json.WriteEndArray();
        }
        _json.WriteEndObject();
        _json.Flush();
        Raw("\n");
    }

    void WriteClass(int label, float probability)
    {
        if (label >= 0) _json.WriteNumber("class", label);
        else _json.WriteNull("class");
        _json.WriteString("name", NameOf(label));
        if (float.IsFinite(probability)) _json.WriteNumber("confidence", Math.Round((double)probability, 6));
        else _json.WriteNull("confidence");
    }

    void Cell(string text)
    {
        bool quoted = text.AsSpan().ContainsAny(s_quoted) || (text.Length > 0 && (char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1])));
        if (!quoted) Raw(text);
        else Raw($"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
    }

    void Number(int value)
    {
        Utf8Formatter.TryFormat(value, _line.GetSpan(16), out int written);
        _line.Advance(written);
    }

    /// <summary>Empty where it is not finite.</summary>
    void Number(double value, int decimals)
    {
        if (!double.IsFinite(value)) return;
        Utf8Formatter.TryFormat(value, _line.GetSpan(64), out int written, new StandardFormat('F', (byte)decimals));
        _line.Advance(written);
    }

    void Raw(ReadOnlySpan<char> text)
    {
        Span<byte> room = _line.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        _line.Advance(Encoding.UTF8.GetBytes(text, room));
    }
}

/// <summary>How answers are written.</summary>
enum AnswerFormat
{
    /// <summary>Comma-separated values with a head line; cells are quoted where they must be (RFC 4180).</summary>
    Csv,

    /// <summary>One JSON object per line.</summary>
    JsonLines,
}
