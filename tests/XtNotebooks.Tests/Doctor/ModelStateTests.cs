using TorchSharp;
using TorchSharp.Modules;
using XtNotebooks.Diagnostics;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Diagnostics.Texts;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>What an examination leaves behind: nothing.</summary>
[Collection(DefaultGenerator.Name)]
public sealed class ModelStateTests
{
    private sealed record Patient(TinyModel Net, OptimizerHelper Optimizer) : IDisposable
    {
        public static Patient Of(Func<IEnumerable<Parameter>, OptimizerHelper> optimizer)
        {
            var net = new TinyModel(new() { Dropout = 0.2, CountsCalls = true, ZeroGate = true });
            var patient = new Patient(net, optimizer(net.parameters()));
            manual_seed(21);
            patient.Step([DoctorBatch.FromIds(Right())]);
            // A mixed mode, as with frozen layers, and a gradient that is not there.
            net.train();
            net.named_modules().First(m => m.name == "layers.0").module.eval();
            net.named_parameters().First(p => p.name == "output.bias").parameter.grad = null;
            return patient;
        }

        public void Step(IReadOnlyList<DoctorBatch> batches)
        {
            Net.train();
            Optimizer.zero_grad();
            foreach (var b in batches)
                (Shifted(Pad)(Net.Run(b), b.Inputs) / batches.Count).backward();
            Optimizer.step();
        }

        public DoctorOptions Options => new()
        {
            Module = Net,
            PadId = Pad,
            EosId = Eos,
            Loss = Shifted(Pad),
            Metric = (l, y) => Accuracy(Head(l), Tail(y), Tail(y).ne(Pad)),
            Optimizer = Optimizer,
            Step = Step,
            Untrained = true,
        };

        /// <summary>Every bit of it as text.</summary>
        public string Bits()
        {
            using var scope = NewDisposeScope();
            var parts = new List<string>();
            string Of(Tensor? t) => t is null ? "none" : Convert.ToHexString(t.detach().contiguous().bytes);
            foreach (var (name, parameter) in Net.named_parameters())
                parts.Add($"{name} {Of(parameter)} grad {Of(parameter.grad)} trains {parameter.requires_grad}");
            foreach (var (name, buffer) in Net.named_buffers())
                parts.Add($"{name} {Of(buffer)}");
            foreach (var (name, module) in Net.named_modules())
                parts.Add($"{name} {module.training}");
            using var state = new MemoryStream();
            using (var writer = new BinaryWriter(state, System.Text.Encoding.UTF8, leaveOpen: true))
                Optimizer.save_state_dict(writer);
            parts.Add($"training {Net.training}");
            parts.Add("optimizer " + Convert.ToHexString(state.ToArray()));
            parts.Add("generator " + Of(get_rng_state()));
            return string.Join("\n", parts);
        }

        public void Dispose()
        {
            Optimizer.Dispose();
            Net.Dispose();
        }
    }

    public static TheoryData<string> Optimizers => ["AdamW", "SGD", "SGD with momentum", "Adam with amsgrad", "RMSProp"];

    private static OptimizerHelper Make(string name, IEnumerable<Parameter> parameters) => name switch
    {
        "AdamW" => optim.AdamW(parameters, 1e-2),
        "SGD" => optim.SGD(parameters, 1e-1),
        "SGD with momentum" => optim.SGD(parameters, 1e-1, momentum: 0.9),
        "Adam with amsgrad" => optim.Adam(parameters, 1e-2, amsgrad: true),
        _ => optim.RMSProp(parameters, 1e-2),
    };

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Everything_is_as_before_to_the_bit_and_training_goes_on_as_if_nothing_had_been(string optimizer)
    {
        using var scope = NewDisposeScope();
        using var patient = Patient.Of(p => Make(optimizer, p));
        using var twin = Patient.Of(p => Make(optimizer, p));
        var before = patient.Bits();
        Assert.Equal(twin.Bits(), before);

        var report = Doctor.Examine(patient.Net.Run, DoctorBatch.FromIds(Right()), patient.Options);
        Assert.Contains(report.Findings, f => f.Check == "denominator");
        Assert.Equal(before, patient.Bits());

        foreach (var each in new[] { patient, twin })
        {
            manual_seed(5);
            each.Step([DoctorBatch.FromIds(Right())]);
        }
        Assert.Equal(twin.Bits(), patient.Bits());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    public void Everything_is_as_before_when_the_examination_is_cancelled(int call)
    {
        using var scope = NewDisposeScope();
        using var patient = Patient.Of(p => Make("AdamW", p));
        var before = patient.Bits();
        using var cancellation = new CancellationTokenSource();
        var calls = 0;
        Assert.Throws<OperationCanceledException>(() => Doctor.Examine(b =>
        {
            if (++calls == call)
                cancellation.Cancel();
            return patient.Net.Run(b);
        }, DoctorBatch.FromIds(Right()), patient.Options, cancellation.Token));
        Assert.Equal(before, patient.Bits());
    }

    [Fact]
    public void Everything_is_as_before_when_the_step_throws_after_it_has_moved_the_weights()
    {
        using var scope = NewDisposeScope();
        using var patient = Patient.Of(p => Make("AdamW", p));
        var before = patient.Bits();
        var report = Doctor.Examine(patient.Net.Run, DoctorBatch.FromIds(Right()), patient.Options with
        {
            Step = batches =>
            {
                patient.Step(batches);
                throw new InvalidOperationException("The scheduler is gone.");
            },
        });
        Assert.Contains("The scheduler is gone", report.Outcomes.Single(o => o.Check.Name == "denominator").Note, StringComparison.Ordinal);
        Assert.Equal(before, patient.Bits());
    }

    [Fact]
    public void A_step_that_freezes_layers_leaves_them_as_they_were()
    {
        using var scope = NewDisposeScope();
        using var patient = Patient.Of(p => Make("AdamW", p));
        patient.Net.named_parameters().First(p => p.name == "places.weight").parameter.requires_grad = false;
        var before = patient.Bits();
        Doctor.Examine(patient.Net.Run, DoctorBatch.FromIds(Right()), patient.Options with
        {
            Step = batches =>
            {
                patient.Step(batches);
                foreach (var (name, parameter) in patient.Net.named_parameters())
                    parameter.requires_grad = name.StartsWith("output", StringComparison.Ordinal);
            },
        });
        Assert.Equal(before, patient.Bits());
    }

    [Fact]
    public void A_cancellation_of_the_users_own_is_an_error_of_theirs()
    {
        using var scope = NewDisposeScope();
        using var patient = Patient.Of(p => Make("AdamW", p));
        var before = patient.Bits();
        var report = Doctor.Examine(patient.Net.Run, DoctorBatch.FromIds(Right()), patient.Options with
        {
            Metric = (_, _) => throw new OperationCanceledException("The metric's server timed out."),
        });
        Assert.Contains("timed out", report.Outcomes.Single(o => o.Check.Name == "metric-mask").Note, StringComparison.Ordinal);
        Assert.Equal(before, patient.Bits());
    }

    [Fact]
    public void Everything_is_as_before_when_the_examination_cannot_be_made()
    {
        using var scope = NewDisposeScope();
        using var patient = Patient.Of(p => Make("AdamW", p));
        var before = patient.Bits();
        Assert.Throws<DoctorException>(() => Doctor.Examine(b => patient.Net.Run(b).sum(-1), DoctorBatch.FromIds(Right()), patient.Options));
        Assert.Throws<DoctorException>(() => Doctor.Examine(_ => throw new InvalidOperationException("No."), DoctorBatch.FromIds(Right()), patient.Options));
        Assert.Equal(before, patient.Bits());
    }

    [Fact]
    public void No_tensor_of_an_examination_outlives_it()
    {
        using var scope = NewDisposeScope();
        using var patient = Patient.Of(p => Make("AdamW", p));
        var (batch, options) = (DoctorBatch.FromIds(Right()), patient.Options);
        Doctor.Examine(patient.Net.Run, batch, options);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Doctor.Examine(patient.Net.Run, batch, options);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
