return EdgeML.Cli.CommandLine.CliApplication.Run(args);
