namespace XtNotebooks.Transformers;

/// <summary>Puts modules into evaluation mode, and each submodule back into the mode it was in.</summary>
internal sealed class TrainingMode : IDisposable
{
    private readonly List<nn.Module> _training = [];

    public TrainingMode(params IEnumerable<nn.Module> modules)
    {
        foreach (var module in modules)
        {
            foreach (var part in module.modules().Prepend(module).Where(m => m.training)) _training.Add(part);
            module.eval();
        }
    }

    public void Dispose()
    {
        // Setting a module's mode sets its children's: those that were in evaluation mode go back to it.
        var wasTraining = _training.ToHashSet();
        foreach (var module in _training)
        {
            module.train();
            foreach (var part in module.modules().Where(m => !wasTraining.Contains(m))) part.eval();
        }
    }
}
