using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace EdgeML.Native.Models.Manifest;

/// <summary>Reads a flat list or dictionary of strings and whole numbers as Python writes it, which is how exporters store class
/// names.</summary>
ref struct PythonLiteral
{
    readonly ReadOnlySpan<char> _text;
    int _at;

    PythonLiteral(ReadOnlySpan<char> text) => _text = text;

    /// <param name="text">Of a list, tuple or dictionary.</param>
    /// <param name="entries">Keys are null in a list.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out List<(string? Key, string Value)>? entries)
    {
        var reader = new PythonLiteral(text);
        entries = reader.Entries();
        return entries is not null;
    }

    List<(string? Key, string Value)>? Entries()
    {
        char open = Next();
        char close = open switch { '[' => ']', '{' => '}', '(' => ')', _ => '\0' };
        if (close == '\0') return null;
        var entries = new List<(string? Key, string Value)>();
        _at++;
        while (Next() != close)
        {
            if (Atom() is not { } first) return null;
            if (close != '}') entries.Add((null, first));
            else
            {
                if (Next() != ':') return null;
                _at++;
                if (Atom() is not { } value) return null;
                entries.Add((first, value));
            }
            char after = Next();
            if (after == ',') _at++;
            else if (after != close) return null;
        }
        _at++;
        return Next() == '\0' ? entries : null;
    }

    /// <summary>The next character that is no space, or 0 at the end.</summary>
    char Next()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at])) _at++;
        return _at < _text.Length ? _text[_at] : '\0';
    }

    string? Atom()
    {
        char first = Next();
        if (first is 'u' or 'b' && _at + 1 < _text.Length && _text[_at + 1] is '\'' or '"') first = _text[++_at];
        if (first is '\'' or '"') return Quoted(first);
        int start = _at;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at])) _at++;
        return _at > start ? _text[start.._at].ToString() : null;
    }

    /// <summary>Whether every character has both its halves.</summary>
    static bool IsWhole(StringBuilder text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }
        return true;
    }

    string? Quoted(char quote)
    {
        var text = new StringBuilder();
        for (_at++; _at < _text.Length; _at++)
        {
            char c = _text[_at];
            if (c == quote)
            {
                _at++;
                return IsWhole(text) ? text.ToString() : null;
            }
            if (c == '\\')
            {
                if (++_at >= _text.Length) return null;
                c = _text[_at];
                int digits = c switch { 'x' => 2, 'u' => 4, _ => 0 };
                if (digits > 0)
                {
                    if (_at + digits >= _text.Length || !ushort.TryParse(_text.Slice(_at + 1, digits),
                        System.Globalization.NumberStyles.AllowHexSpecifier, null, out ushort code)) return null;
                    _at += digits;
                    c = (char)code;
                }
                else c = c switch { 'n' => '\n', 't' => '\t', 'r' => '\r', _ => c };
            }
            text.Append(c);
        }
        return null;
    }
}
