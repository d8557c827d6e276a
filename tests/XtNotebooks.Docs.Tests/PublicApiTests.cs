using System.Reflection;
using PublicApiGenerator;

namespace XtNotebooks.Docs.Tests;

/// <summary>The public face of each package is a file under review: a change of it is seen in a diff, not found out by users.</summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData("XtNotebooks")]
    [InlineData("XtNotebooks.Transformers")]
    [InlineData("XtNotebooks.Extensibility")]
    [InlineData("XtNotebooks.Kernel")]
    public void The_public_api_is_the_approved_one(string assembly)
    {
        var api = Assembly.Load(assembly).GeneratePublicApi(new ApiGeneratorOptions
        {
            IncludeAssemblyAttributes = false,
            // How the compiler writes a method is no part of its face.
            ExcludeAttributes =
            [
                "System.Runtime.CompilerServices.AsyncIteratorStateMachineAttribute",
                "System.Runtime.CompilerServices.AsyncStateMachineAttribute",
                "System.Runtime.CompilerServices.IteratorStateMachineAttribute",
                "System.Runtime.CompilerServices.CompilerGeneratedAttribute",
            ],
        });
        Repository.IsWritten($"tests/XtNotebooks.Docs.Tests/PublicApi/{assembly}.txt", api.ReplaceLineEndings("\n").TrimEnd() + "\n");
    }
}
