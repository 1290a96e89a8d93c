namespace EdgeML.Training.Data;

/// <summary>Writes samples as records of one label byte and the planes.</summary>
static class CifarWriter
{
    /// <summary>Writes the first samples of a source to a file, which appears under its name only when it is complete.</summary>
    /// <param name="source">Has bytes and labels.</param>
    /// <param name="path">Overwritten.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellation">Stops the writing; the unfinished file is removed.</param>
    /// <exception cref="ArgumentException">A count below 1, or a source without bytes or labels.</exception>
    public static void Write(ImageSource source, string path, long count, CancellationToken cancellation = default)
    {
        if (count < 1) throw new ArgumentException($"{count} samples, at least 1 is needed", nameof(count));
        if (!source.HasBytes || !source.HasLabels)
            throw new ArgumentException($"{source.Spec} has no bytes with labels to write", nameof(source));
        OutputFile.Write(path, file =>
        {
            var record = new byte[1 + source.Elements];
            for (long i = 0; i < count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                int label = source.Read(i, record.AsSpan(1));
                if (label is < 0 or > byte.MaxValue)
                    throw new InvalidDataException($"sample {i} has label {label}, which does not fit a byte");
                record[0] = (byte)label;
                file.Write(record);
            }
        });
    }
}
