namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>One way to an answer: how it is computed, where the network is cut, and the exit that answers, from 1.</summary>
readonly record struct Way(string How, int Cut, int Exit);
