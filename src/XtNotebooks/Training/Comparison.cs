using TorchSharp;
using XtNotebooks.Data;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>Models that began with the same weights, saw the same batches, and learned under different losses.</summary>
/// <typeparam name="TModel">The models' type.</typeparam>
public sealed class ComparedModels<TModel> : IDisposable where TModel : nn.Module
{
    internal ComparedModels(TrainingComparison comparison, IReadOnlyDictionary<string, TModel> models) => (Comparison, Models) = (comparison, models);

    /// <summary>The numbers; they outlive the models.</summary>
    public TrainingComparison Comparison { get; }

    /// <summary>The trained models by their setting's name.</summary>
    public IReadOnlyDictionary<string, TModel> Models { get; }

    /// <summary>The run of a setting.</summary>
    public TrainingRun this[string setting] => Comparison[setting];

    /// <summary>Frees the models.</summary>
    public void Dispose()
    {
        foreach (var model in Models.Values)
            model.Dispose();
    }
}

internal static class Comparison
{
    public static ComparedModels<TModel> Of<TModel>(
        Func<TModel> create, IEnumerable<PaddedBatch> batches, IReadOnlyList<LossSetting> settings, int steps,
        TrainerOptions options, CancellationToken cancellationToken) where TModel : nn.Module<Tensor, Tensor>
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Of(create, batches, [.. settings.Select(setting => setting.Name)],
            (i, model, shared) => new Trainer(TrainedModel.From(model), shared, settings[i], options), steps, options, cancellationToken);
    }

    /// <param name="create">Makes the model.</param>
    /// <param name="batches">Drawn once; padded batches that a sequence made are freed at the end.</param>
    /// <param name="names">One for each run.</param>
    /// <param name="trainer">From a run's number, its model and the batches to its trainer.</param>
    /// <param name="steps">Steps of each.</param>
    /// <param name="options">The same for all.</param>
    /// <param name="cancellationToken">Ends the run in progress.</param>
    public static ComparedModels<TModel> Of<TModel, TBatch>(
        Func<TModel> create, IEnumerable<TBatch> batches, IReadOnlyList<string> names, Func<int, TModel, List<TBatch>, Trainer> trainer, int steps,
        TrainerOptions options, CancellationToken cancellationToken) where TModel : nn.Module
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(batches);
        if (names.Distinct().Count() != names.Count)
            throw new ArgumentException("Two settings have the same name; rename one: setting with { Name = \"…\" }.");
        var owned = batches is not IReadOnlyCollection<TBatch>;
        var shared = new List<TBatch>();
        var runs = new List<TrainingRun>();
        var models = new Dictionary<string, TModel>();
        Dictionary<string, Tensor>? initial = null;
        try
        {
            foreach (var batch in batches.Take(steps * options.Accumulation))
            {
                shared.Add(batch);
                // Millions may have been asked for; the first run then says that it was cancelled before its first step.
                if (cancellationToken.IsCancellationRequested)
                    break;
            }
            for (var i = 0; i < names.Count; i++)
            {
                var model = create();
                initial = Begin(model, initial);
                models[names[i]] = model;
                using var run = trainer(i, model, shared);
                runs.Add(run.Train(steps, cancellationToken));
                if (cancellationToken.IsCancellationRequested)
                    break;
            }
            return new(new TrainingComparison(runs), models);
        }
        finally
        {
            foreach (var tensor in initial?.Values ?? Enumerable.Empty<Tensor>())
                tensor.Dispose();
            foreach (var batch in owned ? shared.OfType<PaddedBatch>() : [])
                batch.Dispose();
        }
    }

    // The first model's weights are kept; each later one gets them.
    private static Dictionary<string, Tensor> Begin(nn.Module model, Dictionary<string, Tensor>? initial)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        if (initial is null)
            return model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone().DetachFromDisposeScope());
        foreach (var (name, tensor) in model.state_dict())
        {
            if (!initial.TryGetValue(name, out var weight) || !weight.shape.SequenceEqual(tensor.shape))
                throw new ArgumentException($"The models to compare are not alike: {name} is not in the first one or of another shape; make them all the same way.");
            tensor.copy_(weight);
        }
        return initial;
    }
}
