using EdgeML.Fuzz.Targets;

namespace EdgeML.Fuzz;

/// <summary>The inputs that are kept: a folder per target, and the package that the targets of its files begin with.</summary>
static class Corpus
{
    /// <summary>Beside the program.</summary>
    public static string Shipped { get; } = Path.Combine(AppContext.BaseDirectory, "corpus");

    /// <summary>A target's inputs, by name.</summary>
    /// <exception cref="InvalidDataException">There are none.</exception>
    public static IReadOnlyList<(string Name, byte[] Bytes)> Read(string corpus, FuzzTarget target)
    {
        string folder = Path.Combine(corpus, target.Name);
        List<(string, byte[])> inputs = !Directory.Exists(folder) ? []
            : [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file), File.ReadAllBytes(file)))];
        return inputs.Count > 0 ? inputs : throw new InvalidDataException($"the corpus {corpus} has no folder '{target.Name}' with inputs; make it: corpus DIR");
    }

    /// <summary>Writes the inputs that the targets begin with; files of other names stay.</summary>
    public static void Make(string corpus)
    {
        string package = Path.Combine(corpus, SmallModel.PackageName);
        SmallModel.Prepare(package);
        // The targets of a package's files take them from beside the program.
        if (Path.GetFullPath(package) != Path.GetFullPath(Path.Combine(Shipped, SmallModel.PackageName)))
        {
            Directory.CreateDirectory(Path.Combine(Shipped, SmallModel.PackageName));
            foreach (string file in Directory.GetFiles(package))
                File.Copy(file, Path.Combine(Shipped, SmallModel.PackageName, Path.GetFileName(file)), overwrite: true);
        }
        foreach (FuzzTarget target in Program.Targets)
        {
            string folder = Path.Combine(corpus, target.Name);
            Directory.CreateDirectory(folder);
            foreach ((string name, byte[] bytes) in target.Seeds())
            {
                if (!target.Run(bytes)) Console.WriteLine($"{target.Name}/{name} is refused");
                File.WriteAllBytes(Path.Combine(folder, name), bytes);
            }
        }
    }
}
