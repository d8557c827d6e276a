using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>Everything an examination could leave changed, and the way back to the bit.</summary>
/// <remarks>Weights, buffers, gradients (the tensors themselves), which parameters are frozen, training mode of every submodule, the optimizer's state, the default random
/// generator of the CPU. TorchSharp offers no way to read CUDA's generator: it is left seeded.</remarks>
internal sealed class ModelState : IDisposable
{
    private readonly List<(Tensor Live, Tensor Saved)> values = [];
    private readonly List<(Tensor Parameter, Tensor? Gradient, bool Trains)> gradients = [];
    private readonly List<(nn.Module Module, bool Training)> modes = [];
    private readonly OptimizerHelper? optimizer;
    private readonly Stream? optimizerState;
    private readonly Tensor generator;

    /// <summary>Saves the state. Tensors it makes belong to the caller's dispose scope, which must outlive it.</summary>
    public ModelState(nn.Module? module, optim.Optimizer? optimizer)
    {
        generator = get_rng_state();
        if (module is not null)
        {
            AddModes(module);
            foreach (var parameter in module.parameters())
            {
                values.Add((parameter, parameter.detach().clone()));
                gradients.Add((parameter, parameter.grad, parameter.requires_grad));
            }
            foreach (var buffer in module.buffers())
                values.Add((buffer, buffer.detach().clone()));
        }
        // What is outside the module but inside the optimizer moves in a step as well.
        foreach (var parameter in optimizer?.parameters().Where(p => !values.Any(v => v.Live.Handle == p.Handle)).ToList() ?? [])
        {
            values.Add((parameter, parameter.detach().clone()));
            gradients.Add((parameter, parameter.grad, parameter.requires_grad));
        }
        this.optimizer = optimizer as OptimizerHelper;
        if (this.optimizer is not null)
            optimizerState = Save(this.optimizer, values.Sum(v => v.Saved.numel() * v.Saved.element_size()));
        foreach (var (parameter, gradient, _) in gradients)
        {
            if (gradient is not null)
                parameter.grad = null;
        }
    }

    /// <summary>Whether an optimizer's state can be saved at all.</summary>
    public static bool CanSave(optim.Optimizer optimizer) => optimizer is OptimizerHelper;

    /// <summary>Puts the weights, the optimizer and the training mode back, and clears gradients, so that a check starts from the same place.</summary>
    public void Rewind()
    {
        using var scope = NewDisposeScope();
        using (no_grad())
        {
            foreach (var (live, saved) in values)
            {
                if (!SameBits(live, saved))
                    live.copy_(saved);
            }
        }
        foreach (var (parameter, _, trains) in gradients)
        {
            parameter.grad = null;
            Thaw(parameter, trains);
        }
        if (Stepped && optimizer is not null && optimizerState is not null)
            Load(optimizer, optimizerState);
        Stepped = false;
    }

    /// <summary>To be set before the user's step runs: the optimizer's state is then read back as well.</summary>
    public bool Stepped { get; set; }

    /// <summary>Whether a weight or a buffer differs from what was saved.</summary>
    public bool HasChanged()
    {
        using var scope = NewDisposeScope();
        return values.Any(v => !SameBits(v.Live, v.Saved) && !v.Live.isnan().any().item<bool>());
    }

    /// <summary>Puts everything back.</summary>
    public void Dispose()
    {
        try
        {
            Rewind();
        }
        finally
        {
            // Whatever one part says, the others are put back.
            foreach (var (parameter, gradient, trains) in gradients)
            {
                parameter.grad = gradient;
                Thaw(parameter, trains);
            }
            // Parents come before their children: train() reaches down, and a child's own mode wins afterwards.
            foreach (var (module, training) in modes)
            {
                if (module.training != training)
                    module.train(training);
            }
            set_rng_state(generator);
            optimizerState?.Dispose();
        }
    }

    /// <summary>Equal, and zeros of one sign; NaNs count as different, which costs a copy and nothing else.</summary>
    private static bool SameBits(Tensor a, Tensor b) => a.is_complex()
        ? SameBits(a.real, b.real) && SameBits(a.imag, b.imag)
        : a.eq(b).logical_and(a.signbit().eq(b.signbit())).all().item<bool>();

    /// <summary>A step of the user's may freeze layers.</summary>
    private static void Thaw(Tensor parameter, bool trains)
    {
        if (parameter.requires_grad != trains)
            parameter.requires_grad = trains;
    }

    private void AddModes(nn.Module module)
    {
        modes.Add((module, module.training));
        foreach (var child in module.children())
            AddModes(child);
    }

    /// <summary>Reads an optimizer's state back, on a thread of its own: TorchSharp makes new tensors here that belong to the dispose scope around the
    /// call, and they must outlive every scope of this thread.</summary>
    private static void Load(OptimizerHelper optimizer, Stream state)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                state.Position = 0;
                using var reader = new BinaryReader(state, System.Text.Encoding.UTF8, leaveOpen: true);
                optimizer.load_state_dict(reader);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
            throw new DoctorException($"The optimizer's state could not be put back: {failure.Message}", failure);
    }

    private static Stream Save(OptimizerHelper optimizer, long bytes)
    {
        // Adam keeps two numbers a weight; beyond 512 MB of weights that no longer fits an array.
        Stream stream = bytes < 512L << 20
            ? new MemoryStream()
            : new FileStream(Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 20, FileOptions.DeleteOnClose);
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        optimizer.save_state_dict(writer);
        return stream;
    }
}
