using System.Globalization;

namespace EdgeML.Simulation.Replay;

/// <summary>A strict reader of small CSV files: a header, then rows of as many plain fields. Every error is one line naming file and
/// line.</summary>
sealed class CsvRows
{
    readonly TextReader _reader;
    readonly string _what;
    string[] _fields = [];
    int _line = 1;

    /// <param name="reader">The text.</param>
    /// <param name="what">Kind and name of the file for errors, for instance <c>profile vgg16.csv</c>.</param>
    public CsvRows(TextReader reader, string what)
    {
        (_reader, _what) = (reader, what);
        Header = (reader.ReadLine() ?? throw new InvalidDataException($"{what} is empty")).Trim().Split(',');
        for (int i = 0; i < Header.Length; i++)
        {
            if (Array.IndexOf(Header, Header[i]) != i) throw new InvalidDataException($"{what} has two columns '{Header[i]}'");
        }
    }

    public string[] Header { get; }

    /// <summary>File and line of the row last read.</summary>
    public string Where => $"{_what} line {_line}";

    public string this[int column] => _fields[column];

    /// <summary>Index of a column that must be there.</summary>
    public int Column(string name)
    {
        int column = Array.IndexOf(Header, name);
        return column >= 0 ? column : throw new InvalidDataException($"{_what} has no column {name}, only {string.Join(',', Header)}");
    }

    /// <summary>Moves to the next row; false at the end. An empty line is only allowed as the last one.</summary>
    public bool Read()
    {
        if (_reader.ReadLine() is not { } line) return false;
        _line++;
        if (line.Length == 0 && _reader.Peek() < 0) return false;
        _fields = line.TrimEnd('\r').Split(',');
        return _fields.Length == Header.Length
            ? true
            : throw new InvalidDataException($"{Where} has {_fields.Length} fields, the header has {Header.Length}");
    }

    /// <summary>A finite number in a range.</summary>
    public double Number(int column, double least, double most)
    {
        if (!double.TryParse(_fields[column], NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            throw new InvalidDataException($"{Where} says '{_fields[column].Trim()}' in column {Header[column]}, not a number");
        if (!(value >= least && value <= most))
            throw new InvalidDataException(
                FormattableString.Invariant($"{Where} says {value} in column {Header[column]}, not within {least}..{most}"));
        return value;
    }

    /// <summary>A whole number in a range.</summary>
    public int Whole(int column, int least, int most)
    {
        if (!int.TryParse(_fields[column], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value))
            throw new InvalidDataException($"{Where} says '{_fields[column].Trim()}' in column {Header[column]}, not a whole number");
        if (value < least || value > most)
            throw new InvalidDataException($"{Where} says {value} in column {Header[column]}, not within {least}..{most}");
        return value;
    }
}
