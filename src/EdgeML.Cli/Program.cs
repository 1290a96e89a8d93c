return EdgeML.Cli.Commands.CliApplication.Run(args);
