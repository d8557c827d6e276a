namespace XtNotebooks.Tests.Diagnostics;

/// <summary>An examination seeds torch's default random generator and puts it back: nothing else may draw from it meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class DefaultGenerator
{
    public const string Name = "the default random generator";
}
