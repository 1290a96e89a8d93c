using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml sign</c>: makes keys, signs packages, checks signatures.</summary>
sealed class SignCommand : CliCommand
{
    readonly Option<string?> _model = new("--model") { HelpName = "DIR", Description = "Model package to sign, or to check." };
    readonly Option<string?> _key = new("--key") { HelpName = "FILE", Description = "Private key (PEM, ECDSA on P-256) to sign with." };
    readonly Option<bool> _verify = new("--verify") { Description = "Check the signature of --model by the trusted keys." };
    readonly Option<string?> _newKey = SharedOptions.OutputFile(
        "--new-key", "FILE", "Make a private key, which only this user can read, and beside it the public key NAME.pub.pem.");
    readonly TrustSelection _trust = new();

    public SignCommand()
        : base("sign", "Sign a model package, so that programs with the public key refuse any other.",
            "edgeml sign --new-key key.pem", "edgeml sign --model engines/shapes-vgg --key key.pem",
            "edgeml sign --verify --model engines/shapes-vgg --trusted-key key.pub.pem")
    {
        AddOptions(_model, _key, _newKey, _verify);
        _trust.AddTo(this);
        Validators.Add(result =>
        {
            bool model = result.GetResult(_model) is not null, key = result.GetResult(_key) is not null;
            bool make = result.GetResult(_newKey) is not null, verify = result.GetResult(_verify) is not null;
            if (!(make ? !model && !key && !verify : model && key != verify))
                result.AddError("sign takes --model and --key, or --model and --verify, or --new-key");
        });
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_newKey) is { } path) Make(path);
        else if (parsed.GetValue(_verify)) Verify(parsed);
        else Sign(parsed.GetValue(_model)!, parsed.GetValue(_key)!);
        return Task.FromResult(0);
    }

    static void Make(string path)
    {
        string publicPath = Path.ChangeExtension(path, ".pub.pem");
        string id = PackageSigner.NewKey(path, publicPath);
        Terminal.Line($"key {id}");
        Terminal.Line($"private     {path}, keep it secret");
        Terminal.Line($"public      {publicPath}, for --trusted-key");
    }

    static void Sign(string folder, string key)
    {
        (string id, int files) = PackageSigner.Sign(folder, key);
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(key) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != 0)
            Console.Error.WriteLine($"edgeml: warning: other users can read {key}; chmod 600 {key}");
        Terminal.Line($"signed {folder} by key {id}, {files} files");
    }

    void Verify(ParseResult parsed)
    {
        TrustedKeys keys = _trust.Keys(parsed)
            ?? throw new ArgumentException($"--verify needs --trusted-key, or {TrustedKeys.Variable}");
        using ModelPackage package = ModelPackage.Open(parsed.GetValue(_model)!, keys);
        Terminal.Line($"{package.Folder} is signed by key {package.Signature!.KeyId}, and every file is as it was signed");
    }
}
