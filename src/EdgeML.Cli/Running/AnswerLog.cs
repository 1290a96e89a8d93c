using System.Globalization;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Training.Data;
using Spectre.Console;

namespace EdgeML.Cli.Running;

/// <summary>The answers of a run: the first few for a table, all of them for a file or for standard output, in input order.
/// Any thread, one call at a time.</summary>
sealed class AnswerLog : IDisposable
{
    const int Shown = 10;

    readonly ImageSource _source;
    readonly IReadOnlyList<string> _names;
    readonly Answer?[] _first;
    readonly Dictionary<int, Answer> _early = [];
    readonly PendingFile? _file;
    readonly Stream? _output;
    readonly AnswerWriter? _writer;
    int _next;

    /// <summary>Prepares the output; nothing is left of it unless <see cref="Complete"/> follows.</summary>
    /// <param name="source">Names the inputs.</param>
    /// <param name="names">Of the classes; may be empty.</param>
    /// <param name="path">A file, <c>-</c> for standard output, or null for the table alone.</param>
    /// <param name="format">Of the file.</param>
    /// <param name="top">How many of the most probable classes are written; 0 for the answer alone.</param>
    /// <param name="shows">Whether a table will be wanted.</param>
    public AnswerLog(ImageSource source, IReadOnlyList<string> names, string? path, AnswerFormat format, int top, bool shows)
    {
        (_source, _names, Top) = (source, names, top);
        _first = new Answer?[shows ? Shown : 0];
        if (path is null) return;
        if (path == StandardOutput.Name) _output = StandardOutput.Open();
        else _file = new PendingFile(path);
        _writer = new AnswerWriter(_output ?? _file!.Stream, format, names, top, live: _output is not null);
        Guarded(_writer.Begin);
    }

    /// <summary>How many of the most probable classes are wanted; logits are needed for any.</summary>
    public int Top { get; }

    /// <summary>Whether the reader of standard output has closed its end: the rest need not be computed.</summary>
    public bool ReaderIsGone { get; private set; }

    /// <summary>Takes the answer to one input.</summary>
    /// <param name="index">Of the input.</param>
    /// <param name="result">Its answer.</param>
    /// <param name="logits">Of the exit that answered; empty where none are wanted.</param>
    public void Add(int index, in TaskResult result, ReadOnlySpan<float> logits)
    {
        if (_writer is null && index >= _first.Length) return;
        var answer = new Answer(
            _source.NameOf(index), result.Class, result.Confidence, result.Exit, result.Where, result.LatencyMs,
            Top > 0 ? TopClasses.Of(logits, Top) : []);
        if (index < _first.Length) _first[index] = answer;
        if (_writer is null) return;
        if (index != _next)
        {
            _early.Add(index, answer);
            return;
        }
        do
        {
            Answer due = answer;
            Guarded(() => _writer.Write(due));
        }
        while (_early.Remove(++_next, out answer));
    }

    /// <summary>All answers are there: the file gets its name.</summary>
    public void Complete()
    {
        if (_writer is not null) Guarded(_writer.Flush);
        _file?.Commit();
    }

    /// <summary>Shows the first answers.</summary>
    public void Show(IAnsiConsole console)
    {
        if (_first.Length == 0) return;
        var table = new Table { Border = TableBorder.Rounded };
        foreach (string head in (string[])["input", "class", "confidence", "exit", "where", "ms"]) table.AddColumn(head);
        foreach (int right in (int[])[2, 3, 5]) table.Columns[right].RightAligned();
        foreach (Answer? each in _first)
        {
            if (each is not { } answer) continue;
            string name = answer.Class < 0 ? "-" : answer.Class < _names.Count ? $"{_names[answer.Class]} ({answer.Class})" : Text($"{answer.Class}");
            table.AddRow(
                Markup.Escape(answer.Input), Markup.Escape(name), answer.Class < 0 ? "-" : Text($"{100 * answer.Confidence:0.0} %"), Text($"{answer.Exit}"),
                answer.Where, Text($"{answer.LatencyMs:0.00}"));
        }
        console.Write(table);
    }

    public void Dispose()
    {
        _writer?.Dispose();
        _output?.Dispose();
        _file?.Dispose();
    }

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    void Guarded(Action write)
    {
        if (ReaderIsGone) return;
        try
        {
            write();
        }
        catch (IOException e) when (_output is not null && StandardOutput.HasLostReader(e))
        {
            ReaderIsGone = true;
        }
    }
}
