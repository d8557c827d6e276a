using System.CommandLine;
using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Cli;

/// <summary><c>xt-notebooks convert</c>: the same notebook for the other host of C# notebooks.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var notebook = new Argument<string>("NOTEBOOK")
            { Description = "The notebook file (.ipynb); it is read, never written, unless --output names it." };
        var hosts = string.Join(" or ", NotebookHost.All.Select(host => host.Name));
        var to = new Option<NotebookHost>("--to")
        {
            Required = true,
            HelpName = "HOST",
            Description = $"Whose notebook it becomes: {hosts}.",
            CustomParser = result =>
            {
                var name = result.Tokens[0].Value;
                var host = NotebookHost.All.FirstOrDefault(each => each.Name == name);
                if (host is null)
                    result.AddError($"--to cannot be '{name}'; it is {hosts}.");
                return host;
            },
        };
        to.CompletionSources.Add([.. NotebookHost.All.Select(host => host.Name)]);
        var output = new Option<string?>("--output", "-o")
            { HelpName = "FILE.ipynb", Description = "Where it is written; NAME.HOST.ipynb beside the notebook if not given." };
        var command = new Command(
            "convert", "Write a notebook for another host of C# notebooks: other kernel names, the same cells.") { notebook, to, output };
        command.SetAction((parsed, _) =>
        {
            var source = parsed.GetRequiredValue(notebook);
            var host = parsed.GetRequiredValue(to);
            var target = parsed.GetValue(output)
                ?? Path.Combine(Path.GetDirectoryName(source) ?? "", $"{Path.GetFileNameWithoutExtension(source)}.{host.Name}.ipynb");
            var document = NotebookDocument.Read(source);
            NotebookLanguage.RequireCSharp(document, source);
            host.Adopt(document);
            AtomicFile.Probe(target, $"--output '{target}'");
            AtomicFile.Write(target, document.ToJson());
            parsed.InvocationConfiguration.Output.WriteLine($"Notebook for {host.Name}: {target}");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}
