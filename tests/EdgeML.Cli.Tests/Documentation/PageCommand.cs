using System.Text;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>A command line of a page.</summary>
/// <param name="Page">Path below the repository's root.</param>
/// <param name="Line">From 1.</param>
/// <param name="Words">As a shell would split them, without redirections, variables before the command and <c>sudo</c>. Brackets around
/// parts that may be left out are gone.</param>
sealed record PageCommand(string Page, int Line, IReadOnlyList<string> Words)
{
    public string Name => Words[0];

    public override string ToString() => $"{Page}:{Line}: {string.Join(' ', Words)}";

    /// <summary>Every command of a block, those of a pipe apart.</summary>
    public static IEnumerable<PageCommand> Of(CodeBlock block)
    {
        for (int i = 0; i < block.Lines.Count; i++)
        {
            int line = block.Line + i;
            string text = block.Lines[i];
            while (text.EndsWith('\\') && i + 1 < block.Lines.Count) text = text[..^1] + block.Lines[++i];
            foreach (List<string> words in Split(text))
                if (words.Count > 0) yield return new PageCommand(block.Page, line, words);
        }
    }

    static IEnumerable<List<string>> Split(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        bool started = false, redirected = false;
        char quote = '\0';
        for (int i = 0; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : '\n';
            if (quote != '\0')
            {
                if (c == quote) quote = '\0';
                else word.Append(c);
            }
            else if (c is '\'' or '"')
            {
                (quote, started) = (c, true);
            }
            else if (c == '\\' && i + 1 < text.Length)
            {
                word.Append(text[++i]);
                started = true;
            }
            else if (c is ' ' or '\n' or '|' or ';' or '&' or '>' or '#')
            {
                if (c == '#' && started)
                {
                    word.Append(c);
                    continue;
                }
                if (started) Add();
                if (c == '>') redirected = true;
                if (c is '|' or ';' or '&' or '\n' or '#')
                {
                    yield return words;
                    words = [];
                }
                if (c == '#') yield break;
            }
            else if (c is not ('[' or ']'))
            {
                word.Append(c);
                started = true;
            }
        }

        void Add()
        {
            string whole = word.ToString();
            bool isVariable = words.Count == 0 && whole.IndexOf('=') is > 0 and int end && whole[..end].All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
            if (!redirected && !isVariable && !(words.Count == 0 && whole == "sudo")) words.Add(whole);
            word.Clear();
            started = redirected = false;
        }
    }
}
